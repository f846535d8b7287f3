// What an executor's `run` is given: the task, and all that it can do on this machine.

import { Cancelled, Failed, asked } from "./errors.js";

/** Bytes of one read. 64 KiB: what a pipe holds. */
const CHUNK = 65536;
/** Bytes of files that one call brings. 4 MiB: hundreds of sources, and little beside a component's memory. */
const BATCH = 4 << 20;
/** Lines of hits that one call brings. */
const HITS = 1000;
/** Bytes kept of each stream of a program, where it is not said. 1 MiB: more than one reads. */
const KEPT = 1 << 20;
/** Redirects that are followed, where it is not said. 10: what browsers have half of. */
const REDIRECTS = 10;

const bytesOf = (content) => (typeof content === "string" ? new TextEncoder().encode(content) : content);
const textOf = (bytes) => new TextDecoder().decode(bytes);
/** What one engine gives as an array and another as bytes. */
const asBytes = (value) => (value instanceof Uint8Array ? value : Uint8Array.from(value ?? []));
const listOf = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

/** @see index.d.ts for what each function takes and gives */
export class Task {
  #host;
  #output;

  constructor(host, task) {
    this.#host = host;
    this.id = task.id;
    this.executor = task.executor;
    this.attempt = task.attempt;
    this.deadlineMs = task.deadlineMs ?? undefined;
    this.workdir = task.workdir ?? undefined;
    this.settings = JSON.parse(task.settings || "{}");
    this.meta = Object.fromEntries(task.meta);
    const level = (name) => (message, fields = {}) =>
      host.context.log(name, String(message), Object.entries(fields).map(([key, value]) => [key, String(value)]));
    this.log = Object.fromEntries(["trace", "debug", "info", "warn", "error"].map((name) => [name, level(name)]));
    this.state = new State(host, task.executor);
  }

  // The way of the task

  /** Adds a line to the task's output. */
  print(line = "") {
    this.write(`${line}\n`);
  }

  /** Adds text or bytes to the task's output, as they are. */
  write(content) {
    this.#output ??= new Writer(this.#host.context.output(), "write the task's output", this.executor);
    this.#output.write(content);
  }

  /** Says how far the task is: `fraction` is 0 to 1, or null where nobody knows. */
  progress(fraction, message) {
    this.#host.context.progress(fraction ?? undefined, String(message));
  }

  /** Whether the task was asked to stop. */
  get isCancelled() {
    return this.#host.context.isCancelled();
  }

  /** Throws `Cancelled` if the task was asked to stop. Call it in loops that compute; what waits does it itself. */
  check() {
    if (this.isCancelled) throw new Cancelled();
  }

