"""A world in memory for the unit tests of an executor: no component, no hob, only Python."""

import enum
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from . import serve
from .errors import Cancelled, Denied, Failed, InvalidParams
from .executor import Executor, Success

# What a program prints: a text, an `Answer`, or a function of the `Call` that gives either.
Printed = "str | bytes | Answer | Callable[[Call], str | bytes | Answer]"


@dataclass
class Answer:
    """What a program or a page gives where a text does not say it all."""

    body: str | bytes = b""
    stderr: str | bytes = b""
    code: int = 0
    status: int = 200
    headers: Mapping[str, str] | None = None


@dataclass
class Call:
    """What was asked of a program or a page."""

    args: list[str]
    stdin: bytes = b""
    env: Mapping[str, str] | None = None
    cwd: str | None = None
    method: str = ""
    url: str = ""
    headers: Mapping[str, str] | None = None


class World:
    """What is there: files, programs, pages.

    An executor gets of it what it asks for in `asks`, as if all of that were granted; `deny` takes something back.
    """

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._programs: dict[str, Any] = {}
        self._pages: dict[str, Any] = {}
        self._denied: set[str] = set()
        self._settings: dict[str, Any] = {}
        self._looks: float = float("inf")
        self._asks: dict[str, Any] = {}
        self._name = ""
        self._written: list[bytes] = []
        # What the task said on the way: (fraction, message).
        self.progress: list[tuple[float | None, str]] = []
        # What it logged: (level, message, fields).
        self.log: list[tuple[str, str, dict[str, str]]] = []
        # The files that it left.
        self.artifacts: dict[str, bytes] = {}
        # What it keeps between tasks.
        self.state: dict[str, bytes] = {}

    def file(self, path: str, content: str | bytes) -> "World":
        """A file; a relative path is one of the task's folder, `/project`."""
        self._files[path if path.startswith("/") else f"/project/{path}"] = _bytes(content)
        return self

    def program(self, name: str, answer: Any) -> "World":
        """A program: what it prints, an `Answer`, or a function of the `Call` that gives either."""
        self._programs[name] = answer
        return self

    def page(self, url: str, answer: Any) -> "World":
        """A page of the web: its text, an `Answer`, or a function of the `Call` that gives either."""
        self._pages[url] = answer
        return self

    def settings(self, **settings: Any) -> "World":
        """`[executors.X.settings]` of the configuration."""
        self._settings = settings
        return self

    def deny(self, capability: str) -> "World":
        """Does not grant it: "dirs", "http", "programs" or "state"."""
        self._denied.add(capability)
        return self

    def cancel_after(self, looks: int) -> "World":
        """The task is asked to stop after it has looked so many times whether it was."""
        self._looks = looks
        return self

    @property
    def output(self) -> str:
        """What the task wrote to its output."""
        return b"".join(self._written).decode(errors="replace")

    def run(self, executor: Executor, **params: Any) -> Success[Any]:
        """Runs the executor once; raises Denied, Cancelled, InvalidParams or Failed."""
        described = json.loads(executor.describe())
        self._asks, self._name = described["asks"], described["name"]
        raw = SimpleNamespace(
            id="test",
            executor=self._name,
            params=json.dumps(params),
            settings=json.dumps(self._settings),
            attempt=1,
            deadline_ms=None,
            workdir="/project",
            meta=[("cwd", "/project"), ("utc-offset", "0")],
        )
        try:
            ended = serve.run(executor, self._host(), raw)
        except Err as error:
            raise _from_task_error(error.value) from error.__cause__
        return Success(ended.summary, None if ended.data is None else json.loads(ended.data))

    def _host(self) -> SimpleNamespace:
        ready = SimpleNamespace(ready=lambda: True)
        return SimpleNamespace(
            Err=Err,
            types=_TYPES,
            context=SimpleNamespace(
                Level=Level,
                log=lambda level, message, fields: self.log.append((level.name.lower(), message, dict(fields))),
                progress=lambda fraction, message: self.progress.append((fraction, message)),
                output=lambda: _Sink(self._written.append, lambda: None),
                artifact=self._artifact,
                is_cancelled=self._is_cancelled,
                cancelled=lambda: SimpleNamespace(ready=lambda: self._looks <= 0),
            ),
            io=SimpleNamespace(wait=lambda on, timeout_ms: list(range(len(on)))),
            files=SimpleNamespace(walk=self._walk),
            search=SimpleNamespace(Query=Query, CaseMode=CaseMode, SearchMode=SearchMode, grep=self._grep),
            state=self._state(),
            process=SimpleNamespace(
                Command=Command,
                StdinMode=StdinMode,
                OutputMode=OutputMode,
                Signal=Signal,
                run=self._run,
                spawn=lambda command: _Child(self, command, ready),
            ),
            http=SimpleNamespace(Request=Request, fetch=self._fetch),
        )

    def _artifact(self, name: str, media_type: str) -> "_Sink":
        chunks: list[bytes] = []
        return _Sink(chunks.append, lambda: self.artifacts.__setitem__(name, b"".join(chunks)))

    def _is_cancelled(self) -> bool:
        self._looks -= 1
        return self._looks < 0

    def _refusal(self, capability: str, wanted: str, is_asked: bool) -> str | None:
        if not is_asked:
            return f"{self._name} may not {wanted}: its component does not ask for that"
        if capability in self._denied:
            return f"{self._name} may not {wanted}: it is not granted"
        return None

    def _below(self, root: str, globs: list[str], hidden: bool) -> list[tuple[str, str, bytes]]:
        """Guest path, path from the root, and content of the files that fit."""

        def within(folder: str, path: str) -> bool:
            return path == folder or path.startswith(folder.rstrip("/") + "/")

        is_asked = any(within(ask["guest"], root) for ask in self._asks.get("dirs", []))
        if refusal := self._refusal("dirs", f"read {root}", is_asked):
            raise Err(refusal)
        found = []
        for path, content in sorted(self._files.items()):
            relative = path.rpartition("/")[2] if path == root else path[len(root.rstrip("/")) + 1 :]
            is_hidden = any(part.startswith(".") for part in relative.split("/"))
            if within(root, path) and (hidden or not is_hidden) and _fits(relative, globs):
                found.append((path, relative, content))
        return found

    def _walk(self, root: str, globs: list[str], hidden: bool) -> SimpleNamespace:
        files = [
            SimpleNamespace(path=path, size=len(content), bytes=content)
            for path, _, content in self._below(root, globs, hidden)
        ]
        # One at a time, so that a test sees what happens between two.
        return SimpleNamespace(next=lambda max_bytes: [files.pop(0)] if files else [])

    def _grep(self, root: str, query: "Query") -> SimpleNamespace:
        regexes = []
        for pattern in query.patterns:
            source = re.escape(pattern) if query.literal else pattern
            smart = query.case_sensitivity is CaseMode.SMART and not any(letter.isupper() for letter in pattern)
            flags = re.IGNORECASE if smart or query.case_sensitivity is CaseMode.INSENSITIVE else 0
            regexes.append(re.compile(rf"\b(?:{source})\b" if query.whole_words else source, flags))
        files = self._below(root, query.globs, query.hidden)
        lines = []
        for _, path, content in files:
            hits = []
            for number, text in enumerate(content.decode(errors="replace").split("\n"), 1):
                found = [(place, hit) for place, regex in enumerate(regexes) if (hit := regex.search(text))]
                if found:
                    column = min(len(text[: hit.start()].encode()) for _, hit in found) + 1
                    places = [place for place, _ in found]
                    hits.append(_Line(path, number, column, LineKind.HIT, places, text))
            if query.mode is SearchMode.FILES and hits:
                hits = [_Line(path, len(hits), 0, LineKind.HIT, hits[0].patterns, "")]
            lines += hits
        stats = {
            "files_searched": len(files),
            "files_with_hits": len({line.path for line in lines}),
            "hits": len(lines),
            "truncated": len(lines) > query.max_hits,
            "errors": [],
        }
        rest = lines[: query.max_hits]

        def following(most: int) -> list[_Line]:
            taken = rest[:most]
            del rest[:most]
            return taken

        return SimpleNamespace(next=following, stats=lambda: json.dumps(stats))

    def _run(self, command: "Command", stdin: bytes, max_bytes: int) -> SimpleNamespace:
        status, stdout, stderr = self._execute(command, stdin)
        truncated = len(stdout) > max_bytes or len(stderr) > max_bytes
        return SimpleNamespace(status=status, stdout=stdout[:max_bytes], stderr=stderr[:max_bytes], truncated=truncated)

    def _execute(self, command: "Command", stdin: bytes) -> tuple[Any, bytes, bytes]:
        is_asked = any(ask["name"] in (command.program, "*") for ask in self._asks.get("programs", []))
        if refusal := self._refusal("programs", f"start the program `{command.program}`", is_asked):
            raise Err(SpawnError_Denied(refusal))
        if command.program not in self._programs:
            raise Err(SpawnError_NotFound(command.program))
        given = _given(self._programs[command.program], Call(command.args, stdin, dict(command.env), command.cwd))
        return ExitStatus_Code(given.code), _bytes(given.body), _bytes(given.stderr)

    def _fetch(self, request: "Request") -> SimpleNamespace:
        host = urlsplit(request.url).hostname or ""

        def allows(pattern: str) -> bool:
            return pattern in ("*", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))

        is_asked = any(allows(ask["host"]) for ask in self._asks.get("http", []))
        if refusal := self._refusal("http", f"send {request.method} to {request.url}", is_asked):
            raise Err(HttpError_Denied(refusal))
        if request.url not in self._pages:
            raise Err(HttpError_Failed("there is no such page in this world"))
        call = Call([], request.body or b"", method=request.method, url=request.url, headers=dict(request.headers))
        given = _given(self._pages[request.url], call)
        headers = list((given.headers or {}).items())
        return SimpleNamespace(status=given.status, url=request.url, headers=headers, body=_Source(lambda: _bytes(given.body)))

    def _state(self) -> SimpleNamespace:
        def allowed(call: Callable[..., Any]) -> Callable[..., Any]:
            def checked(*args: Any) -> Any:
                if refusal := self._refusal("state", "keep anything", "state" in self._asks):
                    raise Err(refusal)
                return call(*args)

            return checked

        return SimpleNamespace(
            get=allowed(self.state.get),
            set=allowed(self.state.__setitem__),
            delete=allowed(lambda key: self.state.pop(key, None)),
            keys=allowed(lambda prefix: sorted(key for key in self.state if key.startswith(prefix))),
        )


