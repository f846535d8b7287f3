// A world in memory for the unit tests of an executor: no component, no hob, only Node.js.

import { Cancelled, Denied, Failed, InvalidParams } from "./errors.js";
import { describe } from "./executor.js";
import { serve } from "./serve.js";

const encode = (content) => (typeof content === "string" ? new TextEncoder().encode(content) : content);
const decode = (bytes) => new TextDecoder().decode(bytes);
/** An error as the host throws it. */
const thrown = (payload) => Object.assign(new Error("refused"), { payload });

/**
 * What is there: files, programs, pages. An executor gets of it what it asks for in `asks`, as if all of that were
 * granted; `deny` takes something back.
 */
export class World {
  #files = new Map();
  #programs = new Map();
  #pages = new Map();
  #denied = new Set();
  #settings = {};
  #looks = Infinity;
  #asks = {};
  #name = "";
  #output = [];

  /** What the task said on the way: `{ fraction, message }`. */
  progress = [];
  /** What it logged: `{ level, message, fields }`. */
  log = [];
  /** The files that it left: name to `{ mediaType, bytes, text }`. */
  artifacts = {};
  /** What it keeps between tasks: key to bytes. */
  state = new Map();

  /** A file; a relative path is one of the task's folder, `/project`. */
  file(path, content) {
    this.#files.set(path.startsWith("/") ? path : `/project/${path}`, encode(content));
    return this;
  }

  /** A program: what it prints, `{ stdout, stderr, code }`, or a function of `{ args, stdin, env, cwd }` that gives either. */
  program(name, answer) {
    this.#programs.set(name, answer);
    return this;
  }

  /** A page of the web: its text, `{ status, headers, body }`, or a function of the request that gives either. */
  page(url, answer) {
    this.#pages.set(url, answer);
    return this;
  }

  /** `[executors.X.settings]` of the configuration. */
  settings(settings) {
    this.#settings = settings;
    return this;
  }

  /** Does not grant it: "dirs", "http", "programs" or "state". */
  deny(capability) {
    this.#denied.add(capability);
    return this;
  }

  /** The task is asked to stop after it has looked so many times whether it was. */
  cancelAfter(looks) {
    this.#looks = looks;
    return this;
  }