  /** A file that stays with the task. With `content` it is written at once, else `finish()` the writer. */
  artifact(name, mediaType, content) {
    const about = `write the artifact ${name}`;
    const writer = new Writer(this.#ask(about, () => this.#host.context.artifact(name, mediaType)), about, this.executor);
    if (content === undefined) return writer;
    writer.write(content);
    writer.finish();
    return undefined;
  }

  // Files

  /** The files below a granted folder (or one file), with `.gitignore` respected; each has `path` and its content. */
  *walk(root, { globs, hidden = false } = {}) {
    const about = `read ${root}`;
    const walker = this.#ask(about, () => this.#host.files.walk(root, listOf(globs), hidden));
    for (;;) {
      this.check();
      const files = walker.next(BATCH);
      for (const file of files) yield new File(file);
      if (files.length === 0) break;
    }
    // A walk that was cancelled ends like one that is done.
    this.check();
  }

  /** The text of one granted file. */
  readText(path) {
    for (const file of this.walk(path, { hidden: true })) return file.text;
    throw new Failed(`read ${path}: there is no such file, or it is larger than 16 MiB`, { kind: "not-found" });
  }

  /** Lines below a granted folder that fit one of `patterns`; the host searches, on all cores. */
  *grep(root, patterns, options = {}) {
    const { literal = false, caseSensitivity = "smart", wholeWords = false, globs, hidden = false, noIgnore = false } = options;
    const { before = 0, after = 0, maxHits = 10000, maxHitsPerFile = 1000, mode = "lines" } = options;
    const query = {
      patterns: listOf(patterns),
      literal,
      caseSensitivity,
      wholeWords,
      globs: listOf(globs),
      hidden,
      noIgnore,
      contextBefore: before,
      contextAfter: after,
      maxHits,
      maxHitsPerFile,
      mode,
    };
    const about = `search ${root}`;
    const hits = this.#ask(about, () => this.#host.search.grep(root, query));
    for (;;) {
      this.check();
      const lines = this.#ask(about, () => hits.next(HITS));
      yield* lines;
      if (lines.length === 0) break;
    }
    this.check();
    return JSON.parse(hits.stats());
  }

  // Programs

  /** Runs a granted program to its end and gives what it printed. Which exit code is a failure, the caller decides. */
  run(program, args = [], { stdin, maxBytes = KEPT, ...options } = {}) {
    const command = this.#command(program, args, { ...options, stdin: stdin === undefined ? "null" : "pipe" });
    const input = stdin === undefined ? new Uint8Array(0) : bytesOf(stdin);
    const output = this.#ask(`run ${program}`, () => this.#host.process.run(command, input, maxBytes));
    this.check();
    return new Ran(program, output);
  }

  /** Starts a granted program: its streams are there while it runs. */
  spawn(program, args = [], { stdin = "null", ...options } = {}) {
    const command = this.#command(program, args, { ...options, stdin });
    const about = `run ${program}`;
    return new Child(this.#ask(about, () => this.#host.process.spawn(command)), program, this.executor);
  }

  #command(program, args, { env = {}, cwd, stdin, stdout = "pipe", stderr = "pipe" }) {
    return { program, args: args.map(String), env: Object.entries(env), cwd, stdin, stdout, stderr };
  }

  // The web

  /** Fetches from a granted host. A status that is no success is an answer, not an error: look at `ok`. */
  fetch(url, { method = "GET", headers = {}, body, timeoutMs, maxRedirects = REDIRECTS } = {}) {
    const request = {
      method,
      url,
      headers: Object.entries(headers),
      body: body === undefined ? undefined : bytesOf(body),
      timeoutMs,
      maxRedirects,
    };
    const about = `${method} ${url}`;
    return new Response(this.#ask(about, () => this.#host.http.fetch(request)), about, this.executor);
  }

  // Waiting

  /**
   * Waits until one of these (`child.exited`, `child.stdout.ready`, …) is ready; gives the places of those that are,
   * none after `timeoutMs`.
   */
  wait(on, timeoutMs) {
    return [...this.#ask("wait", () => this.#host.io.wait(on, timeoutMs))];
  }

  #ask(about, call) {
    return asked(about, this.executor, call);
  }
}

/** A file of `walk`. */
class File {
  constructor({ path, size, bytes }) {
    Object.assign(this, { path, size, bytes: asBytes(bytes) });
  }

  /** Its content as text; bytes that are not valid UTF-8 are replaced. */
  get text() {
    return textOf(this.bytes);
  }
}

/** What a program left that was run to its end. */
class Ran {
  constructor(program, { status, stdout, stderr, truncated }) {
    const { tag, val } = status;
    Object.assign(this, { program, truncated, bytes: asBytes(stdout), errorBytes: asBytes(stderr) });
    this.code = tag === "code" ? val : undefined;
    this.signal = tag === "signal" ? val : undefined;
    this.ok = this.code === 0;
  }

  get stdout() {
    return textOf(this.bytes);
  }

  get stderr() {
    return textOf(this.errorBytes);
  }

  /** Itself if the exit code is 0; else throws `Failed` with the end of what it said. */
  expect() {
    if (this.ok) return this;
    const how = this.code === undefined ? (this.signal ? `was ended by signal ${this.signal}` : "was ended") : `exited with ${this.code}`;
    const said = (this.stderr || this.stdout).trim().slice(-500);
    throw new Failed(`${this.program} ${how}${said && `: ${said}`}`, { data: { exit_code: this.code, signal: this.signal } });
  }
}

/** A program that runs. */
class Child {
  #child;

  constructor(child, program, executor) {
    this.#child = child;
    this.pid = child.pid();
    const stream = (kind, inner, what) => (inner ? new kind(inner, `${what} ${program}`, executor) : undefined);
    this.stdin = stream(Writer, child.takeStdin(), "write to");
    this.stdout = stream(Reader, child.takeStdout(), "read from");
    this.stderr = stream(Reader, child.takeStderr(), "read from");
    this.about = `run ${program}`;
    this.executor = executor;
  }

  /** For `task.wait`: ready when it has ended. */
  get exited() {
    return this.#child.exited();
  }

  /** How it ended, undefined while it runs: `{ tag: "code" | "signal" | "killed", val }`. */
  get status() {
    return this.#child.status() ?? undefined;
  }

  /** Waits for its end. */
  wait() {
    return this.#child.wait();
  }

  /** `"interrupt"`, `"terminate"` or `"kill"`. */
  signal(name) {
    asked(this.about, this.executor, () => this.#child.signal(name));
  }

  /** Lets go of it, which ends it and all that it started. */
  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    this.#child[Symbol.dispose]?.();
  }
}

/** A stream to read: `for (const bytes of reader)`, `for (const line of reader.lines())`, or `reader.text()`. */
class Reader {
  #reader;

  constructor(reader, about, executor) {
    this.#reader = reader;
    Object.assign(this, { about, executor });
  }

  /** For `task.wait`: ready when a read would not wait. */
  get ready() {
    return this.#reader.ready();
  }

  /** Up to `max` bytes; undefined at the end. */
  read(max = CHUNK) {
    const bytes = asked(this.about, this.executor, () => this.#reader.read(max));
    return bytes === undefined || bytes === null ? undefined : asBytes(bytes);
  }

  *[Symbol.iterator]() {
    for (let bytes = this.read(); bytes !== undefined; bytes = this.read()) yield bytes;
  }

  /** Line by line, without the ends. */
  *lines() {
    const decoder = new TextDecoder();
    let rest = "";
    for (const bytes of this) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop();
      for (const line of lines) yield line.endsWith("\r") ? line.slice(0, -1) : line;
    }
    rest += decoder.decode();
    if (rest !== "") yield rest;
  }

  /** All of it. */
  bytes() {
    const chunks = [...this];
    const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  /** All of it, as text. */
  text() {
    return textOf(this.bytes());
  }
}

/** A stream to write. */
class Writer {
  #writer;

  constructor(writer, about, executor) {
    this.#writer = writer;
    Object.assign(this, { about, executor });
  }

  /** For `task.wait`: ready when a write would not wait. */
  get ready() {
    return this.#writer.ready();
  }

  /** Text or bytes; returns when the host has them. */
  write(content) {
    asked(this.about, this.executor, () => this.#writer.write(bytesOf(content)));
  }

  /** Ends the stream. An artifact that is not finished is none. */
  finish() {
    asked(this.about, this.executor, () => this.#writer.finish());
  }
}

/** An answer of the web. */
class Response {
  #body;

  constructor({ status, url, headers, body }, about, executor) {
    Object.assign(this, { status, url, ok: status >= 200 && status < 300 });
    this.headers = {};
    for (const [name, value] of headers) {
      const key = name.toLowerCase();
      this.headers[key] = key in this.headers ? `${this.headers[key]}, ${value}` : value;
    }
    this.#body = new Reader(body, about, executor);
  }

  /** The stream, for what is large: `for (const bytes of response.body)`. */
  get body() {
    return this.#body;
  }

  bytes() {
    return this.#body.bytes();
  }

  text() {
    return this.#body.text();
  }

  json() {
    return JSON.parse(this.text());
  }
}

/** What the executor keeps between tasks: a key has bytes, a text, or with `getJson` and `setJson` any value. */
class State {
  #host;
  #executor;

  constructor(host, executor) {
    this.#host = host.state;
    this.#executor = executor;
  }

  get(key) {
    const bytes = this.#ask(`read the state ${key}`, () => this.#host.get(key));
    return bytes === undefined || bytes === null ? undefined : asBytes(bytes);
  }

  getText(key) {
    const bytes = this.get(key);
    return bytes && textOf(bytes);
  }

  getJson(key) {
    const text = this.getText(key);
    return text === undefined ? undefined : JSON.parse(text);
  }

  set(key, value) {
    this.#ask(`keep the state ${key}`, () => this.#host.set(key, bytesOf(value)));
  }

  setJson(key, value) {
    this.set(key, JSON.stringify(value));
  }

  delete(key) {
    this.#ask(`remove the state ${key}`, () => this.#host.delete(key));
  }

  keys(prefix = "") {
    return this.#ask("list the state", () => this.#host.keys(prefix));
  }

  #ask(about, call) {
    return asked(about, this.#executor, call);
  }
}
