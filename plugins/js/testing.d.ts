import type { Executor, Success } from "./index.js";

type Content = string | Uint8Array;
type Printed = Content | { stdout?: Content; stderr?: Content; code?: number };
type Page = Content | { status?: number; headers?: Record<string, string>; body?: Content };

/**
 * What is there: files, programs, pages. An executor gets of it what it asks for in `asks`, as if all of that were
 * granted; `deny` takes something back.
 */
export class World {
  /** A file; a relative path is one of the task's folder, `/project`. */
  file(path: string, content: Content): this;
  /** A program: what it prints, or a function that gives it. */
  program(
    name: string,
    answer: Printed | ((call: { args: string[]; stdin: string; env: Record<string, string>; cwd?: string }) => Printed),
  ): this;
  /** A page of the web, or a function that gives it. */
  page(
    url: string,
    answer: Page | ((request: { method: string; url: string; headers: Record<string, string>; body?: string }) => Page),
  ): this;
  /** `[executors.X.settings]` of the configuration. */
  settings(settings: Record<string, unknown>): this;
  /** Does not grant it. */
  deny(capability: "dirs" | "http" | "programs" | "state"): this;
  /** The task is asked to stop after it has looked so many times whether it was. */
  cancelAfter(looks: number): this;
  /** Runs the executor once; throws Denied, Cancelled, InvalidParams or Failed. */
  run(executor: Executor, params?: Record<string, unknown>): Success<any>;
  /** What the task wrote to its output. */
  readonly output: string;
  readonly progress: { fraction?: number; message: string }[];
  readonly log: { level: string; message: string; fields: Record<string, string> }[];
  readonly artifacts: Record<string, { mediaType: string; bytes: Uint8Array; text: string }>;
  readonly state: Map<string, Uint8Array>;
}
