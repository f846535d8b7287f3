"""Write executors for hob.

What is here runs in a component and in any Python 3.11 alike: `hob_plugin.component` alone knows hob.
"""

from .errors import Cancelled, Denied, Failed, InvalidParams
from .executor import Executor, Param, Success, executor
from .task import Task

__version__ = "0.1.0"
__all__ = [
    "Cancelled",
    "Denied",
    "Executor",
    "Failed",
    "InvalidParams",
    "Param",
    "Success",
    "Task",
    "executor",
]
