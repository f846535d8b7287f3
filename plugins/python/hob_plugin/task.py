"""What an executor is given: the task, and all that it can do on this machine."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from .errors import Cancelled, Failed, asked

T = TypeVar("T")

# Bytes of one read. 64 KiB: what a pipe holds.
_CHUNK = 65536
# Bytes of files that one call brings. 4 MiB: hundreds of sources, and little beside a component's memory.
_BATCH = 4 << 20
# Lines of hits that one call brings.
_HITS = 1000
# Bytes kept of each stream of a program, where it is not said. 1 MiB: more than one reads.
_KEPT = 1 << 20

OutputMode = Literal["null", "pipe", "task-output"]


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _text(content: bytes) -> str:
    return content.decode(errors="replace")


def _list(one_or_more: str | Iterable[str] | None) -> list[str]:
    if one_or_more is None:
        return []
    return [one_or_more] if isinstance(one_or_more, str) else list(one_or_more)


class Task:
    """A task, and what it can do. What waits raises `Cancelled` when the task is asked to stop."""

    def __init__(self, host: Any, task: Any) -> None:
        self._host = host
        self._output: Writer | None = None
        self.id: str = task.id
        self.executor: str = task.executor
        self.attempt: int = task.attempt
        self.deadline_ms: int | None = task.deadline_ms
        self.workdir: str | None = task.workdir
        self.meta: dict[str, str] = dict(task.meta)
        # `[executors.X.settings]`; an instance of the executor's dataclass where it has one.
        self.settings: Any = json.loads(task.settings or "{}")
        self.log = Log(host)
        self.state = State(host, task.executor)

    # The way of the task

    def print(self, line: object = "") -> None:
        """Adds a line to the task's output."""
        self.write(f"{line}\n")

    def write(self, content: str | bytes) -> None:
        """Adds text or bytes to the task's output, as they are."""
        if self._output is None:
            self._output = Writer(self._host.context.output(), "write the task's output", self.executor)
        self._output.write(content)

    def progress(self, fraction: float | None, message: str) -> None:
        """Says how far the task is: `fraction` is 0 to 1, or None where nobody knows."""
        self._host.context.progress(fraction, str(message))

    @property
    def is_cancelled(self) -> bool:
        """Whether the task was asked to stop."""
        return self._host.context.is_cancelled()

    def check(self) -> None:
        """Raises `Cancelled` if the task was asked to stop. Call it in loops that compute."""
        if self.is_cancelled:
            raise Cancelled

    def artifact(self, name: str, media_type: str, content: str | bytes | None = None) -> "Writer":
        """A file that stays with the task. With `content` it is written at once, else `finish()` the writer."""
        about = f"write the artifact {name}"
        writer = Writer(self._ask(about, lambda: self._host.context.artifact(name, media_type)), about, self.executor)
        if content is not None:
            writer.write(content)
            writer.finish()
        return writer

    # Files

    def walk(self, root: str, globs: str | Iterable[str] | None = None, *, hidden: bool = False) -> "Iterator[File]":
        """The files below a granted folder (or one file), with `.gitignore` respected."""
        walker = self._ask(f"read {root}", lambda: self._host.files.walk(root, _list(globs), hidden))
        while True:
            self.check()
            files = walker.next(_BATCH)
            for file in files:
                yield File(file.path, file.size, bytes(file.bytes))
            if not files:
                break
        # A walk that was cancelled ends like one that is done.
        self.check()

    def read_text(self, path: str) -> str:
        """The text of one granted file."""
        for file in self.walk(path, hidden=True):
            return file.text
        raise Failed(f"read {path}: there is no such file, or it is larger than 16 MiB", kind="not-found")

    def grep(
        self,
        root: str,
        patterns: str | Iterable[str],
        *,
        literal: bool = False,
        case: Literal["sensitive", "insensitive", "smart"] = "smart",
        whole_words: bool = False,
        globs: str | Iterable[str] | None = None,
        hidden: bool = False,
        no_ignore: bool = False,
        before: int = 0,
        after: int = 0,
        max_hits: int = 10000,
        max_hits_per_file: int = 1000,
        mode: Literal["lines", "files"] = "lines",
    ) -> "Hits":
        """Lines below a granted folder that fit one of `patterns`; the host searches, on all cores."""
        search = self._host.search
        query = search.Query(
            _list(patterns),
            literal,
            search.CaseMode[case.upper()],
            whole_words,
            _list(globs),
            hidden,
            no_ignore,
            before,
            after,
            max_hits,
            max_hits_per_file,
            search.SearchMode[mode.upper()],
        )
        return Hits(self, self._ask(f"search {root}", lambda: search.grep(root, query)), f"search {root}")

    # Programs

    def run(
        self,
        program: str,
        args: Sequence[object] = (),
        *,
        stdin: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        stdout: OutputMode = "pipe",
        stderr: OutputMode = "pipe",
        max_bytes: int = _KEPT,
    ) -> "Ran":
        """Runs a granted program to its end and gives what it printed. Which exit code is a failure, the caller decides."""
        command = self._command(program, args, env, cwd, "null" if stdin is None else "pipe", stdout, stderr)
        ran = self._ask(f"run {program}", lambda: self._host.process.run(command, _bytes(stdin or b""), max_bytes))
        self.check()
        return Ran(program, *_ending(ran.status), bytes(ran.stdout), bytes(ran.stderr), ran.truncated)

    def spawn(
        self,
        program: str,
        args: Sequence[object] = (),
        *,
        stdin: Literal["null", "pipe"] = "null",
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        stdout: OutputMode = "pipe",
        stderr: OutputMode = "pipe",
    ) -> "Child":
        """Starts a granted program: its streams are there while it runs."""
        command = self._command(program, args, env, cwd, stdin, stdout, stderr)
        child = self._ask(f"run {program}", lambda: self._host.process.spawn(command))
        return Child(child, program, self.executor, self._host.process.Signal)

    def _command(self, program: str, args: Sequence[object], env: Mapping[str, str] | None, cwd: str | None, *modes: str) -> Any:
        process = self._host.process
        stdin, stdout, stderr = (mode.replace("-", "_").upper() for mode in modes)
        return process.Command(
            program,
            [str(arg) for arg in args],
            list((env or {}).items()),
            cwd,
            process.StdinMode[stdin],
            process.OutputMode[stdout],
            process.OutputMode[stderr],
        )

    # The web

    def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: str | bytes | None = None,
        timeout_ms: int | None = None,
        max_redirects: int = 10,
    ) -> "Response":
        """Fetches from a granted host. A status that is no success is an answer, not an error: look at `ok`."""
        http = self._host.http
        content = None if body is None else _bytes(body)
        request = http.Request(method, url, list((headers or {}).items()), content, timeout_ms, max_redirects)
        about = f"{method} {url}"
        return Response(self._ask(about, lambda: http.fetch(request)), about, self.executor)

    # Waiting

    def wait(self, on: Sequence[Any], timeout_ms: int | None = None) -> list[int]:
        """Waits until one of these (`child.exited`, `child.stdout.ready`, …) is ready.

        Gives the places of those that are; none after `timeout_ms`.
        """
        return list(self._ask("wait", lambda: self._host.io.wait(list(on), timeout_ms)))

    def _ask(self, about: str, call: Callable[[], T]) -> T:
        return asked(about, self.executor, call)


