import json
import unittest
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from hob_plugin import Cancelled, Denied, Executor, Failed, InvalidParams, Param, Success, Task, executor
from hob_plugin.testing import Answer, Call, World

ASKS = {
    "dirs": [{"guest": "/project", "reason": "to read"}],
    "programs": [{"name": "tool", "reason": "to run"}],
    "http": [{"host": "*.example.org", "reason": "to fetch"}],
    "state": {"reason": "to remember"},
}


@dataclass
class Nothing:
    pass


def doing(run: Callable[[Task], Any], asks: Any = None) -> Executor:
    """An executor that does just this, and says what came of it."""

    @executor(name="it", version="1", summary="does", asks=ASKS if asks is None else asks)
    def plugin(params: Nothing, task: Task) -> str:
        return str(run(task))

    return plugin


@dataclass
class Range:
    low: int
    high: int | None = None


@dataclass
class Params:
    word: Annotated[str, Param("A word", positional=True, minLength=1)]
    top: Annotated[int, Param("How many", short="n", minimum=1)] = 5
    kind: Literal["a", "b"] = "a"
    ranges: list[Range] = field(default_factory=list)
    ratio: float | None = None


@dataclass
class Settings:
    greeting: str = "hello"


@dataclass
class Data:
    hits: Annotated[int, "Hits"]
    seen: dict[str, int]


@executor(name="it", version="1", summary="does", settings=Settings)
def typed(params: Params, task: Task) -> Success[Data]:
    highest = [one.high for one in params.ranges]
    return Success(f"{task.settings.greeting} {params.word} {params.top} {params.kind} {highest}", Data(1, {"a": 1}))


