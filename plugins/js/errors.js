// The ways in which a task ends without a result. Throw them, or let those that the task's functions throw pass.

/** A capability was refused; the message is the host's own and ends with the lines that would allow it. */
export class Denied extends Error {
  name = "Denied";
}

/** The task was asked to stop. */
export class Cancelled extends Error {
  name = "Cancelled";
  constructor(message = "the task was asked to stop") {
    super(message);
  }
}

/** Anything else: what happened, to what, and what to do next. */
export class Failed extends Error {
  name = "Failed";
  constructor(message, { retryable = false, retryAfterMs, data, kind = "failed" } = {}) {
    super(message);
    Object.assign(this, { retryable, retryAfterMs, data, kind });
  }
}

/** Parameters that do not fit together, each with its place: `{ "/top": "has to be less than /all" }`. */
export class InvalidParams extends Error {
  name = "InvalidParams";
  constructor(problems) {
    const list = Object.entries(problems);
    super(list.map(([place, problem]) => `${place}: ${problem}`).join("; "));
    this.problems = list;
  }
}

/**
 * Calls a function of the host and makes its refusal one of the errors above. `about` is what was asked of it, for
 * the message; `executor` is the name with which every denial begins where the host has only a text to say.
 */
export function asked(about, executor, call) {
  try {
    return call();
  } catch (thrown) {
    if (thrown instanceof Error && !("payload" in thrown)) throw thrown;
    throw refusal(about, executor, thrown instanceof Error ? thrown.payload : thrown);
  }
}

function refusal(about, executor, payload) {
  if (typeof payload === "string") {
    return payload.startsWith(`${executor} may not `) ? new Denied(payload) : new Failed(`${about}: ${payload}`);
  }
  const { tag: kind, val } = payload ?? {};
  switch (kind) {
    case "denied":
      return new Denied(val);
    case "cancelled":
      return new Cancelled();
    case "timeout":
      return new Failed(`${about}: no answer in time`, { kind, retryable: true });
    case "too-large":
      return new Failed(`${about}: the answer is larger than the limit \`http_body\``, { kind });
    case "closed":
      return new Failed(`${about}: the other side is gone`, { kind });
    default:
      return new Failed(`${about}: ${val ?? JSON.stringify(payload)}`, { kind });
  }
}

/** What the contract calls `task-error`. */
export function taskError(error) {
  if (error instanceof Denied) return { tag: "denied", val: error.message };
  if (error instanceof Cancelled) return { tag: "cancelled" };
  if (error instanceof InvalidParams) return { tag: "invalid-params", val: error.problems };
  const { retryable = false, retryAfterMs, data } = error instanceof Failed ? error : {};
  const message = error instanceof Failed ? error.message : unexpected(error);
  return {
    tag: "failed",
    val: { message, retryable, retryAfterMs, data: data === undefined ? undefined : JSON.stringify(data) },
  };
}

/** An error that nobody meant: with the place in the source. */
function unexpected(error) {
  if (!(error instanceof Error)) return `threw ${JSON.stringify(error) ?? String(error)}`;
  return `${error.name}: ${error.message}\n${error.stack ?? ""}`.trimEnd();
}
