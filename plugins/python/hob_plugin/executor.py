"""What an executor is, and the JSON that hob gets to read of it."""

import dataclasses
import json
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from .task import Task

Data = TypeVar("Data")


class Param:
    """What is said of a parameter, in `Annotated[int, Param("How many", minimum=1)]`.

    `positional`, `trailing` and `short` say how it is typed on the command line; all else is JSON Schema. A text alone,
    `Annotated[int, "How many"]`, is a description. With a default value a parameter may be left out.
    """

    def __init__(
        self,
        description: str,
        *,
        positional: bool = False,
        trailing: bool = False,
        short: str | None = None,
        **schema: Any,
    ) -> None:
        typed = {"positional": positional, "trailing": trailing, "short": short}
        hints = {key: value for key, value in typed.items() if value}
        self.schema = {"description": description, **schema, **({"x-hob-cli": hints} if hints else {})}


@dataclass
class Success(Generic[Data]):
    """How a task ends well: one or a few lines for a person, and `data` for programs."""

    summary: str
    data: Data | None = None


class Executor:
    """An executor, as `@executor` makes it of a function."""

    def __init__(self, function: Callable[..., Any], about: dict[str, Any], settings: type | None) -> None:
        self.function = function
        self.about = about
        hints = get_type_hints(function, include_extras=True)
        names = list(hints)
        self.params = hints[names[0]] if names and names[0] != "return" else None
        if not dataclasses.is_dataclass(self.params):
            raise TypeError(f"{function.__name__}(params: Params, task: Task): Params has to be a dataclass")
        self.settings = settings
        result = get_args(hints.get("return"))
        self.data = result[0] if result and dataclasses.is_dataclass(result[0]) else None

    def describe(self) -> str:
        """The JSON that the contract calls `describe`."""
        described = {**self.about, "params": schema(self.params)}
        if self.settings is not None:
            described["settings"] = schema(self.settings)
        if self.data is not None:
            described["result"] = schema(self.data)
        return json.dumps(described, ensure_ascii=False)

    def run(self, params: Mapping[str, Any], task: "Task") -> Success[Any]:
        """Runs it once; a text that it returns is a summary."""
        if self.settings is not None:
            task.settings = typed(self.settings, task.settings)
        result = self.function(typed(self.params, params), task)
        if isinstance(result, str):
            return Success(result)
        if not isinstance(result, Success):
            raise TypeError(f"{self.function.__name__} has to return a str or Success, and returned {result!r}")
        return result


def executor(
    *,
    name: str,
    version: str,
    summary: str,
    asks: Mapping[str, Any] | None = None,
    settings: type | None = None,
    answer: Literal["summary", "output"] = "summary",
    lifecycle: Literal["fresh", "warm"] = "fresh",
) -> Callable[[Callable[..., Any]], Executor]:
    """Makes an executor of a function `(params: Params, task: Task) -> Success[Data]`.

    `Params` and `Data` are dataclasses: their schemas come from their types. `asks` is what it needs, each with a reason
    in words, as in `{"dirs": [{"guest": "/project", "mode": "ro", "reason": "it reads the folder you are in"}]}`; other
    keys are `http`, `programs`, `env`, `secrets` and `state`. `settings` is a dataclass too.
    """
    about = {
        "name": name,
        "version": version,
        "summary": summary,
        "answer": answer,
        "lifecycle": lifecycle,
        "asks": dict(asks or {}),
    }
    return lambda function: Executor(function, about, settings)


_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}


def schema(kind: Any) -> dict[str, Any]:
    """The JSON Schema of a type."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        extra = [Param(extra) if isinstance(extra, str) else extra for extra in args[1:]]
        described = [extra.schema for extra in extra if isinstance(extra, Param)]
        return {**schema(args[0]), **{key: value for one in described for key, value in one.items()}}
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    if origin is Literal:
        return {"type": _PLAIN.get(type(args[0]), "string"), "enum": list(args)}
    if origin in (list, tuple, set):
        return {"type": "array", "items": schema(args[0])}
    if origin in (Union, types.UnionType):
        some = [schema(arg) for arg in args if arg is not type(None)]
        return some[0] if len(some) == 1 else {"anyOf": some}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema(args[1])}
    if dataclasses.is_dataclass(kind):
        return _object(kind)
    if kind in (dict, Any):
        return {"type": "object"} if kind is dict else {}
    raise TypeError(f"there is no JSON Schema for {kind!r}: take str, int, float, bool, Literal, list, dict or a dataclass")


def _object(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    properties, required = {}, []
    for field in dataclasses.fields(kind):
        properties[field.name] = schema(hints[field.name])
        if field.default is not dataclasses.MISSING:
            default = field.default
        elif field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        else:
            required.append(field.name)
            continue
        if default is not None:
            properties[field.name]["default"] = plain(default)
    described: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**described, "required": required} if required else described


def typed(kind: Any, value: Any) -> Any:
    """A value of JSON as what the type says: objects as its dataclasses."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return typed(args[0], value)
    if dataclasses.is_dataclass(kind) and isinstance(value, Mapping):
        hints = get_type_hints(kind, include_extras=True)
        return kind(**{key: typed(hints[key], one) for key, one in value.items() if key in hints})
    if origin in (list, tuple, set) and isinstance(value, list):
        return origin(typed(args[0], one) for one in value)
    if origin is dict and isinstance(value, Mapping):
        return {key: typed(args[1], one) for key, one in value.items()}
    if origin in (Union, types.UnionType):
        some = [arg for arg in args if arg is not type(None)]
        return typed(some[0], value) if value is not None and len(some) == 1 else value
    if kind is float and isinstance(value, int):
        return float(value)
    return value


def plain(value: Any) -> Any:
    """A value as JSON has it; what is None by default and is still, is left out, as the schema has it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = [(field, getattr(value, field.name)) for field in dataclasses.fields(value)]
        return {field.name: plain(one) for field, one in pairs if one is not None or field.default is not None}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(one) for one in value]
    return value
