"""Each body as a light and as a heavy task: `light-raises`, `heavy-raises` and so on."""

import functools
import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any

import misbehaving_bodies as bodies

from scheduledtask_workloads.catalog import task


def _copy(body: FunctionType) -> Callable[..., Any]:
    """A function can be one task only."""
    copy = FunctionType(body.__code__, body.__globals__, body.__name__, body.__defaults__, body.__closure__)
    return functools.update_wrapper(copy, body)


for name, body in list(vars(bodies).items()):
    if inspect.isfunction(body) and not name.startswith("_"):
        dashed = name.replace("_", "-")
        globals()[f"light_{name}"] = task(f"light-{dashed}", light=True)(_copy(body))
        globals()[f"heavy_{name}"] = task(f"heavy-{dashed}")(_copy(body))
