"""Values of Secrets are read with a task, and again while it is used; nobody's answer takes nothing away."""

import asyncio
from pathlib import Path

from scheduledtask_operator.api import ScheduledTaskSpec
from scheduledtask_operator.api.conditions import ConditionReason
from scheduledtask_operator.control.acceptance import Accepted, Refused
from scheduledtask_operator.control.ports import SecretProblem
from scheduledtask_operator.control.secret_book import SecretBook
from scheduledtask_operator.decisions.classification import classify
from scheduledtask_operator.local.secrets import LocalSecrets
from scheduledtask_workloads.contract import CatalogEntry, Job, TaskClass, TaskKey
from scheduledtask_workloads.contract.secrets import SecretReference

KEY = TaskKey("team", "report")
REFUSED = Refused(ConditionReason.BAD_ARGUMENTS, ("bad",))
ARGUMENTS = {"password": {"secretKeyRef": {"name": "db", "key": "password"}}}


class Unanswering:
    """In the place of an API server that is away."""

    def __init__(self, secrets: LocalSecrets) -> None:
        self._secrets = secrets
        self.is_away = False

    async def value(self, namespace: str, reference: SecretReference) -> str | SecretProblem:
        if self.is_away:
            return SecretProblem("no answer", is_passing=True)
        return await self._secrets.value(namespace, reference)


class Desk:
    """A book over a folder."""

    def __init__(self, folder: Path, value: str | None = "hunter2") -> None:
        self.file = folder / "db" / "password"
        self.file.parent.mkdir()
        if value is not None:
            self.file.write_text(value)
        self.port = Unanswering(LocalSecrets({}, folder))
        self.changed: list[TaskKey] = []
        self.book = SecretBook(self.port, self.changed.extend)

    def settle(self, task_class: TaskClass = TaskClass.LIGHT, held: Job | None = None, verdict=None, arguments=None):
        verdict = verdict or accepted_task(task_class)
        given = ARGUMENTS if arguments is None else arguments
        return asyncio.run(self.book.settle(KEY, verdict, given, held))

    def values(self, **given) -> list[str]:
        _, values = self.settle(**given)
        return [value.value.get_secret_value() for value in values]

    def read_again(self) -> None:
        asyncio.run(self.book.read_again())


def accepted_task(task_class: TaskClass) -> Accepted:
    entry = CatalogEntry(name="report", light=True)
    return Accepted(entry, classify(ScheduledTaskSpec.model_validate({"task": "report", "class": task_class}), entry))


def job(task_class: TaskClass = TaskClass.LIGHT) -> Job:
    return Job(namespace="team", name="report", task_class=task_class, task="report", arguments=ARGUMENTS)


def test_a_light_task_gets_its_values(tmp_path: Path) -> None:
    verdict, (value,) = Desk(tmp_path).settle()

    assert isinstance(verdict, Accepted)
    assert (value.name, value.key, value.value.get_secret_value()) == ("db", "password", "hunter2")


def test_the_values_of_a_heavy_task_are_not_read(tmp_path: Path) -> None:
    verdict, values = Desk(tmp_path, value=None).settle(TaskClass.HEAVY)

    assert isinstance(verdict, Accepted)
    assert values == ()


def test_what_cannot_be_read_refuses_the_task_and_keeps_its_class(tmp_path: Path) -> None:
    verdict, values = Desk(tmp_path, value=None).settle()

    assert isinstance(verdict, Refused)
    assert verdict.reason == "SecretNotReadable"
    assert verdict.messages[0].startswith("spec.arguments: key password of Secret db: is not here; ")
    assert verdict.classification is not None
    assert values == ()


def test_the_version_that_stays_in_force_keeps_its_values(tmp_path: Path) -> None:
    desk = Desk(tmp_path)

    assert desk.values(held=job(), verdict=REFUSED, arguments={}) == ["hunter2"]
    assert desk.values(held=job(TaskClass.HEAVY), verdict=REFUSED, arguments={}) == []


def test_another_value_is_told_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.settle()
    desk.file.write_text("hunter3")

    desk.read_again()
    desk.read_again()

    assert desk.changed == [KEY]
    assert desk.values() == ["hunter3"]


def test_a_value_that_may_not_be_read_any_more_is_gone(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.settle()
    desk.file.unlink()

    desk.read_again()

    assert desk.changed == [KEY]
    assert desk.values(held=job()) == []


def test_while_nobody_answers_the_last_value_counts(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.settle()
    desk.port.is_away = True

    desk.read_again()

    assert desk.changed == []
    assert desk.values() == ["hunter2"]


def test_what_nobody_uses_is_forgotten(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.settle()

    desk.settle(arguments={})

    desk.file.write_text("hunter3")
    desk.read_again()
    assert desk.changed == []
