"""Parameters against their schema.

hob does that before a task begins, with all of JSON Schema; this is for whoever calls the component otherwise, and for
unit tests: types, names, choices and bounds.
"""

import re
from collections.abc import Mapping
from typing import Any

_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


def misfits(schema: Mapping[str, Any], value: Any, place: str = "") -> dict[str, str]:
    """What does not fit: JSON pointers and messages."""
    kind = schema.get("type")
    # True is an int to Python, and none to JSON.
    if kind and (not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return {place: f"it has to be of type {kind}"}
    if "enum" in schema and value not in schema["enum"]:
        return {place: f"it has to be one of {', '.join(map(str, schema['enum']))}"}
    if isinstance(value, (int, float)):
        if value < schema.get("minimum", value):
            return {place: f"it has to be {schema['minimum']} at least"}
        if value > schema.get("maximum", value):
            return {place: f"it has to be {schema['maximum']} at most"}
    if isinstance(value, (str, list)):
        least, most = ("minLength", "maxLength") if isinstance(value, str) else ("minItems", "maxItems")
        if len(value) < schema.get(least, 0):
            return {place: f"it has to have {schema[least]} at least"}
        if len(value) > schema.get(most, len(value)):
            return {place: f"it may have {schema[most]} at most"}
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        return {place: f"it has to fit {schema['pattern']}"}
    problems: dict[str, str] = {}
    if isinstance(value, list):
        for index, one in enumerate(value):
            problems |= misfits(schema.get("items", {}), one, f"{place}/{index}")
    elif isinstance(value, dict):
        problems |= {f"{place}/{key}": "it is missing" for key in schema.get("required", []) if key not in value}
        others = schema.get("additionalProperties", {})
        for key, one in value.items():
            inner = f"{place}/{key}"
            if key in schema.get("properties", {}):
                problems |= misfits(schema["properties"][key], one, inner)
            elif others is False:
                problems[inner] = "there is no such parameter"
            elif isinstance(others, Mapping):
                problems |= misfits(others, one, inner)
    return problems