class Err(Exception):
    """As the bindings have it."""

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.value = value


class _Sink:
    """A stream that is written."""

    def __init__(self, write: Callable[[bytes], Any], finish: Callable[[], Any]) -> None:
        self.write, self.finish = write, finish

    def ready(self) -> Any:
        return SimpleNamespace(ready=lambda: True)


class _Source:
    """A stream that is read; what it has is asked for with the first read."""

    def __init__(self, content: Callable[[], bytes]) -> None:
        self._content: bytes | None = None
        self._make = content

    def read(self, most: int) -> bytes | None:
        content = self._make() if self._content is None else self._content
        self._content = content[most:]
        return content[:most] or None

    def ready(self) -> Any:
        return SimpleNamespace(ready=lambda: True)


class _Child:
    """A program that does its work when somebody asks for what it printed."""

    def __init__(self, world: World, command: "Command", ready: Any) -> None:
        self._world, self._command, self._ready = world, command, ready
        self._stdin = b""
        self._ended: tuple[Any, bytes, bytes] | None = None
        if command.stdin is StdinMode.NULL:
            self._end()

    def _end(self) -> tuple[Any, bytes, bytes]:
        if self._ended is None:
            self._ended = self._world._execute(self._command, self._stdin)
        return self._ended

    def _feed(self, chunk: bytes) -> None:
        self._stdin += chunk

    def pid(self) -> int:
        return 1

    def take_stdin(self) -> _Sink | None:
        return _Sink(self._feed, self._end) if self._command.stdin is StdinMode.PIPE else None

    def take_stdout(self) -> _Source | None:
        return _Source(lambda: self._end()[1]) if self._command.stdout is OutputMode.PIPE else None

    def take_stderr(self) -> _Source | None:
        return _Source(lambda: self._end()[2]) if self._command.stderr is OutputMode.PIPE else None

    def exited(self) -> Any:
        return self._ready

    def status(self) -> Any:
        return self._ended and self._ended[0]

    def wait(self) -> Any:
        return self._end()[0]

    def signal(self, signal: "Signal") -> None:
        pass

    def __exit__(self, *error: object) -> None:
        pass


