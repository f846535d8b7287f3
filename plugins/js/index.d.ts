// What an executor is made of, and what its task can do.

/** A JSON Schema whose values are of type `T`; `Given` is false where it may be left out without a default. */
export interface Schema<T, Given extends boolean = true> {
  readonly type?: string;
  readonly description?: string;
  readonly [keyword: string]: unknown;
  /** Types only: no such key is there. */
  readonly __value?: T;
  readonly __given?: Given;
}

/** How a parameter is typed on the command line, whether it may be left out, and any keyword of JSON Schema. */
export interface More<T> {
  /** Without an option's name: `hob dispatch NAME VALUE`. */
  positional?: boolean;
  /** All that follows `--`. */
  trailing?: boolean;
  /** One letter: `-n`. */
  short?: string;
  default?: T;
  optional?: boolean;
  [keyword: string]: unknown;
}

type Of<T, M> = M extends { optional: true } ? Schema<T, false> : Schema<T>;

export function string<M extends More<string>>(description: string, more?: M): Of<string, M>;
export function integer<M extends More<number>>(description: string, more?: M): Of<number, M>;
export function number<M extends More<number>>(description: string, more?: M): Of<number, M>;
/** A flag: `false` where it is not given. */
export function boolean(description: string, more?: More<boolean>): Schema<boolean>;
export function choice<const C extends string, M extends More<C>>(
  choices: readonly C[],
  description: string,
  more?: M,
): Of<C, M>;
/** Several of one kind: `list(string("A word"), "Words to look for")`. */
export function list<T, M extends More<T[]>>(items: Schema<T>, description: string, more?: M): Of<T[], M>;
/** Any JSON Schema. */
export function json<T = unknown, M extends More<T> = More<T>>(
  schema: object,
  description: string,
  more?: M,
): Of<T, M>;

type Properties = Record<string, Schema<any, boolean>>;
type Given<P> = { [K in keyof P as P[K] extends Schema<any, false> ? never : K]: P[K] extends Schema<infer T, any> ? T : never };
type Left<P> = { [K in keyof P as P[K] extends Schema<any, false> ? K : never]?: P[K] extends Schema<infer T, any> ? T : never };
/** The values of a set of parameters. */
export type Values<P> = Given<P> & Left<P>;

/** What a component needs, each with a reason in words for whoever grants it. */
export interface Asks {
  dirs?: { guest: string; mode?: "ro" | "rw"; reason: string }[];
  http?: { host: string; methods?: string[]; reason: string }[];
  programs?: { name: string; reason: string }[];
  env?: { name: string; reason: string }[];
  secrets?: { name: string; reason: string }[];
  state?: { reason: string };
}

export interface Success<Data = unknown> {
  /** One or a few lines for a person or a model. */
  summary: string;
  /** For programs, in the shape of `result`. */
  data?: Data;
}

export interface Definition<P extends Properties, S extends Properties, R extends Properties> {
  name: string;
  version: string;
  /** One line for `hob executors`. */
  summary: string;
  params?: P;
  /** What `[executors.NAME.settings]` may say. */
  settings?: S;
  /** The shape of `data`. */
  result?: R;
  /** Where the answer stands: in the summary, or in the output. */
  answer?: "summary" | "output";
  /** Whether an instance is kept for further tasks. */
  lifecycle?: "fresh" | "warm";
  asks?: Asks;
  /** Does the task; a text that it returns is a summary. It cannot be async: what waits, waits. */
  run(params: Values<P>, task: Task<Values<S>>): Success<Values<R>> | string;
}

export interface Executor {
  readonly name: string;
  readonly run: (params: any, task: Task<any>) => Success<any> | string;
}

export function executor<P extends Properties = {}, S extends Properties = {}, R extends Properties = Properties>(
  definition: Definition<P, S, R>,
): Executor;

type Content = string | Uint8Array;
/** For `task.wait`. */
export interface Waitable {
  ready(): boolean;
}
type Say = (message: unknown, fields?: Record<string, unknown>) => void;

export class Task<Settings = Record<string, unknown>> {
  readonly id: string;
  /** The name under which the configuration runs this component. */
  readonly executor: string;
  /** Counts from 1. */
  readonly attempt: number;
  readonly deadlineMs?: number;
  /** Where a granted folder holds the task's own: its path in here. */
  readonly workdir?: string;
  readonly settings: Settings;
  /** Facts of the engine: `cwd`, `shell`, `utc-offset`. */
  readonly meta: Record<string, string>;
  readonly log: Record<"trace" | "debug" | "info" | "warn" | "error", Say>;
  readonly state: State;

  /** Adds a line to the task's output. */
  print(line?: unknown): void;
  /** Adds text or bytes to the task's output, as they are. */
  write(content: Content): void;
  /** Says how far the task is: `fraction` is 0 to 1, or null where nobody knows. */
  progress(fraction: number | null, message: string): void;
  /** Whether the task was asked to stop. */
  readonly isCancelled: boolean;
  /** Throws `Cancelled` if the task was asked to stop. Call it in loops that compute; what waits does it itself. */
  check(): void;
  /** A file that stays with the task. With `content` it is written at once, else `finish()` the writer. */
  artifact(name: string, mediaType: string): Writer;
  artifact(name: string, mediaType: string, content: Content): void;

