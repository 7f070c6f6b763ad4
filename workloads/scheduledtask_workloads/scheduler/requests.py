"""Runs that were asked for outside of the schedule: they wait for a round of admission, and each is answered."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from scheduledtask_workloads.contract import Job, Reason, RunRecord, RunState, TaskClass, TaskKey
from scheduledtask_workloads.contract.messages import RequestRun, RunChanged, RunRefused
from scheduledtask_workloads.contract.model import Message
from scheduledtask_workloads.ledger import Admission, Claim, Verdict
from scheduledtask_workloads.scheduler.job_book import JobBook
from scheduledtask_workloads.scheduler.plan import Candidate

RunKey = tuple[TaskKey, str]
"""A task, and the id of its run."""


@dataclass(slots=True)
class _Asked:
    message: RequestRun
    at: float
    taken: bool = False
    """Its admission is under way."""
    cancelled: bool = False


class Requests:
    """`tell` reaches the control plane; `retell` has the record told of a run that was decided before."""

    def __init__(
        self, book: JobBook, tell: Callable[[Iterable[Message]], None], retell: Callable[[RunKey], None]
    ) -> None:
        self._book = book
        self._tell = tell
        self._retell = retell
        self._waiting: dict[RunKey, _Asked] = {}
        self.cancel_admitted: Callable[[RunKey], None] = lambda run: None
        """Told of a run whose cancellation came while its admission was under way."""

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def ask(self, message: RequestRun, now: float) -> None:
        """The same run asked for again waits once, and counts from the first time (`now`, Unix seconds)."""
        if self._book.find(TaskKey(message.namespace, message.name)) is None:
            self._tell([_unknown(message)])
        else:
            self._waiting.setdefault(_run_key(message), _Asked(message, now))

    def cancel(self, run: RunKey) -> None:
        asked = self._waiting.get(run)
        if asked is not None and asked.taken:
            asked.cancelled = True
        elif asked is not None:
            self._refuse_cancelled(run, asked)

    def forget(self) -> None:
        """Whoever leads next is asked again."""
        self._waiting.clear()

    def take(self) -> dict[TaskClass, list[Candidate]]:
        """For admission; what it does not answer is taken again."""
        taken: dict[TaskClass, list[Candidate]] = {engine: [] for engine in TaskClass}
        for run, asked in list(self._waiting.items()):
            held = self._book.find(run[0])
            if asked.cancelled:
                self._refuse_cancelled(run, asked)
            elif held is None:
                del self._waiting[run]
                self._tell([_unknown(asked.message)])
            else:
                asked.taken = True
                taken[held.job.task_class].append((held, _claim(held.job, asked)))
        return taken

    def answer(self, candidates: Sequence[Candidate], admissions: Sequence[Admission], now: float) -> None:
        """What admission said."""
        for (_, claim), admission in zip(candidates, admissions, strict=True):
            run = (claim.job.key, claim.run_id)
            asked = self._waiting.pop(run, None)
            if admission.verdict is Verdict.ALREADY_DECIDED:
                self._retell(run)
            elif admission.verdict is Verdict.ADMITTED:
                self._tell([RunChanged(record=_admitted(claim, now))])
            elif admission.reason is not None:
                self._tell([_refused(claim, admission.reason)])
            if asked is not None and asked.cancelled:
                self.cancel_admitted(run)

    def _refuse_cancelled(self, run: RunKey, asked: _Asked) -> None:
        del self._waiting[run]
        self._tell([_refusal(asked.message, Reason.CANCELLED, "cancelled before it was admitted", final=True)])


def gone(run: RunKey) -> RunRefused:
    """The answer of a ledger that remembers the request, and not what became of it."""
    message = "the run was decided before, and its record is no longer kept"
    return RunRefused(
        namespace=run[0].namespace,
        name=run[0].name,
        run_id=run[1],
        reason=Reason.RECORD_GONE,
        message=message,
        final=True,
    )


def _run_key(message: RequestRun) -> RunKey:
    return TaskKey(message.namespace, message.name), message.run_id


def _claim(job: Job, asked: _Asked) -> Claim:
    arguments = asked.message.arguments
    if arguments:
        job = job.model_copy(update={"arguments": {**job.arguments, **arguments}})
    message = asked.message
    return Claim(job, message.run_id, None, asked.at, message.slot_epoch_seconds, message.triggered_by)


def _admitted(claim: Claim, now: float) -> RunRecord:
    return RunRecord(
        namespace=claim.job.namespace,
        name=claim.job.name,
        run_id=claim.run_id,
        task_class=claim.job.task_class,
        state=RunState.ADMITTED,
        attempts=1,
        trigger_depth=claim.triggered_by.depth if claim.triggered_by else 0,
        admitted_at=now,
    )


def _refused(claim: Claim, reason: Reason) -> RunRefused:
    job = claim.job
    if reason is Reason.OVERLAP:
        message = f"{job.max_concurrency} active already: concurrencyPolicy is Forbid, maxConcurrency that many"
    else:
        message = f"startingDeadlineSeconds {job.starting_deadline_seconds} had passed before it could be admitted"
    return RunRefused(
        namespace=job.namespace,
        name=job.name,
        run_id=claim.run_id,
        reason=reason,
        message=message,
        final=reason is not Reason.OVERLAP,
    )


def _unknown(message: RequestRun) -> RunRefused:
    text = f"no ScheduledTask {message.namespace}/{message.name} is held by the scheduler"
    return _refusal(message, Reason.UNKNOWN_TASK, text, final=False)


def _refusal(message: RequestRun, reason: Reason, text: str, *, final: bool) -> RunRefused:
    return RunRefused(
        namespace=message.namespace,
        name=message.name,
        run_id=message.run_id,
        reason=reason,
        message=text,
        final=final,
    )
