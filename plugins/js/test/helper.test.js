import assert from "node:assert/strict";
import { test } from "node:test";
import { Cancelled, Denied, Failed, InvalidParams, boolean, choice, executor, integer, list, string } from "../index.js";
import { describe } from "../executor.js";
import { World } from "../testing.js";

const asks = {
  dirs: [{ guest: "/project", reason: "to read" }],
  programs: [{ name: "tool", reason: "to run" }],
  http: [{ host: "*.example.org", reason: "to fetch" }],
  state: { reason: "to remember" },
};
/** An executor that does just this. */
const doing = (run, more = {}) => executor({ name: "it", version: "1", summary: "does", asks, run, ...more });

test("what it says of itself is JSON Schema", () => {
  const it = doing(() => "", {
    params: {
      word: string("A word", { positional: true, minLength: 1 }),
      all: boolean("All"),
      top: integer("How many", { short: "n", optional: true }),
      kind: choice(["a", "b"], "Which", { default: "a" }),
      more: list(string("A word"), "Words", { trailing: true, optional: true }),
    },
    result: { hits: integer("Hits") },
  });
  const described = JSON.parse(JSON.stringify(describe(it)));
  assert.deepEqual(described.params.required, ["word"]);
  assert.equal(described.params.additionalProperties, false);
  assert.deepEqual(described.params.properties.word, {
    type: "string",
    description: "A word",
    minLength: 1,
    "x-hob-cli": { positional: true },
  });
  assert.deepEqual(described.params.properties.top["x-hob-cli"], { short: "n" });
  assert.deepEqual(described.params.properties.kind.enum, ["a", "b"]);
  assert.deepEqual(described.params.properties.more.items, { type: "string", description: "A word" });
  assert.deepEqual(described.result.required, ["hits"]);
  assert.deepEqual(described.settings.properties, {});
  assert.deepEqual(described.asks, asks);
});

test("parameters have their defaults, and what does not fit is refused before the task begins", () => {
  const it = doing(({ top, all }) => `${top} ${all}`, { params: { top: integer("Top", { default: 5, minimum: 1 }), all: boolean("All") } });
  assert.equal(new World().run(it).summary, "5 false");
  assert.equal(new World().run(it, { top: 2, all: true }).summary, "2 true");
  for (const params of [{ top: 0 }, { top: "2" }, { other: 1 }]) {
    assert.throws(() => new World().run(it, params), InvalidParams);
  }
});

test("output, progress, log, artifacts and settings", () => {
  const world = new World().settings({ greeting: "hej" });
  const { data } = world.run(
    doing((_, task) => {
      task.print("a");
      task.write(new Uint8Array([98]));
      task.progress(0.5, "half");
      task.log.info("read", { file: "x", count: 1 });
      task.artifact("r.md", "text/markdown", "# R");
      return { summary: "done", data: { greeting: task.settings.greeting, cwd: task.meta.cwd } };
    }),
  );
  assert.equal(world.output, "a\nb");
  assert.deepEqual(world.progress, [{ fraction: 0.5, message: "half" }]);
  assert.deepEqual(world.log, [{ level: "info", message: "read", fields: { file: "x", count: "1" } }]);
  assert.equal(world.artifacts["r.md"].text, "# R");
  assert.deepEqual(data, { greeting: "hej", cwd: "/project" });
});

