"""What is built: nothing to change here."""

from executor import plugin
from hob_plugin.component import component

Executor = component(plugin)
