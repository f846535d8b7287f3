// What an executor is, and the JSON that hob gets to read of it.

/**
 * An executor: `name`, `version`, `summary`, `params` (and `settings`, `result`) and `run(params, task)`.
 * @see index.d.ts for all of its keys
 */
export function executor(definition) {
  for (const key of ["name", "version", "summary"]) {
    if (typeof definition[key] !== "string" || definition[key] === "") {
      throw new TypeError(`executor({ ${key} }) has to be a text`);
    }
  }
  if (typeof definition.run !== "function") throw new TypeError("executor({ run }) has to be a function");
  return Object.freeze({ params: {}, settings: {}, asks: {}, ...definition });
}

/** The JSON that the contract calls `describe`. */
export function describe({ name, version, summary, params, settings, result, answer, lifecycle, asks }) {
  const schemas = { params: object(params), settings: object(settings), result: result && object(result) };
  return { name, version, summary, ...schemas, answer, lifecycle, asks };
}

/** The schema of an object with exactly these properties; a whole schema is left as it is. */
function object(properties) {
  if (properties.type === "object") return properties;
  const required = Object.keys(properties).filter((key) => !properties[key][OPTIONAL] && !("default" in properties[key]));
  return { type: "object", properties, ...(required.length > 0 && { required }), additionalProperties: false };
}

/** What is not given, from the schema's defaults. */
export function withDefaults(properties, given) {
  const all = properties.type === "object" ? (properties.properties ?? {}) : properties;
  const defaults = Object.entries(all).filter(([, schema]) => "default" in schema);
  return { ...Object.fromEntries(defaults.map(([key, schema]) => [key, schema.default])), ...given };
}

// A symbol, so that it is not part of the JSON.
const OPTIONAL = Symbol("optional");

/**
 * The schema of one parameter. `positional`, `trailing` and `short` say how it is typed on the command line; with a
 * `default` or `optional: true` it may be left out; all else is JSON Schema.
 */
function parameter(type, description, { positional, trailing, short, optional, ...schema } = {}) {
  const typed = Object.entries({ positional, trailing, short }).filter(([, value]) => value !== undefined);
  return {
    ...type,
    description,
    ...schema,
    ...(typed.length > 0 && { "x-hob-cli": Object.fromEntries(typed) }),
    [OPTIONAL]: optional === true,
  };
}

export const string = (description, more) => parameter({ type: "string" }, description, more);
export const integer = (description, more) => parameter({ type: "integer" }, description, more);
export const number = (description, more) => parameter({ type: "number" }, description, more);
/** A flag: `false` where it is not given. */
export const boolean = (description, more) => parameter({ type: "boolean" }, description, { default: false, ...more });
export const choice = (choices, description, more) => parameter({ type: "string", enum: choices }, description, more);
/** Several of one kind: `list(string("A word"), "Words to look for")`. */
export const list = (items, description, more) => parameter({ type: "array", items }, description, more);
/** Any JSON Schema. */
export const json = (schema, description, more) => parameter(schema, description, more);