  /** The files below a granted folder (or one file), with `.gitignore` respected. Asks: `dirs`. */
  walk(root: string, options?: { globs?: string | string[]; hidden?: boolean }): Generator<File>;
  /** The text of one granted file. Asks: `dirs`. */
  readText(path: string): string;
  /** Lines below a granted folder that fit one of `patterns`; returns counts at its end. Asks: `dirs`. */
  grep(root: string, patterns: string | string[], options?: GrepOptions): Generator<Line, GrepStats>;

  /** Runs a granted program to its end. Which exit code is a failure, the caller decides. Asks: `programs`. */
  run(program: string, args?: unknown[], options?: RunOptions & { stdin?: Content; maxBytes?: number }): Ran;
  /** Starts a granted program: its streams are there while it runs. Asks: `programs`. */
  spawn(program: string, args?: unknown[], options?: RunOptions & { stdin?: "null" | "pipe" }): Child;

  /** Fetches from a granted host. A status that is no success is an answer, not an error. Asks: `http`. */
  fetch(url: string, options?: FetchOptions): Response;

  /** Waits until one of these is ready; gives the places of those that are, none after `timeoutMs`. */
  wait(on: Waitable[], timeoutMs?: number): number[];
}

export interface File {
  /** As the component sees it, such as `/project/src/a.js`. */
  readonly path: string;
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly text: string;
}

export interface GrepOptions {
  literal?: boolean;
  caseSensitivity?: "sensitive" | "insensitive" | "smart";
  wholeWords?: boolean;
  globs?: string | string[];
  hidden?: boolean;
  noIgnore?: boolean;
  before?: number;
  after?: number;
  maxHits?: number;
  maxHitsPerFile?: number;
  mode?: "lines" | "files";
}

export interface Line {
  /** From the root of the search. */
  path: string;
  number: number;
  column: number;
  kind: "hit" | "context";
  /** Places in the list of patterns. */
  patterns: number[];
  text: string;
}

export interface GrepStats {
  files_searched: number;
  files_with_hits: number;
  hits: number;
  truncated: boolean;
  errors: string[];
}

export interface RunOptions {
  env?: Record<string, string>;
  /** A path in a granted folder; the task's own folder where none is given. */
  cwd?: string;
  /** `task-output`: the host copies it to the task's output. */
  stdout?: "null" | "pipe" | "task-output";
  stderr?: "null" | "pipe" | "task-output";
}

export interface Ran {
  readonly code?: number;
  readonly signal?: number;
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly bytes: Uint8Array;
  readonly truncated: boolean;
  /** Itself if the exit code is 0; else throws `Failed` with the end of what it said. */
  expect(): Ran;
}

export interface Reader extends Iterable<Uint8Array> {
  readonly ready: Waitable;
  /** Up to `max` bytes; undefined at the end. */
  read(max?: number): Uint8Array | undefined;
  lines(): Generator<string>;
  bytes(): Uint8Array;
  text(): string;
}

export interface Writer {
  readonly ready: Waitable;
  write(content: Content): void;
  finish(): void;
}

export interface Child {
  readonly pid: number;
  readonly stdin?: Writer;
  readonly stdout?: Reader;
  readonly stderr?: Reader;
  readonly exited: Waitable;
  readonly status?: ExitStatus;
  wait(): ExitStatus;
  signal(name: "interrupt" | "terminate" | "kill"): void;
}

export type ExitStatus = { tag: "code" | "signal"; val: number } | { tag: "killed" };

export interface FetchOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: Content;
  timeoutMs?: number;
  maxRedirects?: number;
}

export interface Response {
  readonly status: number;
  readonly ok: boolean;
  /** The address after redirects. */
  readonly url: string;
  /** Names are in lower case. */
  readonly headers: Record<string, string>;
  readonly body: Reader;
  bytes(): Uint8Array;
  text(): string;
  json(): any;
}

/** What the executor keeps between tasks. Asks: `state`. */
export interface State {
  get(key: string): Uint8Array | undefined;
  getText(key: string): string | undefined;
  getJson(key: string): any;
  set(key: string, value: Content): void;
  setJson(key: string, value: unknown): void;
  delete(key: string): void;
  keys(prefix?: string): string[];
}

/** A capability was refused; the message is the host's own and ends with the lines that would allow it. */
export class Denied extends Error {}
/** The task was asked to stop. */
export class Cancelled extends Error {
  constructor(message?: string);
}
/** Anything else: what happened, to what, and what to do next. */
export class Failed extends Error {
  constructor(message: string, more?: { retryable?: boolean; retryAfterMs?: number; data?: unknown; kind?: string });
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly data?: unknown;
  /** The contract's own word, such as `not-found`. */
  readonly kind: string;
}
/** Parameters that do not fit together, each with its place: `{ "/top": "has to be less than /all" }`. */
export class InvalidParams extends Error {
  constructor(problems: Record<string, string>);
  readonly problems: [string, string][];
}
