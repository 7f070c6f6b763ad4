"""`scheduledtask inventory`: of manifests, of what a cluster says, and measured here."""

import json
import subprocess
import sys

from scheduledtask_operator.manifests.inventory_document import Inventory
from scheduledtask_operator.manifests.inventory_page import inventory_page

PROGRAM = [sys.executable, "-m", "scheduledtask_operator.cli", "inventory"]


def inventory_of(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *arguments], input=stdin, capture_output=True, text=True, timeout=240, check=False)


def test_it_runs_the_tasks_and_measures_them_and_idle_workers_and_leaves_nothing_behind(folder, tmp_path) -> None:
    folder.write("ticking", schedule="* * * * * *")
    folder.write("ticking-too", schedule="* * * * * *")

    ended = inventory_of("-f", str(folder.root), "--for", "2", "--directory", str(tmp_path / "docs"))

    assert ended.returncode == 0, ended.stderr
    made = Inventory.model_validate_json((tmp_path / "docs" / "inventory.json").read_text())
    assert (tmp_path / "docs" / "inventory.md").read_text() == inventory_page(made)
    for task in made.tasks:
        assert task.observed is not None
        assert task.observed.outcomes == {"Succeeded": task.observed.runs}
        assert task.observed.peak_memory_bytes is not None
    saving = made.light_saving
    assert saving is not None
    assert (saving.light_tasks, saving.workers_measured) == (2, 2)
    assert min(saving.scheduler_bytes, saving.runners_bytes, saving.idle_worker_bytes) > 10 * 1000**2
    assert not folder.state.exists()


def test_what_kubectl_gets_is_an_inventory_with_what_the_operator_observed() -> None:
    task = {
        "apiVersion": "scheduledtask.dev/v1alpha1",
        "kind": "ScheduledTask",
        "metadata": {"name": "check", "namespace": "team", "uid": "1", "managedFields": [], "generation": 2},
        "spec": {"task": "system-health", "schedule": "@hourly"},
        "status": {"class": "Light", "observed": {"runs": 40, "duration": "210ms", "memory": "41.2Mi"}},
    }
    got = json.dumps({"apiVersion": "v1", "kind": "List", "items": [task], "metadata": {"resourceVersion": ""}})

    ended = inventory_of("-f", "/dev/stdin", stdin=got)

    assert ended.returncode == 0, ended.stderr
    assert "what was observed is what the status of each ScheduledTask says" in ended.stdout
    assert "| **team/check** (system-health) | Light |" in ended.stdout
    assert "40, 210ms, 41.2Mi, -" in ended.stdout