# The names that the bindings have.

Level = enum.Enum("Level", "TRACE DEBUG INFO WARN ERROR")
StdinMode = enum.Enum("StdinMode", "NULL PIPE")
OutputMode = enum.Enum("OutputMode", "NULL PIPE TASK_OUTPUT")
Signal = enum.Enum("Signal", "INTERRUPT TERMINATE KILL")
CaseMode = enum.Enum("CaseMode", "SENSITIVE INSENSITIVE SMART")
SearchMode = enum.Enum("SearchMode", "LINES FILES")
LineKind = enum.Enum("LineKind", "HIT CONTEXT")


@dataclass
class Command:
    program: str
    args: list[str]
    env: list[tuple[str, str]]
    cwd: str | None
    stdin: Any
    stdout: Any
    stderr: Any


@dataclass
class Request:
    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes | None
    timeout_ms: int | None
    max_redirects: int


@dataclass
class Query:
    patterns: list[str]
    literal: bool
    case_sensitivity: Any
    whole_words: bool
    globs: list[str]
    hidden: bool
    no_ignore: bool
    context_before: int
    context_after: int
    max_hits: int
    max_hits_per_file: int
    mode: Any


@dataclass
class _Line:
    path: str
    number: int
    column: int
    kind: Any
    patterns: list[int]
    text: str


