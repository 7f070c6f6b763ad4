"""What the references of light tasks stand for: read when a task is looked at, and again while it is used."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping

from scheduledtask_operator.api.conditions import ConditionReason
from scheduledtask_operator.control.acceptance import Accepted, Pending, Refused
from scheduledtask_operator.control.ports import SecretProblem, Secrets
from scheduledtask_workloads.contract import Job, TaskClass, TaskKey
from scheduledtask_workloads.contract.secrets import SecretReference, SecretValue, references_in

READ_AGAIN_SECONDS = 20.0  # with the port's own cache, a Secret that was changed counts within a minute
Verdict = Accepted | Refused | Pending
Place = tuple[str, SecretReference]
logger = logging.getLogger(__name__)


class SecretBook:
    """Keep `run` running. `changed` hears of the tasks whose values are others, or cannot be had any more."""

    def __init__(self, secrets: Secrets, changed: Callable[[Iterable[TaskKey]], None]) -> None:
        self._secrets = secrets
        self._changed = changed
        self._used: dict[TaskKey, frozenset[SecretReference]] = {}
        self._known: dict[Place, str | SecretProblem] = {}

    async def settle(
        self, key: TaskKey, verdict: Verdict | None, arguments: Mapping[str, object], held: Job | None
    ) -> tuple[Verdict | None, tuple[SecretValue, ...]]:
        """The verdict, when that of the Secrets is counted in, and the values of what is to be held.

        `arguments` are those of the verdict's version. What is refused keeps the job that it had, with its values.
        """
        wanted = references_in(arguments) if _is_light(verdict) else ()
        kept = references_in(held.arguments) if held is not None and held.task_class is TaskClass.LIGHT else ()
        found = await self._read(key, {*wanted, *kept})
        asked = [found[reference] for reference in wanted]
        messages = dict.fromkeys(
            one.message for one in asked if isinstance(one, SecretProblem)
        )  # a Secret has many keys
        problems = tuple(f"spec.arguments: {message}" for message in messages)
        if problems and isinstance(verdict, Accepted):
            verdict = Refused(ConditionReason.SECRET_NOT_READABLE, problems, verdict.classification)
        holds = wanted if isinstance(verdict, Accepted) else kept
        return verdict, tuple(_value(ref, value) for ref in holds if isinstance(value := found[ref], str))

    def forget(self, key: TaskKey) -> None:
        if self._used.pop(key, None):
            self._drop_unused()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(READ_AGAIN_SECONDS)
            await self.read_again()

    async def read_again(self) -> None:
        """Everything that is used."""
        for place in list(self._known):
            before = self._known[place]
            await self._ask(place)
            if place in self._known and self._known[place] != before:
                namespace, reference = place
                logger.info("changed: %s", reference, extra={"namespace": namespace})
                self._changed(
                    [key for key, used in self._used.items() if key.namespace == namespace and reference in used]
                )

    async def _read(
        self, key: TaskKey, references: Collection[SecretReference]
    ) -> dict[SecretReference, str | SecretProblem]:
        if not references:
            self.forget(key)
            return {}
        self._used[key] = frozenset(references)
        for reference in references:
            if (key.namespace, reference) not in self._known:
                await self._ask((key.namespace, reference))
        self._drop_unused()
        return {reference: self._known[key.namespace, reference] for reference in references}

    async def _ask(self, place: Place) -> None:
        """Where nobody answers, what was known stays."""
        found = await self._secrets.value(*place)
        passing = isinstance(found, SecretProblem) and found.is_passing
        if not (passing and isinstance(self._known.get(place), str)):
            self._known[place] = found

    def _drop_unused(self) -> None:
        used = {(key.namespace, reference) for key, references in self._used.items() for reference in references}
        for place in self._known.keys() - used:
            del self._known[place]


def _is_light(verdict: Verdict | None) -> bool:
    return isinstance(verdict, Accepted) and verdict.classification.task_class is TaskClass.LIGHT


def _value(reference: SecretReference, value: str) -> SecretValue:
    return SecretValue.model_validate({"name": reference.name, "key": reference.key, "value": value})