test("files are walked, read and searched by their globs", () => {
  const world = new World().file("a.md", "one\nTWO").file("sub/b.md", "two").file(".hidden.md", "two").file("c.txt", "two");
  const paths = (options) => world.run(doing((_, task) => [...task.walk("/project", options)].map(({ path }) => path).join(" "))).summary;
  assert.equal(paths({ globs: "*.md" }), "/project/a.md /project/sub/b.md");
  assert.equal(paths({ globs: ["*", "!*.md"] }), "/project/c.txt");
  assert.equal(paths({ globs: "sub/**" }), "/project/sub/b.md");
  assert.equal(paths({ globs: "*.{md,txt}", hidden: true }).split(" ").length, 4);
  assert.equal(world.run(doing((_, task) => task.readText("/project/sub/b.md"))).summary, "two");
  assert.throws(() => world.run(doing((_, task) => task.readText("/project/none"))), /no such file/);
  const lines = (patterns, options) =>
    world.run(doing((_, task) => [...task.grep("/project", patterns, options)].map((line) => `${line.path}:${line.number}`).join(" "))).summary;
  assert.equal(lines("two", { globs: "*.md" }), "a.md:2 sub/b.md:1");
  assert.equal(lines("TWO"), "a.md:2");
  assert.equal(lines(["on.", "two"], { globs: "a.md", literal: true }), "a.md:2");
});

test("programs are run, fed and read while they run", () => {
  const world = new World().program("tool", ({ args, stdin }) =>
    args[0] === "bad" ? { stderr: "no such thing\n", code: 3 } : `${args.join(",")}\n${stdin}`,
  );
  const run = (call) => world.run(doing((_, task) => String(call(task)))).summary;
  assert.equal(run((task) => task.run("tool", [1, "b"], { stdin: "in" }).expect().stdout), "1,b\nin");
  assert.equal(run((task) => task.run("tool", ["bad"]).code), "3");
  assert.throws(() => run((task) => task.run("tool", ["bad"]).expect()), /tool exited with 3: no such thing/);
  const streamed = run((task) => {
    const child = task.spawn("tool", ["a"], { stdin: "pipe" });
    child.stdin.write("x\ny");
    child.stdin.finish();
    return [...child.stdout.lines(), child.wait().val].join("|");
  });
  assert.equal(streamed, "a|x|y|0");
});

test("pages are fetched", () => {
  const world = new World().page("https://a.example.org/", { status: 404, headers: { "X-Kind": "none" }, body: '{"a":1}' });
  const { summary } = world.run(
    doing((_, task) => {
      const response = task.fetch("https://a.example.org/");
      return [response.status, response.ok, response.headers["x-kind"], response.json().a].join(" ");
    }),
  );
  assert.equal(summary, "404 false none 1");
});

test("what was kept is there for the next task", () => {
  const world = new World();
  const count = doing((_, { state }) => {
    const runs = (state.getJson("runs") ?? 0) + 1;
    state.setJson("runs", runs);
    return `${runs} ${state.keys()}`;
  });
  assert.equal(world.run(count).summary, "1 runs");
  assert.equal(world.run(count).summary, "2 runs");
});

test("a denial passes through, whatever was asked for", () => {
  const wanted = {
    dirs: (task) => [...task.walk("/project")],
    programs: (task) => task.run("tool"),
    http: (task) => task.fetch("https://a.example.org/"),
    state: (task) => task.state.get("a"),
  };
  for (const [capability, call] of Object.entries(wanted)) {
    assert.throws(() => new World().deny(capability).run(doing((_, task) => void call(task))), Denied, capability);
    assert.throws(() => new World().run(doing((_, task) => void call(task), { asks: {} })), Denied, capability);
  }
});

test("cancellation ends what waits, and failures keep what they say", () => {
  const world = new World().file("a", "").file("b", "");
  assert.throws(() => world.cancelAfter(1).run(doing((_, task) => void [...task.walk("/project")])), Cancelled);
  const failed = doing(() => {
    throw new Failed("not now", { retryable: true, retryAfterMs: 5, data: { a: 1 } });
  });
  assert.throws(() => new World().run(failed), { message: "not now", retryable: true, retryAfterMs: 5, data: { a: 1 } });
  const broken = doing(() => undefined.x);
  assert.throws(() => new World().run(broken), /TypeError: .*\n[^]*helper\.test\.js/);
  assert.throws(() => new World().run(doing(async () => "")), /cannot be async/);
});