class Log:
    """Lines for hob's log, with fields: `task.log.info("read", file=path)`."""

    def __init__(self, host: Any) -> None:
        self._host = host

    def trace(self, message: object, **fields: object) -> None:
        self._log("TRACE", message, fields)

    def debug(self, message: object, **fields: object) -> None:
        self._log("DEBUG", message, fields)

    def info(self, message: object, **fields: object) -> None:
        self._log("INFO", message, fields)

    def warn(self, message: object, **fields: object) -> None:
        self._log("WARN", message, fields)

    def error(self, message: object, **fields: object) -> None:
        self._log("ERROR", message, fields)

    def _log(self, level: str, message: object, fields: Mapping[str, object]) -> None:
        context = self._host.context
        context.log(context.Level[level], str(message), [(key, str(value)) for key, value in fields.items()])


@dataclass
class File:
    """A file of `walk`."""

    path: str
    size: int
    bytes: bytes

    @property
    def text(self) -> str:
        """Its content as text; bytes that are not valid UTF-8 are replaced."""
        return _text(self.bytes)


class Hits:
    """The lines of a `grep`: each has `path`, `number`, `column`, `is_hit`, `patterns` and `text`."""

    def __init__(self, task: Task, hits: Any, about: str) -> None:
        self._task, self._hits, self._about = task, hits, about

    def __iter__(self) -> "Iterator[Line]":
        while True:
            self._task.check()
            lines = asked(self._about, self._task.executor, lambda: self._hits.next(_HITS))
            for line in lines:
                hit = line.kind.name == "HIT"
                yield Line(line.path, line.number, line.column, hit, list(line.patterns), line.text)
            if not lines:
                break
        self._task.check()

    def stats(self) -> dict[str, Any]:
        """Counts; final once all lines were read."""
        return json.loads(self._hits.stats())


@dataclass
class Line:
    """A line of a `grep`."""

    path: str
    number: int
    column: int
    is_hit: bool
    patterns: list[int]
    text: str


def _ending(status: Any) -> tuple[int | None, int | None]:
    kind = type(status).__name__.rpartition("_")[2]
    return (status.value if kind == "Code" else None, status.value if kind == "Signal" else None)


@dataclass
class Ran:
    """What a program left that was run to its end."""

    program: str
    code: int | None
    signal: int | None
    stdout_bytes: bytes
    stderr_bytes: bytes
    truncated: bool

    @property
    def ok(self) -> bool:
        """Whether the exit code is 0."""
        return self.code == 0

    @property
    def stdout(self) -> str:
        return _text(self.stdout_bytes)

    @property
    def stderr(self) -> str:
        return _text(self.stderr_bytes)

    def expect(self) -> "Ran":
        """Itself if the exit code is 0; else raises `Failed` with the end of what it said."""
        if self.ok:
            return self
        how = f"exited with {self.code}"
        if self.code is None:
            how = f"was ended by signal {self.signal}" if self.signal else "was ended"
        said = (self.stderr or self.stdout).strip()[-500:]
        data = {"exit_code": self.code, "signal": self.signal}
        raise Failed(f"{self.program} {how}{': ' if said else ''}{said}", data=data)


