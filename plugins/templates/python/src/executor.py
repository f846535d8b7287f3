import re
from collections import Counter
from dataclasses import dataclass
from typing import Annotated

from hob_plugin import Param, Success, Task, executor


@dataclass
class Params:
    glob: Annotated[str | None, Param("Which files, such as '*.md'; otherwise all", positional=True)] = None
    top: Annotated[int, Param("How many of the most frequent words to show", minimum=1)] = 5


@dataclass
class Data:
    files: Annotated[int, "Files that were read"]
    words: Annotated[int, "Words in all of them"]


@executor(
    name="{{name}}",
    version="0.1.0",
    summary="Count the words of the files in a folder",
    asks={"dirs": [{"guest": "/project", "mode": "ro", "reason": "it reads the files of the folder you are in"}]},
)
def plugin(params: Params, task: Task) -> Success[Data]:
    counts: Counter[str] = Counter()
    files = 0
    for file in task.walk("/project", params.glob):
        task.check()  # ends here when the task is cancelled
        task.progress(None, file.path)
        counts.update(re.findall(r"[^\W\d_]+", file.text.lower()))
        files += 1
    for word, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[: params.top]:
        task.print(f"{count} {word}")
    words = counts.total()
    return Success(f"{words} words in {files} files", Data(files, words))
