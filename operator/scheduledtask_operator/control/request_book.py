"""What was asked for, heard and written of each requested run, since this process began."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from scheduledtask_operator.api import ScheduledTaskRunStatus
from scheduledtask_operator.control.run_requests import RequestKey
from scheduledtask_operator.decisions.requests import Refusal
from scheduledtask_workloads.contract import RunRecord
from scheduledtask_workloads.contract.identity import requesting_object
from scheduledtask_workloads.contract.messages import RunRefused


@dataclass(slots=True)
class RequestedRun:
    """`noticed_at`: when the object was first looked at. `missed_at`: when it was first found gone."""

    record: RunRecord | None = None
    refusal: Refusal | None = None
    noticed_at: datetime | None = None
    asked_at: datetime | None = None
    missed_at: datetime | None = None
    cancels: int = 0
    written: ScheduledTaskRunStatus | None = None
    owner_uid: str = ""
    """The ScheduledTask that it was made to go with."""

    def forget_result(self) -> None:
        """It was written down, and may be large."""
        if self.record is not None:
            self.record = self.record.model_copy(update={"result": None})


class RequestBook:
    """An object of the same name that comes later asks for another run: both are kept, below one key."""

    def __init__(self) -> None:
        self._runs: dict[RequestKey, dict[str, RequestedRun]] = {}

    def keys(self) -> list[RequestKey]:
        return list(self._runs)

    def run(self, key: RequestKey, run_id: str) -> RequestedRun:
        """Made, when nothing was known of it."""
        return self._runs.setdefault(key, {}).setdefault(run_id, RequestedRun())

    def others(self, key: RequestKey, run_id: str | None) -> Iterator[tuple[str, RequestedRun]]:
        """The runs below a key that are not the one of its object."""
        return ((other, known) for other, known in list(self._runs.get(key, {}).items()) if other != run_id)

    def forget(self, key: RequestKey, run_id: str) -> None:
        known = self._runs.get(key, {})
        known.pop(run_id, None)
        if not known:
            self._runs.pop(key, None)

    def hear(self, record: RunRecord) -> RequestKey | None:
        """None of a run that no object asked for. What has ended does not become active again."""
        key = _key(record.namespace, record.run_id)
        if key is not None:
            known = self.run(key, record.run_id)
            if known.record is None or not known.record.state.final:
                known.record = record.model_copy(update={"output": ""})
        return key

    def refuse(self, message: RunRefused) -> RequestKey | None:
        key = _key(message.namespace, message.run_id)
        if key is not None:
            self.run(key, message.run_id).refusal = Refusal(message.reason, message.message, message.final)
        return key

    def prompt(self, key: RequestKey, run_id: str) -> None:
        """Asked at once the next time, whatever was answered."""
        known = self.run(key, run_id)
        if known.refusal is not None and not known.refusal.final:
            known.asked_at = None

    def begin_term(self) -> None:
        """Another leader may have written and asked since."""
        for runs in self._runs.values():
            for known in runs.values():
                known.written, known.asked_at, known.refusal, known.owner_uid = None, None, None, ""


def _key(namespace: str, run_id: str) -> RequestKey | None:
    name = requesting_object(run_id)
    return None if name is None else RequestKey(namespace, name)
