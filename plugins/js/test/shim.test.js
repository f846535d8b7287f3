// The shim beside what Node.js has.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Utf8Decoder, Utf8Encoder, console as lines } from "../shim.js";

/** The same numbers every time. */
function* numbers(seed) {
  for (;;) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    yield seed;
  }
}

test("bytes become what they become in Node.js, whole and in pieces", () => {
  const random = numbers(7);
  const next = (below) => random.next().value % below;
  const text = "aé€😀\0ÿ\u{10ffff}";
  for (let round = 0; round < 2000; round++) {
    const bytes = new Uint8Array(next(24));
    const valid = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; at++) bytes[at] = round % 2 ? next(256) : valid[(at + next(3)) % valid.length];
    const expected = new TextDecoder().decode(bytes);
    assert.equal(new Utf8Decoder().decode(bytes), expected, String(bytes));
    const pieces = new Utf8Decoder();
    let joined = "";
    for (let at = 0; at < bytes.length; ) {
      const length = 1 + next(3);
      joined += pieces.decode(bytes.subarray(at, at + length), { stream: true });
      at += length;
    }
    assert.equal(joined + pieces.decode(), expected, String(bytes));
  }
  const long = "aé€😀".repeat(20000);
  assert.equal(new Utf8Decoder().decode(new TextEncoder().encode(long)), long);
  assert.throws(() => new Utf8Decoder("utf-8", { fatal: true }).decode(new Uint8Array([0xff])), TypeError);
});

test("text becomes the bytes that it becomes in Node.js", () => {
  for (const text of ["", "a", "é€😀", "\ud800", "x\udc00y", "\u{10ffff}".repeat(3)]) {
    assert.deepEqual(new Utf8Encoder().encode(text), new TextEncoder().encode(text), JSON.stringify(text));
  }
});

test("what is printed is output, what is said of the work is log", () => {
  const said = [];
  const console = lines((line) => said.push(line), (level, line) => said.push(`${level}: ${line}`));
  console.log("a", 1, { b: [2] });
  console.warn("careful");
  console.assert(false, "no");
  assert.deepEqual(said, ['a 1 {"b":[2]}', "warn: careful", "error: Assertion failed: no"]);
});
