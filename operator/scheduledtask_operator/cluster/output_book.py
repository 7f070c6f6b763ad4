"""What runs printed, as far as the scheduler told: the end of it, kept while there is room."""

from collections import OrderedDict
from dataclasses import dataclass

from scheduledtask_workloads.contract import RunRecord, RunState, TaskKey
from scheduledtask_workloads.contract.messages import RunChanged, SchedulerToControl, TaskHistory

ENTRY_CHARACTERS = 500  # what each is held to take beside its text
LIMIT_CHARACTERS = 16 * 1024**2  # of the leader's 256 MiB; a run's is 64 Ki at most, and 4 Ki as the ledger has it


@dataclass(frozen=True, slots=True)
class KeptOutput:
    """Of a run's latest attempt that has ended. `ended_at`: Unix seconds."""

    run_id: str
    attempt: int
    state: RunState
    text: str
    ended_at: float | None


class OutputBook:
    """Those that were told last stay. Of a leader's own time whole tails are kept, of before what the ledger kept."""

    def __init__(self, limit_characters: int = LIMIT_CHARACTERS) -> None:
        self._limit_characters = limit_characters
        self._kept: OrderedDict[tuple[TaskKey, str], KeptOutput] = OrderedDict()
        self._characters = 0

    def hear(self, message: SchedulerToControl) -> None:
        match message:
            case RunChanged(record=record):
                self._keep(record)
            case TaskHistory():
                for record in reversed(message.records):
                    self._keep(record)

    def of(self, key: TaskKey, run_id: str) -> KeptOutput | None:
        """None of a run that was not told of, that has not ended, or that fell out."""
        return self._kept.get((key, run_id))

    def _keep(self, record: RunRecord) -> None:
        """A run that ended is kept with what it printed, also nothing; one under way only with an attempt before."""
        if not record.output and not record.state.final:
            return
        place = (TaskKey(record.namespace, record.name), record.run_id)
        known = self._kept.get(place)
        if known is not None and len(known.text) > len(record.output) and known.attempt == record.attempts:
            return  # the ledger's copy, which is shorter, told again
        if known is not None:
            self._characters -= _size(known)
        kept = KeptOutput(record.run_id, record.attempts, record.state, record.output, record.ended_at)
        self._kept[place] = kept
        self._kept.move_to_end(place)
        self._characters += _size(kept)
        self._shrink()

    def _shrink(self) -> None:
        while self._characters > self._limit_characters:
            self._characters -= _size(self._kept.popitem(last=False)[1])


def _size(kept: KeptOutput) -> int:
    return len(kept.text) + ENTRY_CHARACTERS