class HelperTest(unittest.TestCase):
    def test_what_it_says_of_itself_comes_from_its_types(self) -> None:
        described = json.loads(typed.describe())
        params = described["params"]
        self.assertEqual((params["required"], params["additionalProperties"]), (["word"], False))
        self.assertEqual(
            params["properties"],
            {
                "word": {"type": "string", "description": "A word", "minLength": 1, "x-hob-cli": {"positional": True}},
                "top": {"type": "integer", "description": "How many", "minimum": 1, "x-hob-cli": {"short": "n"}, "default": 5},
                "kind": {"type": "string", "enum": ["a", "b"], "default": "a"},
                "ranges": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"low": {"type": "integer"}, "high": {"type": "integer"}},
                        "additionalProperties": False,
                        "required": ["low"],
                    },
                    "default": [],
                },
                "ratio": {"type": "number"},
            },
        )
        self.assertEqual(described["result"]["required"], ["hits", "seen"])
        self.assertEqual(described["settings"]["properties"], {"greeting": {"type": "string", "default": "hello"}})
        with self.assertRaisesRegex(TypeError, "no JSON Schema"):

            @dataclass
            class Odd:
                when: complex

            @executor(name="it", version="1", summary="does")
            def odd(params: Odd, task: Task) -> str:
                return ""

            odd.describe()

    def test_parameters_have_their_types_and_what_does_not_fit_is_refused(self) -> None:
        success = World().settings(greeting="hej").run(typed, word="x", ranges=[{"low": 1, "high": 3}])
        self.assertEqual(success.summary, "hej x 5 a [3]")
        self.assertEqual(success.data, {"hits": 1, "seen": {"a": 1}})
        for params in ({}, {"word": 1}, {"word": "x", "top": 0}, {"word": "x", "kind": "c"}, {"word": "x", "other": 1}):
            with self.assertRaises(InvalidParams, msg=str(params)):
                World().run(typed, **params)

    def test_output_progress_log_and_artifacts(self) -> None:
        def run(task: Task) -> str:
            task.print("a")
            task.write(b"b")
            task.progress(0.5, "half")
            task.log.info("read", file="x", count=1)
            task.artifact("r.md", "text/markdown", "# R")
            return task.meta["cwd"]

        world = World()
        self.assertEqual(world.run(doing(run)).summary, "/project")
        self.assertEqual(world.output, "a\nb")
        self.assertEqual(world.progress, [(0.5, "half")])
        self.assertEqual(world.log, [("info", "read", {"file": "x", "count": "1"})])
        self.assertEqual(world.artifacts, {"r.md": b"# R"})

    def test_files_are_walked_read_and_searched_by_their_globs(self) -> None:
        world = World().file("a.md", "one\nTWO").file("sub/b.md", "two").file(".hidden.md", "two").file("c.txt", "two")

        def paths(globs: Any, hidden: bool = False) -> str:
            walk = doing(lambda task: " ".join(file.path for file in task.walk("/project", globs, hidden=hidden)))
            return world.run(walk).summary

        self.assertEqual(paths("*.md"), "/project/a.md /project/sub/b.md")
        self.assertEqual(paths(["*", "!*.md"]), "/project/c.txt")
        self.assertEqual(paths("sub/**"), "/project/sub/b.md")
        self.assertEqual(len(paths("*.{md,txt}", hidden=True).split()), 4)
        self.assertEqual(world.run(doing(lambda task: task.read_text("/project/sub/b.md"))).summary, "two")
        with self.assertRaisesRegex(Failed, "no such file"):
            world.run(doing(lambda task: task.read_text("/project/none")))

        def lines(patterns: Any, **options: Any) -> str:
            grep = doing(lambda task: " ".join(f"{hit.path}:{hit.number}" for hit in task.grep("/project", patterns, **options)))
            return world.run(grep).summary

        self.assertEqual(lines("two", globs="*.md"), "a.md:2 sub/b.md:1")
        self.assertEqual(lines("TWO"), "a.md:2")
        self.assertEqual(lines(["on.", "two"], globs="a.md", literal=True), "a.md:2")

    def test_programs_are_run_fed_and_read_while_they_run(self) -> None:
        def tool(call: Call) -> Any:
            if call.args[0] == "bad":
                return Answer(stderr="no such thing\n", code=3)
            return ",".join(call.args).encode() + b"\n" + call.stdin

        world = World().program("tool", tool)
        ran = doing(lambda task: task.run("tool", [1, "b"], stdin="in").expect().stdout)
        self.assertEqual(world.run(ran).summary, "1,b\nin")
        self.assertEqual(world.run(doing(lambda task: task.run("tool", ["bad"]).code)).summary, "3")
        with self.assertRaisesRegex(Failed, "tool exited with 3: no such thing"):
            world.run(doing(lambda task: task.run("tool", ["bad"]).expect()))

        def streamed(task: Task) -> str:
            with task.spawn("tool", ["a"], stdin="pipe") as child:
                child.stdin.write("x\ny")
                child.stdin.finish()
                return "|".join([*child.stdout.lines(), str(child.wait())])

        self.assertEqual(world.run(doing(streamed)).summary, "a|x|y|0")

    def test_pages_are_fetched(self) -> None:
        world = World().page("https://a.example.org/", Answer('{"a":1}', status=404, headers={"X-Kind": "none"}))

        def run(task: Task) -> str:
            response = task.fetch("https://a.example.org/")
            return f"{response.status} {response.ok} {response.headers['x-kind']} {response.json()['a']}"

        self.assertEqual(world.run(doing(run)).summary, "404 False none 1")

    def test_what_was_kept_is_there_for_the_next_task(self) -> None:
        def run(task: Task) -> str:
            runs = (task.state.get_json("runs") or 0) + 1
            task.state.set_json("runs", runs)
            return f"{runs} {task.state.keys()}"

        world = World()
        self.assertEqual(world.run(doing(run)).summary, "1 ['runs']")
        self.assertEqual(world.run(doing(run)).summary, "2 ['runs']")

    def test_a_denial_passes_through_whatever_was_asked_for(self) -> None:
        wanted = {
            "dirs": lambda task: list(task.walk("/project")),
            "programs": lambda task: task.run("tool"),
            "http": lambda task: task.fetch("https://a.example.org/"),
            "state": lambda task: task.state.get("a"),
        }
        for capability, call in wanted.items():
            with self.assertRaises(Denied, msg=capability):
                World().deny(capability).run(doing(call))
            with self.assertRaises(Denied, msg=capability):
                World().run(doing(call, asks={}))

    def test_cancellation_ends_what_waits_and_failures_keep_what_they_say(self) -> None:
        world = World().file("a", "").file("b", "").cancel_after(1)
        with self.assertRaises(Cancelled):
            world.run(doing(lambda task: list(task.walk("/project"))))

        def fails(task: Task) -> None:
            raise Failed("not now", retryable=True, retry_after_ms=5, data={"a": 1})

        with self.assertRaises(Failed) as caught:
            World().run(doing(fails))
        failed = caught.exception
        said = (str(failed), failed.retryable, failed.retry_after_ms, failed.data)
        self.assertEqual(said, ("not now", True, 5, {"a": 1}))
        with self.assertRaisesRegex(Failed, r"ZeroDivisionError: .* \(.*test_helper\.py:\d+"):
            World().run(doing(lambda task: 1 // 0))
