"""The ways in which a task ends without a result. Raise them, or let those that the task's functions raise pass."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Denied(Exception):
    """A capability was refused; the text is the host's own and ends with the lines that would allow it."""


class Cancelled(Exception):
    """The task was asked to stop."""

    def __init__(self, message: str = "the task was asked to stop") -> None:
        super().__init__(message)


class Failed(Exception):
    """Anything else: what happened, to what, and what to do next."""

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        retry_after_ms: int | None = None,
        data: Any = None,
        kind: str = "failed",
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after_ms = retry_after_ms
        self.data = data
        self.kind = kind


class InvalidParams(Exception):
    """Parameters that do not fit together, each with its place: `{"/top": "has to be less than /all"}`."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("; ".join(f"{place}: {problem}" for place, problem in problems.items()))
        self.problems = problems


def asked(about: str, executor: str, call: Callable[[], T]) -> T:
    """Calls a function of the host and makes its refusal one of the errors above.

    `about` is what was asked of it, for the message; `executor` is the name with which every denial begins where the
    host has only a text to say.
    """
    try:
        return call()
    except Exception as error:
        # `Err` is a class of the bindings, which are there in a component only.
        if type(error).__name__ != "Err":
            raise
        raise _refusal(about, executor, error.value) from None  # type: ignore[attr-defined]


def _refusal(about: str, executor: str, value: Any) -> Exception:
    if isinstance(value, str):
        return Denied(value) if value.startswith(f"{executor} may not ") else Failed(f"{about}: {value}")
    # `SpawnError_NotFound` is the case not-found of spawn-error.
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(value).__name__.rpartition("_")[2]).lower()
    match kind:
        case "denied":
            return Denied(value.value)
        case "cancelled":
            return Cancelled()
        case "timeout":
            return Failed(f"{about}: no answer in time", kind=kind, retryable=True)
        case "too-large":
            return Failed(f"{about}: the answer is larger than the limit `http_body`", kind=kind)
        case "closed":
            return Failed(f"{about}: the other side is gone", kind=kind)
        case _:
            return Failed(f"{about}: {getattr(value, 'value', value)}", kind=kind)
