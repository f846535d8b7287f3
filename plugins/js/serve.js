// The two functions that the contract asks of a component.

import { misfits } from "./check.js";
import { InvalidParams, taskError } from "./errors.js";
import { describe, withDefaults } from "./executor.js";
import { Task } from "./task.js";

export function serve(executor, host) {
  return {
    describe: () => JSON.stringify(describe(executor)),
    run(raw) {
      try {
        const params = withDefaults(executor.params, JSON.parse(raw.params));
        const problems = misfits(describe(executor).params, params);
        if (problems.length > 0) throw new InvalidParams(Object.fromEntries(problems));
        const result = executor.run(params, new Task(host, raw));
        return success(executor, result);
      } catch (error) {
        throw taskError(error);
      }
    },
  };
}

/** A text is a summary; else there is `data` beside it. */
function success({ name }, result) {
  const { summary, data } = typeof result === "string" ? { summary: result } : (result ?? {});
  if (typeof summary !== "string") {
    const given = typeof result?.then === "function" ? "a promise; `run` cannot be async" : JSON.stringify(result);
    throw new TypeError(`run of ${name} has to return a text or { summary, data }, and returned ${given}`);
  }
  return { summary, data: data === undefined ? undefined : JSON.stringify(data) };
}
