"""The two functions that the contract asks of a component."""

import json
import sys
import traceback
from typing import Any

from .check import misfits
from .errors import Cancelled, Denied, Failed, InvalidParams
from .executor import Executor, plain, schema
from .task import Task


def run(executor: Executor, host: Any, raw: Any) -> Any:
    """Runs a task and gives the contract's `success`; what goes wrong is raised as its `task-error`."""
    types = host.types
    try:
        params = json.loads(raw.params)
        if problems := misfits(schema(executor.params), params):
            raise InvalidParams(problems)
        result = executor.run(params, Task(host, raw))
        data = None if result.data is None else json.dumps(plain(result.data), ensure_ascii=False)
        return types.Success(result.summary, data)
    except Denied as error:
        raised = types.TaskError_Denied(str(error))
    except Cancelled:
        raised = types.TaskError_Cancelled()
    except InvalidParams as error:
        raised = types.TaskError_InvalidParams(list(error.problems.items()))
    except Failed as error:
        data = None if error.data is None else json.dumps(plain(error.data), ensure_ascii=False)
        raised = types.TaskError_Failed(types.Failure(str(error), error.retryable, error.retry_after_ms, data))
    except Exception as error:
        # One that nobody meant: the log has where it came from.
        traceback.print_exc(file=sys.stderr)
        raised = types.TaskError_Failed(types.Failure(_unexpected(error), False, None, None))
    raise host.Err(raised)


def _unexpected(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "hob_plugin" not in frame.filename] or frames
    place = f" ({own[-1].filename}:{own[-1].lineno}, in {own[-1].name})" if own else ""
    return "".join(traceback.format_exception_only(error)).strip() + place