class Reader:
    """A stream to read: `for chunk in reader`, `for line in reader.lines()`, or `reader.text()`."""

    def __init__(self, reader: Any, about: str, executor: str) -> None:
        self._reader, self._about, self._executor = reader, about, executor

    @property
    def ready(self) -> Any:
        """For `task.wait`: ready when a read would not wait."""
        return self._reader.ready()

    def read(self, most: int = _CHUNK) -> bytes | None:
        """Up to `most` bytes; None at the end."""
        chunk = asked(self._about, self._executor, lambda: self._reader.read(most))
        return None if chunk is None else bytes(chunk)

    def __iter__(self) -> Iterator[bytes]:
        while (chunk := self.read()) is not None:
            yield chunk

    def lines(self) -> Iterator[str]:
        """Line by line, without the ends."""
        rest = b""
        for chunk in self:
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (_text(line.removesuffix(b"\r")) for line in lines)
        if rest:
            yield _text(rest)

    def bytes(self) -> bytes:
        """All of it."""
        return b"".join(self)

    def text(self) -> str:
        """All of it, as text."""
        return _text(self.bytes())


class Writer:
    """A stream to write."""

    def __init__(self, writer: Any, about: str, executor: str) -> None:
        self._writer, self._about, self._executor = writer, about, executor

    @property
    def ready(self) -> Any:
        """For `task.wait`: ready when a write would not wait."""
        return self._writer.ready()

    def write(self, content: str | bytes) -> None:
        """Text or bytes; returns when the host has them."""
        asked(self._about, self._executor, lambda: self._writer.write(_bytes(content)))

    def finish(self) -> None:
        """Ends the stream. An artifact that is not finished is none."""
        asked(self._about, self._executor, self._writer.finish)


class Child:
    """A program that runs, and all that it starts. `with` ends it at the end of the block."""

    def __init__(self, child: Any, program: str, executor: str, signals: Any) -> None:
        self._child, self._about, self._executor, self._signals = child, f"run {program}", executor, signals
        self.pid: int = child.pid()
        stdin, stdout, stderr = child.take_stdin(), child.take_stdout(), child.take_stderr()
        self.stdin = stdin and Writer(stdin, f"write to {program}", executor)
        self.stdout = stdout and Reader(stdout, f"read from {program}", executor)
        self.stderr = stderr and Reader(stderr, f"read from {program}", executor)

    @property
    def exited(self) -> Any:
        """For `task.wait`: ready when it has ended."""
        return self._child.exited()

    @property
    def is_running(self) -> bool:
        return self._child.status() is None

    def wait(self) -> int | None:
        """Waits for its end; gives the exit code, None where a signal ended it."""
        return _ending(self._child.wait())[0]

    def signal(self, name: Literal["interrupt", "terminate", "kill"]) -> None:
        asked(self._about, self._executor, lambda: self._child.signal(self._signals[name.upper()]))

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *error: object) -> None:
        self._child.__exit__(*error)


class Response:
    """An answer of the web."""

    def __init__(self, response: Any, about: str, executor: str) -> None:
        self.status: int = response.status
        self.url: str = response.url
        self.ok = 200 <= self.status < 300
        self.headers: dict[str, str] = {}
        for name, value in response.headers:
            name = name.lower()
            self.headers[name] = f"{self.headers[name]}, {value}" if name in self.headers else value
        # The stream, for what is large.
        self.body = Reader(response.body, about, executor)

    def bytes(self) -> bytes:
        return self.body.bytes()

    def text(self) -> str:
        return self.body.text()

    def json(self) -> Any:
        return json.loads(self.bytes())


class State:
    """What the executor keeps between tasks: bytes under a key, or with `get_json` and `set_json` any value."""

    def __init__(self, host: Any, executor: str) -> None:
        self._host, self._executor = host, executor

    def get(self, key: str) -> bytes | None:
        value = self._ask(f"read the state {key}", lambda: self._host.state.get(key))
        return None if value is None else bytes(value)

    def get_json(self, key: str) -> Any:
        value = self.get(key)
        return None if value is None else json.loads(value)

    def set(self, key: str, value: str | bytes) -> None:
        self._ask(f"keep the state {key}", lambda: self._host.state.set(key, _bytes(value)))

    def set_json(self, key: str, value: Any) -> None:
        self.set(key, json.dumps(value))

    def delete(self, key: str) -> None:
        self._ask(f"remove the state {key}", lambda: self._host.state.delete(key))

    def keys(self, prefix: str = "") -> list[str]:
        return list(self._ask("list the state", lambda: self._host.state.keys(prefix)))

    def _ask(self, about: str, call: Callable[[], T]) -> T:
        return asked(about, self._executor, call)
