import assert from "node:assert/strict";
import { test } from "node:test";
import { Denied, InvalidParams } from "hob-plugin";
import { World } from "hob-plugin/testing";
import plugin from "../src/executor.js";

const world = () =>
  new World()
    .file("src/main.rs", "fn main() {} // TODO: say hello\n\n// FIXME(ada): no | here\n")
    .file("page.html", "<!-- XXX drop this -->\n")
    .file("notes.md", "My todo list has no mark.\n");

/** As git answers for a line. */
const git = (days) => ({ args }) => {
  const path = args.at(-1);
  if (!(path in days)) return { stderr: `fatal: no such path '${path}' in HEAD\n`, code: 128 };
  return `0f1e 1 1 1\nauthor Ada\nauthor-time ${Date.parse(days[path]) / 1000}\n\tline\n`;
};

test("each is reported with its place and its words", () => {
  const here = world();
  const { summary, data } = here.run(plugin);
  assert.equal(summary, "3 open TODOs in 2 files");
  assert.deepEqual(data.notes, [
    { path: "page.html", line: 1, word: "XXX", text: "drop this" },
    { path: "src/main.rs", line: 1, word: "TODO", text: "say hello" },
    { path: "src/main.rs", line: 3, word: "FIXME", text: "no | here" },
  ]);
  assert.match(here.output, /## src\/main.rs\n\n- 1: \*\*TODO\*\* say hello\n/);
  assert.equal(here.artifacts["todos.md"].text, here.output);
  assert.equal(world().run(plugin, { glob: ["*.rs"], word: ["TODO"] }).data.total, 1);
  assert.equal(new World().run(plugin).summary, "No open TODOs");
});

test("with --blame the oldest come first, and what git does not know last", () => {
  const here = world().program("git", git({ "src/main.rs": "2024-02-03" }));
  const { data } = here.run(plugin, { blame: true });
  assert.deepEqual(data.notes.map(({ path, since, author }) => [path, since, author]), [
    ["src/main.rs", "2024-02-03", "Ada"],
    ["src/main.rs", "2024-02-03", "Ada"],
    ["page.html", undefined, undefined],
  ]);
  assert.match(here.output, /\| 2024-02-03 \| Ada \| `src\/main.rs:3` \| \*\*FIXME\*\* no \\\| here \|/);
  assert.equal(here.run(plugin, { blame: true, older_than: 30 }).data.total, 2);
});

test("git is needed for --blame only, and an age for nothing else", () => {
  assert.equal(world().deny("programs").run(plugin).data.total, 3);
  assert.throws(() => world().deny("programs").run(plugin, { blame: true }), Denied);
  assert.throws(() => world().run(plugin, { older_than: 3 }), InvalidParams);
});
