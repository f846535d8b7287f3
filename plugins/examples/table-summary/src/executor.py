"""Summarises a table (CSV, TSV) or a log: what is in its columns, or what its lines say."""

import csv
import io
import re
import statistics
from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Literal

from hob_plugin import Failed, Param, Success, Task, executor

# Rows between two looks whether the task was asked to stop.
STRIDE = 1000
# Values of a column that are told apart; of more, none is frequent.
DISTINCT = 100_000

LEVELS = ("FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE")
LEVEL = re.compile(r"\b(FATAL|CRITICAL|ERROR|WARN(?:ING)?|INFO|NOTICE|DEBUG|TRACE)\b", re.IGNORECASE)
SAME = {"CRITICAL": "FATAL", "WARNING": "WARN", "NOTICE": "INFO"}
NUMBER = re.compile(r"[+-]?(?:\d{1,15}(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d\d?)?")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?")
# What differs between lines that say the same: times, addresses, ids, numbers.
VARIES = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?|0x[0-9a-f]+|\b[0-9a-f]{8,}(?:-[0-9a-f]+)*\b|\d+(?:\.\d+)*")


@dataclass
class Params:
    file: Annotated[str, Param("The file, in the folder of the task", positional=True, minLength=1)]
    kind: Annotated[Literal["auto", "table", "log"], Param("What it is; auto goes by its name and first line")] = "auto"
    top: Annotated[int, Param("How many of the most frequent values or messages to show", short="n", minimum=1)] = 5


@dataclass
class Column:
    name: str
    type: Annotated[str, "number, text, or empty"]
    filled: Annotated[int, "Rows that have a value"]
    distinct: Annotated[int, "Different values"]
    least: Annotated[float | None, "Of numbers"] = None
    most: Annotated[float | None, "Of numbers"] = None
    mean: Annotated[float | None, "Of numbers"] = None
    median: Annotated[float | None, "Of numbers"] = None
    frequent: Annotated[dict[str, int] | None, "Of text: values and how often they are there"] = None


@dataclass
class Message:
    count: int
    text: Annotated[str, "With … for what differs"]


@dataclass
class Data:
    kind: Literal["table", "log"]
    rows: Annotated[int, "Rows without the header, or lines"]
    columns: Annotated[list[Column] | None, "Of a table"] = None
    levels: Annotated[dict[str, int] | None, "Of a log: lines of each level"] = None
    first: Annotated[str | None, "Of a log: its first time"] = None
    last: Annotated[str | None, "Of a log: its last time"] = None
    messages: Annotated[list[Message] | None, "Of a log: the most frequent of its highest levels"] = None


@executor(
    name="table-summary",
    version="0.1.0",
    summary="Summarise a CSV file or a log",
    answer="output",
    asks={"dirs": [{"guest": "/project", "mode": "ro", "reason": "it reads the file that you name"}]},
)
def plugin(params: Params, task: Task) -> Success[Data]:
    text = task.read_text(f"/project/{params.file.removeprefix('./')}").removeprefix("\ufeff")
    if not text.strip():
        raise Failed(f"{params.file} is empty: there is nothing to summarise")
    is_table = params.kind == "table" or (params.kind == "auto" and looks_like_table(params.file, text))
    summary, data, report = table(text, params.top, task) if is_table else log(text, params.top, task)
    task.write(f"# {params.file}: {summary}\n\n{report}")
    return Success(f"{params.file}: {summary}", data)


def looks_like_table(name: str, text: str) -> bool:
    if name.lower().endswith((".csv", ".tsv")):
        return True
    if name.lower().endswith(".log"):
        return False
    first, *rest = text.splitlines()[:5]
    return any(first.count(mark) > 0 and all(line.count(mark) == first.count(mark) for line in rest) for mark in ",\t;")


def table(text: str, top: int, task: Task) -> tuple[str, Data, str]:
    header = text.splitlines()[0]
    delimiter = max(",\t;|", key=header.count)
    rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    names = [name.strip() or f"column {place}" for place, name in enumerate(next(rows), 1)]
    values: list[Counter[str]] = [Counter() for _ in names]
    count = 0
    for count, row in enumerate(rows, 1):
        if count % STRIDE == 0:
            task.check()
            task.progress(None, f"row {count}")
        for seen, value in zip(values, row):
            if value.strip():
                seen[value.strip()] += 1
    columns = [column(name, value, top) for name, value in zip(names, values)]
    lines = ["| column | type | filled | distinct | what |", "|---|---|---:|---:|---|"]
    lines += [f"| {cell(one.name)} | {one.type} | {one.filled} | {one.distinct} | {what(one)} |" for one in columns]
    summary = f"{plural(count, 'row')}, {plural(len(columns), 'column')}"
    return summary, Data("table", count, columns=columns), "\n".join(lines) + "\n"


def column(name: str, values: Counter[str], top: int) -> Column:
    filled = values.total()
    if filled == 0:
        return Column(name, "empty", 0, 0)
    if not all(map(NUMBER.fullmatch, values)):
        frequent = dict(values.most_common(top)) if len(values) <= DISTINCT else {}
        return Column(name, "text", filled, len(values), frequent=frequent)
    numbers = [float(value) for value in values.elements()]
    middle = (statistics.fmean(numbers), statistics.median(numbers))
    return Column(name, "number", filled, len(values), min(numbers), max(numbers), *middle)


def what(one: Column) -> str:
    if one.type == "number":
        return f"{one.least:g} to {one.most:g}, mean {one.mean:.4g}, median {one.median:.4g}"
    if one.frequent and one.distinct < one.filled:
        return ", ".join(f"{cell(value)} ({count})" for value, count in one.frequent.items())
    return "all different" if one.filled else ""


def log(text: str, top: int, task: Task) -> tuple[str, Data, str]:
    levels: Counter[str] = Counter()
    said: dict[str, Counter[str]] = {}
    times: list[str] = []
    count = 0
    for count, line in enumerate(text.splitlines(), 1):
        if count % STRIDE == 0:
            task.check()
            task.progress(None, f"line {count}")
        if time := TIME.search(line):
            times = [times[0] if times else time[0], time[0]]
        if level := LEVEL.search(line):
            name = SAME.get(level[1].upper(), level[1].upper())
            levels[name] += 1
            message = VARIES.sub("…", line[level.end() :]).strip(" \t:]-")
            said.setdefault(name, Counter())[message] += 1
    # What went wrong is asked for first; where nothing did, what was said most.
    wrong = [name for name in ("FATAL", "ERROR", "WARN") if name in said] or [name for name in LEVELS if name in said]
    messages = [Message(number, text) for name in wrong for text, number in said[name].most_common(top)][:top]
    ordered = {name: levels[name] for name in LEVELS if name in levels}
    lines = [f"From {times[0]} to {times[-1]}.", ""] if times else []
    lines += [f"- {name}: {number}" for name, number in ordered.items()]
    if messages:
        lines += ["", "| times | message |", "|---:|---|"]
        lines += [f"| {message.count} | {cell(message.text)} |" for message in messages]
    summary = ", ".join([plural(count, "line"), *(f"{number} {name}" for name, number in ordered.items())])
    first, last = (times[0], times[-1]) if times else (None, None)
    return summary, Data("log", count, levels=ordered, first=first, last=last, messages=messages), "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """Text that a table of Markdown can hold."""
    return text.replace("|", "\\|")[:200]


def plural(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
