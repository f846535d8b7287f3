import assert from "node:assert/strict";
import { test } from "node:test";
import { Cancelled, Denied } from "hob-plugin";
import { World } from "hob-plugin/testing";
import plugin from "../src/executor.js";

const world = () => new World().file("a.md", "one two two").file("b.md", "two three").file("c.txt", "four");

test("it counts the words of the files that are asked for", () => {
  const here = world();
  const { summary, data } = here.run(plugin, { glob: "*.md", top: 1 });
  assert.equal(summary, "5 words in 2 files");
  assert.deepEqual(data, { files: 2, words: 5 });
  assert.equal(here.output, "3 two\n");
});

test("it stops when it is asked to", () => {
  assert.throws(() => world().cancelAfter(2).run(plugin), Cancelled);
});

test("it passes a denial on", () => {
  assert.throws(() => world().deny("dirs").run(plugin), Denied);
});