@dataclass
class Value:
    value: Any = None


class SpawnError_Denied(Value): ...


class SpawnError_NotFound(Value): ...


class HttpError_Denied(Value): ...


class HttpError_Failed(Value): ...


class ExitStatus_Code(Value): ...


class TaskError_Denied(Value): ...


class TaskError_Cancelled(Value): ...


class TaskError_InvalidParams(Value): ...


class TaskError_Failed(Value): ...


@dataclass
class Failure:
    message: str
    retryable: bool
    retry_after_ms: int | None
    data: str | None


_TYPES = SimpleNamespace(
    Success=lambda summary, data: SimpleNamespace(summary=summary, data=data),
    Failure=Failure,
    TaskError_Denied=TaskError_Denied,
    TaskError_Cancelled=TaskError_Cancelled,
    TaskError_InvalidParams=TaskError_InvalidParams,
    TaskError_Failed=TaskError_Failed,
)


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _given(answer: Any, call: Call) -> Answer:
    given = answer(call) if callable(answer) else answer
    return given if isinstance(given, Answer) else Answer(given)


def _from_task_error(error: Any) -> Exception:
    match error:
        case TaskError_Denied():
            return Denied(error.value)
        case TaskError_Cancelled():
            return Cancelled()
        case TaskError_InvalidParams():
            return InvalidParams(dict(error.value))
        case _:
            failure = error.value
            data = None if failure.data is None else json.loads(failure.data)
            return Failed(failure.message, retryable=failure.retryable, retry_after_ms=failure.retry_after_ms, data=data)


def _fits(path: str, globs: Iterable[str]) -> bool:
    """Globs as `.gitignore` has them: without a slash the name of a file anywhere, `!` leaves out."""
    globs = list(globs)
    wanted = [glob for glob in globs if not glob.startswith("!")]
    unwanted = [glob[1:] for glob in globs if glob.startswith("!")]
    return (not wanted or any(_matches(path, glob) for glob in wanted)) and not any(
        _matches(path, glob) for glob in unwanted
    )


def _matches(path: str, glob: str) -> bool:
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    source = ""
    for part in re.split(r"(\*\*/|\*\*|\*|\?|\{[^}]*\})", glob.lstrip("/")):
        if part.startswith("{"):
            source += f"(?:{'|'.join(map(re.escape, part[1:-1].split(',')))})"
        else:
            source += known.get(part, re.escape(part))
    anywhere = "" if "/" in glob.rstrip("/") else "(?:.*/)?"
    return re.fullmatch(anywhere + source, path) is not None
