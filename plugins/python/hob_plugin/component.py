"""Makes the component of an executor. The only file that imports what hob has to offer, so it runs in a component only."""

from types import SimpleNamespace
from typing import Any

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import context, files, http, io, process, search, state, types

from . import preload, serve  # noqa: F401, `preload` for what it does
from .executor import Executor

_HOST = SimpleNamespace(
    context=context,
    files=files,
    http=http,
    io=io,
    process=process,
    search=search,
    state=state,
    types=types,
    Err=Err,
)


def component(executor: Executor) -> type:
    """The class that `component.py` of a project has under the name `Executor`."""

    class Component(exports.Executor):
        def describe(self) -> str:
            return executor.describe()

        def run(self, task: Any) -> Any:
            return serve.run(executor, _HOST, task)

    return Component
