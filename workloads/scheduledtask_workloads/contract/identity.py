"""How tasks, runs and attempts are called."""

import hashlib
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple, Self

from scheduledtask_workloads.contract.model import Message


class TaskKey(NamedTuple):
    """One ScheduledTask; written `namespace/name`."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError unless `text` is `namespace/name`."""
        namespace, separator, name = text.partition("/")
        if not (namespace and separator and name):
            raise ValueError(f"{text!r} is not namespace/name")
        return cls(namespace, name)


def slot_run_id(name: str, slot_epoch_seconds: int) -> str:
    """The run of a slot, the same wherever it is computed: `NAME-20261122T190000Z`."""
    return f"{name}-{_stamp(slot_epoch_seconds)}"


@lru_cache(maxsize=64)  # thousands of tasks share a slot, and formatting it costs more than the rest of a claim
def _stamp(slot_epoch_seconds: int) -> str:
    return f"{datetime.fromtimestamp(slot_epoch_seconds, UTC):%Y%m%dT%H%M%SZ}"


_REQUESTED = re.compile(r"(?P<name>[a-z0-9][-a-z0-9]*)-r[0-9a-f]{10}")  # a slot's has capital letters


def request_run_id(name: str, uid: str) -> str:
    """The run that an object asks for: `NAME-r` and ten hexadecimal digits, which follow from the object's identity."""
    return f"{name}-r{hashlib.sha256(uid.encode()).hexdigest()[:10]}"


def requesting_object(run_id: str) -> str | None:
    """The name of the object that asked for a run; None of a run that no object asked for."""
    match = _REQUESTED.fullmatch(run_id)
    return match["name"] if match else None


def triggered_run_name(parent: TaskKey, parent_run_id: str, name: str) -> str:
    """What asks for the run of the ScheduledTask `name` that follows the end of a run: always the same, 63 characters
    at most.
    """
    digest = hashlib.sha256(f"{parent}\0{parent_run_id}".encode()).hexdigest()
    return f"{name}-{digest[:10]}"


def run_artifacts_url(artifacts_url: str, key: TaskKey, run_id: str) -> str:
    """The folder of one run below what a job has; empty where it has none."""
    return f"{artifacts_url.rstrip('/')}/{key.namespace}/{key.name}/{run_id}" if artifacts_url else ""


class AttemptRef(Message):
    """One attempt of one run, admitted under one leader's fence. Attempts count from 1."""

    namespace: str
    name: str
    run_id: str
    attempt: int
    fence: int

    @property
    def key(self) -> TaskKey:
        return TaskKey(self.namespace, self.name)

    @property
    def attempt_id(self) -> str:
        """Unique in a namespace: `RUN.ATTEMPT`; the Celery task's id."""
        return f"{self.run_id}.{self.attempt}"
