import type { Executor } from "./index.js";

/** What `src/component.js` exports as `executor`. */
export function component(executor: Executor): { describe(): string; run(task: object): object };
