// Parameters against their schema. hob does that before a task begins, with all of JSON Schema; this is for whoever
// calls the component otherwise, and for unit tests: types, names, choices and bounds.

const TYPES = {
  string: (value) => typeof value === "string",
  integer: Number.isInteger,
  number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  array: Array.isArray,
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  null: (value) => value === null,
};

/** What does not fit: JSON pointers and messages. */
export function misfits(schema, value, place = "") {
  const { type, enum: choices, minimum, maximum, minLength, maxLength, pattern, minItems, maxItems } = schema;
  const problem = (text) => [[place, text]];
  const types = type === undefined ? [] : [type].flat();
  if (types.length > 0 && !types.some((name) => TYPES[name]?.(value))) return problem(`it has to be of type ${types.join(" or ")}`);
  if (choices && !choices.includes(value)) return problem(`it has to be one of ${choices.join(", ")}`);
  if (value < minimum) return problem(`it has to be ${minimum} at least`);
  if (value > maximum) return problem(`it has to be ${maximum} at most`);
  if (value?.length < (minLength ?? minItems)) return problem(`it has to have ${minLength ?? minItems} at least`);
  if (value?.length > (maxLength ?? maxItems)) return problem(`it may have ${maxLength ?? maxItems} at most`);
  if (pattern && typeof value === "string" && !new RegExp(pattern, "u").test(value)) return problem(`it has to fit ${pattern}`);
  if (Array.isArray(value)) return value.flatMap((one, index) => misfits(schema.items ?? {}, one, `${place}/${index}`));
  if (!TYPES.object(value)) return [];
  const { properties = {}, required = [], additionalProperties } = schema;
  const missing = required.filter((key) => !(key in value)).map((key) => [`${place}/${key}`, "it is missing"]);
  const own = Object.entries(value).flatMap(([key, one]) => {
    const inner = `${place}/${key}`;
    if (Object.hasOwn(properties, key)) return misfits(properties[key], one, inner);
    return additionalProperties === false ? [[inner, "there is no such parameter"]] : [];
  });
  return [...missing, ...own];
}
