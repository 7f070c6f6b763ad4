"""A light task may name what its body imports, so that the light engine's processes share it."""

import subprocess
import sys

from scheduledtask_workloads.catalog import load_catalog, task
from scheduledtask_workloads.catalog.task import attached_task


def test_a_task_carries_the_modules_that_its_body_imports() -> None:
    @task("digest", light=True, imports=["hashlib"])
    def digest() -> str:
        """Hash."""
        return ""

    found = attached_task(digest)

    assert found is not None
    assert found.imports == ("hashlib",)


def test_the_built_in_ones_name_modules_that_are_there() -> None:
    modules = [module for task in load_catalog().tasks.values() for module in task.imports]

    assert modules
    subprocess.run([sys.executable, "-c", f"import {', '.join(modules)}"], check=True, timeout=60)