  /** What the task wrote to its output. */
  get output() {
    return decode(Uint8Array.from(this.#output.flatMap((bytes) => [...bytes])));
  }

  /** Runs the executor once; gives `{ summary, data }`, or throws Denied, Cancelled, InvalidParams or Failed. */
  run(executor, params = {}) {
    const { name, asks } = describe(executor);
    this.#asks = JSON.parse(JSON.stringify(asks ?? {}));
    this.#name = name;
    const raw = {
      id: "test",
      executor: name,
      params: JSON.stringify(params),
      settings: JSON.stringify(this.#settings),
      attempt: 1,
      workdir: "/project",
      meta: [["cwd", "/project"], ["utc-offset", "0"]],
    };
    try {
      const { summary, data } = serve(executor, this.#host()).run(raw);
      return { summary, data: data === undefined ? undefined : JSON.parse(data) };
    } catch (error) {
      throw fromTaskError(error);
    }
  }

  #host() {
    const waitable = { ready: () => true };
    const sink = (end = () => {}) => {
      const chunks = [];
      return { write: (bytes) => void chunks.push(...bytes), finish: () => end(Uint8Array.from(chunks)), ready: () => waitable };
    };
    return {
      context: {
        log: (level, message, fields) => void this.log.push({ level, message, fields: Object.fromEntries(fields) }),
        progress: (fraction, message) => void this.progress.push({ fraction, message }),
        output: () => ({ write: (bytes) => void this.#output.push(bytes.slice()), finish: () => {}, ready: () => waitable }),
        artifact: (name, mediaType) =>
          sink((bytes) => {
            this.artifacts[name] = { mediaType, bytes, text: decode(bytes) };
          }),
        isCancelled: () => this.#looks-- <= 0,
        cancelled: () => ({ ready: () => this.#looks <= 0 }),
      },
      io: { wait: (on) => on.map((_, place) => place) },
      files: { walk: (root, globs, hidden) => this.#walk(root, globs, hidden) },
      search: { grep: (root, query) => this.#grep(root, query) },
      state: this.#state(),
      process: {
        run: (command, stdin) => ({ ...this.#execute(command, stdin), truncated: false }),
        spawn: (command) => this.#spawn(command, sink, waitable),
      },
      http: { fetch: (request) => this.#fetch(request, waitable) },
    };
  }

  #may(capability, wanted, isAsked) {
    if (!isAsked) return `${this.#name} may not ${wanted}: its component does not ask for that`;
    if (this.#denied.has(capability)) return `${this.#name} may not ${wanted}: it is not granted`;
    return undefined;
  }

  /** The files below `root` that fit. */
  #below(root, globs, hidden) {
    const within = (folder, path) => path === folder || path.startsWith(`${folder.replace(/\/$/, "")}/`);
    const refusal = this.#may("dirs", `read ${root}`, (this.#asks.dirs ?? []).some(({ guest }) => within(guest, root)));
    if (refusal) throw thrown(refusal);
    const relative = (path) => (path === root ? path.split("/").pop() : path.slice(root.replace(/\/$/, "").length + 1));
    const shown = (path) => hidden || !relative(path).split("/").some((part) => part.startsWith("."));
    return [...this.#files]
      .filter(([path]) => within(root, path) && shown(path) && fits(relative(path), globs))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, bytes]) => ({ path, relative: relative(path), bytes }));
  }

  #walk(root, globs, hidden) {
    const files = this.#below(root, globs, hidden);
    // One at a time, so that a test sees what happens between two.
    return { next: () => files.splice(0, 1).map(({ path, bytes }) => ({ path, size: bytes.length, bytes })) };
  }

  #grep(root, { patterns, literal, caseSensitivity, wholeWords, globs, hidden, maxHits, mode }) {
    const regexes = patterns.map((pattern) => {
      const source = literal ? pattern.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : pattern;
      const insensitive = caseSensitivity === "insensitive" || (caseSensitivity === "smart" && !/\p{Lu}/u.test(pattern));
      return new RegExp(wholeWords ? `\\b(?:${source})\\b` : source, insensitive ? "iu" : "u");
    });
    const files = this.#below(root, globs, hidden);
    const lines = files.flatMap(({ relative: path, bytes }) => {
      const hits = decode(bytes).split("\n").flatMap((text, index) => {
        const found = regexes.flatMap((regex, place) => (regex.test(text) ? [place] : []));
        if (found.length === 0) return [];
        const column = Math.min(...found.map((place) => encode(text.slice(0, text.search(regexes[place]))).length)) + 1;
        return [{ path, number: index + 1, column, kind: "hit", patterns: found, text }];
      });
      if (mode === "lines" || hits.length === 0) return hits;
      return [{ ...hits[0], number: hits.length, column: 0, text: "" }];
    });
    const stats = { files_searched: files.length, files_with_hits: new Set(lines.map(({ path }) => path)).size };
    const hits = lines.slice(0, maxHits);
    return {
      next: (max) => hits.splice(0, max),
      stats: () => JSON.stringify({ ...stats, hits: lines.length, truncated: lines.length > maxHits, errors: [] }),
    };
  }

  #execute({ program, args, env, cwd }, stdin) {
    const isAsked = (this.#asks.programs ?? []).some(({ name }) => name === program || name === "*");
    const refusal = this.#may("programs", `start the program \`${program}\``, isAsked);
    if (refusal) throw thrown({ tag: "denied", val: refusal });
    const answer = this.#programs.get(program);
    if (answer === undefined) throw thrown({ tag: "not-found", val: program });
    const given = typeof answer === "function" ? answer({ args, stdin: decode(stdin), env: Object.fromEntries(env), cwd }) : answer;
    const { stdout = "", stderr = "", code = 0 } = typeof given === "string" ? { stdout: given } : given;
    return { status: { tag: "code", val: code }, stdout: encode(stdout), stderr: encode(stderr) };
  }

  /** A program that does its work when somebody asks for what it printed. */
  #spawn(command, sink, waitable) {
    let input = new Uint8Array(0);
    let ended;
    const end = () => (ended ??= this.#execute(command, input));
    const reader = (which) => {
      let unread;
      return {
        ready: () => waitable,
        read: (max) => {
          unread ??= end()[which];
          const bytes = unread.slice(0, max);
          unread = unread.slice(max);
          return bytes.length > 0 ? bytes : undefined;
        },
      };
    };
    if (command.stdin === "null") end();
    return {
      pid: () => 1,
      takeStdin: () => (command.stdin === "pipe" ? sink((bytes) => (input = bytes)) : undefined),
      takeStdout: () => (command.stdout === "pipe" ? reader("stdout") : undefined),
      takeStderr: () => (command.stderr === "pipe" ? reader("stderr") : undefined),
      exited: () => waitable,
      status: () => ended?.status,
      wait: () => end().status,
      signal: () => {},
    };
  }

  #fetch({ method, url, headers, body }, waitable) {
    const { hostname } = new URL(url);
    const allows = ({ host }) => host === "*" || host === hostname || (host.startsWith("*.") && hostname.endsWith(host.slice(1)));
    const refusal = this.#may("http", `send ${method} to ${url}`, (this.#asks.http ?? []).some(allows));
    if (refusal) throw thrown({ tag: "denied", val: refusal });
    const answer = this.#pages.get(url);
    if (answer === undefined) throw thrown({ tag: "failed", val: "there is no such page in this world" });
    const given =
      typeof answer === "function" ? answer({ method, url, headers: Object.fromEntries(headers), body: body && decode(body) }) : answer;
    const page = typeof given === "string" ? { body: given } : given;
    let unread = encode(page.body ?? "");
    const read = (max) => {
      const bytes = unread.slice(0, max);
      unread = unread.slice(max);
      return bytes.length > 0 ? bytes : undefined;
    };
    return { status: page.status ?? 200, url, headers: Object.entries(page.headers ?? {}), body: { read, ready: () => waitable } };
  }

  #state() {
    const allowed = (call) => (...args) => {
      const refusal = this.#may("state", "keep anything", this.#asks.state !== undefined);
      if (refusal) throw thrown(refusal);
      return call(...args);
    };
    return {
      get: allowed((key) => this.state.get(key)),
      set: allowed((key, value) => void this.state.set(key, value)),
      delete: allowed((key) => void this.state.delete(key)),
      keys: allowed((prefix) => [...this.state.keys()].filter((key) => key.startsWith(prefix)).sort()),
    };
  }
}

/** Globs as `.gitignore` has them: without a slash the name of a file anywhere, `!` leaves out. */
function fits(path, globs) {
  const matches = (glob) => {
    const anywhere = !glob.replace(/\/$/, "").includes("/");
    const parts = glob.replace(/^\//, "").split(/(\*\*\/|\*\*|\*|\?|\{[^}]*\})/);
    const source = parts.map((part) => {
      if (part === "**/") return "(?:.*/)?";
      if (part === "**") return ".*";
      if (part === "*") return "[^/]*";
      if (part === "?") return "[^/]";
      const escaped = (text) => text.replace(/[.+^$()|[\]\\{}*?]/g, "\\$&");
      return part.startsWith("{") ? `(?:${part.slice(1, -1).split(",").map(escaped).join("|")})` : escaped(part);
    });
    return new RegExp(`^${anywhere ? "(?:.*/)?" : ""}${source.join("")}$`, "u").test(path);
  };
  const wanted = globs.filter((glob) => !glob.startsWith("!"));
  const unwanted = globs.filter((glob) => glob.startsWith("!")).map((glob) => glob.slice(1));
  return (wanted.length === 0 || wanted.some(matches)) && !unwanted.some(matches);
}

function fromTaskError(error) {
  switch (error?.tag) {
    case "denied":
      return new Denied(error.val);
    case "cancelled":
      return new Cancelled();
    case "invalid-params":
      return new InvalidParams(Object.fromEntries(error.val));
    case "failed": {
      const { message, data, ...rest } = error.val;
      return new Failed(message, { ...rest, data: data === undefined ? undefined : JSON.parse(data) });
    }
    default:
      return error;
  }
}
