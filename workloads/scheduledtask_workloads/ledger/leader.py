"""The ledger as the scheduler uses it: admission, the way of light attempts, sweep, cancellation and reading."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import redis.asyncio

from scheduledtask_workloads.contract import (
    AttemptRef,
    AttemptReport,
    Job,
    Reason,
    RunRecord,
    RunState,
    TaskKey,
)
from scheduledtask_workloads.contract.keys import EPOCH_KEY, NamespaceKeys
from scheduledtask_workloads.contract.messages import SlotsSkipped
from scheduledtask_workloads.ledger.access import LedgerAccess
from scheduledtask_workloads.ledger.asking import AsyncServer
from scheduledtask_workloads.ledger.attendance import LedgerAttendance
from scheduledtask_workloads.ledger.claim import Admission, Claim, RunWithoutRedis, Verdict
from scheduledtask_workloads.ledger.errors import FencedOut
from scheduledtask_workloads.ledger.holding import LedgerHolding
from scheduledtask_workloads.ledger.reading import LedgerReading
from scheduledtask_workloads.ledger.values import CancelOutcome, DueRun, Epoch, NextAttempt
from scheduledtask_workloads.ledger.wire import (
    Argument,
    JobEncoder,
    claim_lines,
    instant,
    next_attempt,
    or_empty,
    order_line,
    ref_arguments,
    report_arguments,
    rows,
    text,
)

DEFAULT_PATIENCE_SECONDS = 30.0
"""How long a heavy attempt may wait for a worker before the sweep asks whether its message still exists."""

SWEEP_LIMIT = 500  # runs of a namespace that one sweep looks at; the next sweep takes the rest

_NO_MEMORY: tuple[Argument, ...] = ("", "", "")
_ADMISSIONS = {  # one object for all answers alike, as ten thousand come within a tenth of a second
    "A": Admission(Verdict.ADMITTED),
    "D": Admission(Verdict.ALREADY_DECIDED),
    "O": Admission(Verdict.SKIPPED, Reason.OVERLAP),
    "L": Admission(Verdict.SKIPPED, Reason.DEADLINE),
    "F": Admission(Verdict.FENCED),
    "E": Admission(Verdict.EPOCH_MISSING),
}
_CANCEL_OUTCOMES = {"E": CancelOutcome.ENDED, "F": CancelOutcome.FLAGGED, "U": CancelOutcome.UNKNOWN}


class Ledger(LedgerReading, LedgerAttendance, LedgerAccess, LedgerHolding):
    """Runs in Redis, for the one scheduler that leads. Each method is one round trip unless it says otherwise.

    Leases, retry pauses and patience are measured by the server's clock. Every method raises LedgerUnreachable when
    Redis does not answer; what was asked then may have been done, and asking again does it once.
    `patience_seconds`: see DEFAULT_PATIENCE_SECONDS.
    """

    def __init__(self, client: redis.asyncio.Redis, patience_seconds: float = DEFAULT_PATIENCE_SECONDS) -> None:
        super().__init__(AsyncServer(client))
        self._patience_seconds = patience_seconds
        self._encoder = JobEncoder()

    # --- leadership and epoch

    async def take_leadership(self, fence: int) -> None:
        """Show this leader's number. Raises FencedOut when a newer leader was here."""
        if int(await self._server.run("lead", (fence,))) != fence:
            raise FencedOut(fence)

    async def epoch(self) -> Epoch:
        """Whether the ledger was compared since the server started. Two round trips."""
        info = await self._server.ask(self._server.client.info("server"))
        stamped = await self._server.ask(self._server.client.get(EPOCH_KEY))
        return Epoch(str(info["run_id"]), None if stamped is None else text(stamped))

    async def stamp_epoch(self, fence: int, server_run_id: str) -> bool:
        """Declare the ledger compared; False when the server is no longer the one that comparing began with.

        Raises FencedOut.
        """
        answer = await self._server.run_as_leader("stamp", fence, (server_run_id,))
        return text(answer) == "S"

    async def raise_watermarks(self, watermarks: Mapping[TaskKey, int]) -> None:
        """Take slots up to these (Unix seconds) for decided; a watermark never goes down."""
        arguments: list[Argument] = []
        for key, slot in watermarks.items():
            arguments += (NamespaceKeys(key.namespace).prefix, key.name, slot)
        await self._server.run("raise_watermarks", arguments)

    async def spare_workers(self, namespace: str, fence: int, lease_seconds: float) -> int:
        """Heavy attempts whose leases lapsed while the server was away hold for so long from now; how many they are.

        A round trip for every SWEEP_LIMIT runs that are due. Raises FencedOut.
        """
        spared = passed = 0
        while True:
            arguments = (NamespaceKeys(namespace).prefix, lease_seconds, passed, SWEEP_LIMIT)
            looked_at, passed_now = map(int, await self._server.run_as_leader("spare", fence, arguments))
            spared += looked_at - passed_now
            passed += passed_now
            if looked_at < SWEEP_LIMIT:
                return spared

    # --- admission

    def prepare(self, job: Job) -> None:
        """Write the job's part of its claims now, so that its first slot need not wait for it."""
        self._encoder.encode(job)

    async def admit(
        self, claims: Sequence[Claim], fence: int, now: float, host: str, lease_seconds: float
    ) -> list[Admission]:
        """Decide a slice of slots and requests; answers stand in the order of `claims`.

        `host` names this scheduler process; admitted light attempts live by its lease from now on. The same claim
        sent again by the same host under the same fence is ADMITTED again until it is dispatched.
        """
        by_namespace: defaultdict[bytes, list[int]] = defaultdict(list)
        encoded = [self._encoder.encode(claim.job) for claim in claims]
        for index, job in enumerate(encoded):
            by_namespace[job.prefix].append(index)
        arguments: list[Argument] = [fence, host, lease_seconds, self._patience_seconds, instant(now)]
        for prefix, indexes in by_namespace.items():
            lines = [claim_lines(claims[index], encoded[index], now) for index in indexes]
            arguments += (prefix, *map(b"\n".join, zip(*lines, strict=True)))
        letters = text(await self._server.run("admit", arguments))
        return _admissions(len(claims), chain.from_iterable(by_namespace.values()), letters)

    async def record_skips(self, skips: Sequence[SlotsSkipped], fence: int) -> None:
        """Slots decided without a run: their watermark is raised, and the feed tells. Raises FencedOut."""
        arguments: list[Argument] = []
        for skip in skips:
            prefix = NamespaceKeys(skip.namespace).prefix
            arguments += (prefix, skip.name, skip.reason.value, skip.count, skip.last_slot_epoch_seconds)
        await self._server.run_as_leader("record_skips", fence, arguments)

    # --- the way of an attempt

    async def mark_dispatched(self, refs: Sequence[AttemptRef], lease_seconds: float) -> set[AttemptRef]:
        """Before a light attempt is handed to the runners, after a heavy one was published.

        Returns those that may not start: cancelled, ended, or superseded by a later attempt.
        """
        return await self._advance(((ref, RunState.DISPATCHED, None, "") for ref in refs), lease_seconds)

    async def mark_started(
        self, starts: Sequence[tuple[AttemptRef, float, str]], lease_seconds: float
    ) -> set[AttemptRef]:
        """(attempt, Unix seconds before its first line, host) of light attempts; returns those to be killed."""
        return await self._advance(((ref, RunState.STARTED, at, host) for ref, at, host in starts), lease_seconds)

    async def finish(self, reports: Sequence[AttemptReport]) -> list[RunRecord | None]:
        """What became of each run: final, or Waiting for its next attempt.

        None: the attempt was no longer the current one, and nothing was changed. A report that comes again, or after
        the sweep gave this attempt up, is answered by what became of the run, while the history still has it.
        """
        arguments = chain.from_iterable(
            (*ref_arguments(report.ref), *report_arguments(report), *_NO_MEMORY) for report in reports
        )
        return _records(await self._server.run("finish", tuple(arguments)))

    async def write_down(
        self, runs: Sequence[RunWithoutRedis], fence: int, lease_seconds: float
    ) -> list[RunRecord | None]:
        """Light runs that were started while Redis did not answer; before the first sweep after that.

        One that Redis admitted after all (the reply was lost) takes its outcome; one that it never saw is made, and
        its slot counts as decided. None: the ledger knows of a later attempt or of the end. Raises FencedOut.
        """
        arguments = chain.from_iterable(self._written(run) for run in runs)
        return _records(await self._server.run_as_leader("write_down", fence, (lease_seconds, *arguments)))

    # --- sweep

    async def due_for_sweep(self, namespaces: Iterable[str]) -> list[DueRun]:
        """The runs to look at, at most SWEEP_LIMIT a namespace."""
        prefixes = [NamespaceKeys(namespace).prefix for namespace in namespaces]
        found = await self._server.run("due", (SWEEP_LIMIT, *prefixes))
        return [
            DueRun(text(namespace), text(name), text(run_id), int(attempt), text(pool) or None)
            for namespace, name, run_id, attempt, pool in rows(found, 5)
        ]

    async def sweep(
        self, due: Sequence[DueRun], queued: Collection[DueRun], fence: int, host: str, lease_seconds: float
    ) -> list[NextAttempt]:
        """Make the next attempts of `due`; those that lost their last chance end, which the feed tells.

        `queued` are those of `due` whose message was seen in its pool (waiting or with a worker): they are left
        alone. A pool that could not be read counts as seen. Light attempts live by `host`'s lease from now on.
        Raises FencedOut and EpochMissing.
        """
        seen = frozenset(queued)
        arguments: list[Argument] = [host, lease_seconds, self._patience_seconds]
        for run in due:
            prefix = NamespaceKeys(run.namespace).prefix
            arguments += (prefix, run.name, run.run_id, run.attempt, int(run in seen))
        made = await self._server.run_as_leader("sweep", fence, arguments)
        return [next_attempt(fence, *row) for row in rows(made, 5)]

    # --- cancellation

    async def cancel(self, namespace: str, name: str, run_id: str) -> CancelOutcome:
        """End a queued or waiting run at once; flag one that runs."""
        answer = await self._server.run("cancel", (NamespaceKeys(namespace).prefix, name, run_id))
        return _CANCEL_OUTCOMES[text(answer)]

    async def cancel_queued(self, namespace: str, name: str) -> int:
        """The task was deleted: queued runs are cancelled, running ones finish without retry, then its keys go.

        Returns how many runs were cancelled.
        """
        self._encoder.forget(namespace, name)
        return int(await self._server.run("cancel", (NamespaceKeys(namespace).prefix, name, "")))

    # --- inside

    async def _advance(
        self, steps: Iterable[tuple[AttemptRef, str, float | None, str]], lease_seconds: float
    ) -> set[AttemptRef]:
        taken = list(steps)
        if not taken:
            return set()
        arguments = chain.from_iterable(
            (*ref_arguments(ref), str(step), or_empty(at), host, *_NO_MEMORY) for ref, step, at, host in taken
        )
        _, letters = await self._server.run("advance", (lease_seconds, *arguments))
        return {ref for (ref, *_), letter in zip(taken, text(letters), strict=True) if letter != "O"}

    def _written(self, run: RunWithoutRedis) -> tuple[Argument, ...]:
        job = self._encoder.encode(run.claim.job)
        slot = run.claim.slot_epoch_seconds
        report: tuple[Argument, ...] = ("", "", or_empty(run.started_at), "", "", "", "")
        if run.report is not None:
            report = report_arguments(run.report)
        return (
            job.prefix,
            job.name,
            run.ref.run_id,
            "" if slot is None else slot,
            run.ref.fence,
            instant(run.admitted_at),
            run.host,
            job.constants,
            order_line(run.claim, job),
            *report,
            run.ref.attempt,
        )


def _admissions(count: int, order: Iterable[int], letters: str) -> list[Admission]:
    """`letters` stand in `order`; a single F or E stands for all."""
    if letters in ("F", "E"):
        return [_ADMISSIONS[letters]] * count
    answers: dict[int, str] = dict(zip(order, letters, strict=True))
    return [_ADMISSIONS[answers[index]] for index in range(count)]


def _records(answers: Sequence[Any]) -> list[RunRecord | None]:
    return [RunRecord.model_validate_json(answer) if answer else None for answer in answers]
