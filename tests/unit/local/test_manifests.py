"""A manifest that turns bad keeps its last good version; one that is gone is gone."""

from pathlib import Path

import pytest

from scheduledtask_operator.local.manifests import Manifests
from scheduledtask_workloads.contract import TaskKey

A, B = TaskKey("default", "a"), TaskKey("default", "b")


def document(name: str, schedule: str = "* * * * *") -> str:
    return f"""
apiVersion: scheduledtask.dev/v1alpha1
kind: ScheduledTask
metadata: {{name: {name}}}
spec: {{schedule: "{schedule}", task: system-health}}
"""


@pytest.fixture
def manifests(tmp_path: Path) -> Manifests:
    (tmp_path / "a.yaml").write_text(document("a"))
    (tmp_path / "b.yaml").write_text(document("b"))
    manifests = Manifests([tmp_path], recursive=False)
    manifests.adopt(manifests.read())
    return manifests


def reread(manifests: Manifests) -> set[TaskKey]:
    return manifests.adopt(manifests.read())


def schedule_of(manifests: Manifests, key: TaskKey) -> str | None:
    resource = manifests.get(key)
    return resource.task.spec.schedule if resource else None


def test_an_edit_changes_its_own_key_alone(manifests: Manifests, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(document("a", "*/5 * * * *"))

    assert reread(manifests) == {A}
    assert schedule_of(manifests, A) == "*/5 * * * *"


@pytest.mark.parametrize("bad", [document("a", "every day"), "metadata: {name: a\n", document("a") + "  color: red\n"])
def test_a_bad_edit_keeps_the_last_good_version_and_says_why(manifests: Manifests, tmp_path: Path, bad: str) -> None:
    (tmp_path / "a.yaml").write_text(bad)

    changed = reread(manifests)
    resource = manifests.get(A)

    assert changed == {A}
    assert schedule_of(manifests, A) == "* * * * *"
    assert resource is not None
    assert "a.yaml" in resource.problem


def test_a_repaired_edit_takes_over(manifests: Manifests, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("{")
    reread(manifests)
    (tmp_path / "a.yaml").write_text(document("a", "*/5 * * * *"))

    assert reread(manifests) == {A}
    assert manifests.problems == ()
    assert schedule_of(manifests, A) == "*/5 * * * *"


def test_a_removed_file_takes_its_tasks_with_it(manifests: Manifests, tmp_path: Path) -> None:
    (tmp_path / "b.yaml").unlink()

    assert reread(manifests) == {B}
    assert manifests.get(B) is None
    assert set(manifests.keys()) == {A}


def test_a_bad_file_does_not_hold_up_the_others(manifests: Manifests, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("{")
    (tmp_path / "b.yaml").write_text(document("b", "*/5 * * * *"))

    assert reread(manifests) == {A, B}
    assert schedule_of(manifests, B) == "*/5 * * * *"


RUN = """
apiVersion: scheduledtask.dev/v1alpha1
kind: ScheduledTaskRun
metadata: {name: now}
spec: {scheduledTask: a}
"""


def test_a_run_is_asked_for_once_its_task_is_there(manifests: Manifests, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(RUN.replace("scheduledTask: a", "scheduledTask: late"))
    reread(manifests)
    assert manifests.runs == ()

    (tmp_path / "late.yaml").write_text(document("late", "*/5 * * * *"))
    reread(manifests)

    assert [parsed.run.metadata.name for parsed in manifests.runs] == ["now"]
    assert manifests.problems == ()


def test_with_requests_alone_there_is_nothing_to_run_here(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(RUN)

    (problem,) = Manifests([tmp_path], recursive=False).read().problems

    assert "run.yaml:2: holds no ScheduledTask, only a ScheduledTaskRun; add the ScheduledTask" in str(problem)
