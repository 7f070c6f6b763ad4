"""The ledger as a worker uses it: enter, renew, finish, attend. Only keys of its own namespace, and the epoch."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import redis
from redis.commands.core import Script

from scheduledtask_workloads.contract import AttemptRef, AttemptReport, RunRecord
from scheduledtask_workloads.contract.keys import NamespaceKeys
from scheduledtask_workloads.ledger.errors import LedgerUnreachable
from scheduledtask_workloads.ledger.scripts import script_text
from scheduledtask_workloads.ledger.wire import Argument, ref_arguments, report_arguments, text


class EntryVerdict(StrEnum):
    """Whether a worker may run the body."""

    ENTERED = "Entered"
    STALE = "Stale"
    """Ended, or another attempt's turn: drop the message."""
    HELD = "Held"
    """Another delivery holds a live lease: ask again when that lapses."""
    CANCELLED = "Cancelled"
    """Drop the message."""
    EPOCH_MISSING = "EpochMissing"
    """The server came back and the leader has not compared yet: ask again soon."""


class RunMemory(NamedTuple):
    """What a host keeps of an entered run, so that it can be written again if the server loses it."""

    run: bytes
    order: bytes
    server_run_id: str


@dataclass(frozen=True, slots=True)
class Entry:
    """The answer to `enter`."""

    verdict: EntryVerdict
    ref: AttemptRef
    """The attempt to run, renew and report as: the one asked for, or its successor when the lease of a host that was
    lost had lapsed."""
    held_for_seconds: float | None = None
    """For HELD: until the other lease lapses, unless it is renewed."""
    memory: RunMemory | None = None
    """For ENTERED; hand it to `remember` in a process that renews or finishes what another one entered."""


class WorkerLedger:
    """Heavy attempts, from the side of their host. Safe to use from several threads.

    Every method is one round trip and raises LedgerUnreachable when Redis does not answer; asking again is safe.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._scripts: dict[str, Script] = {
            name: client.register_script(script_text(name)) for name in ("enter", "advance", "finish", "attend")
        }
        self._memories: dict[AttemptRef, RunMemory] = {}

    def enter(self, ref: AttemptRef, host: str, lease_seconds: float) -> Entry:
        """Ask to run the body of `ref`; on ENTERED the lease is held for `lease_seconds` by the server's clock."""
        prefix, name, run_id, attempt, fence = ref_arguments(ref)
        word = secrets.token_hex(8)
        answer = self._run("enter", (prefix, name, run_id, attempt, fence, host, lease_seconds, word))
        verdict = EntryVerdict(text(answer[0]))
        if verdict is EntryVerdict.HELD:
            return Entry(verdict, ref, held_for_seconds=float(answer[1]))
        if verdict is not EntryVerdict.ENTERED:
            return Entry(verdict, ref)
        entered = ref.model_copy(update={"attempt": int(answer[1])})
        memory = RunMemory(answer[2], answer[3], text(answer[4]))
        self.remember(entered, memory)
        return Entry(verdict, entered, memory=memory)

    def remember(self, ref: AttemptRef, memory: RunMemory) -> None:
        """Take over an attempt that another process entered."""
        self._memories[ref] = memory

    def renew(self, refs: Sequence[AttemptRef], lease_seconds: float) -> set[str]:
        """Keep the leases of entered attempts; returns the attempt ids that are cancelled or superseded: stop them.

        An attempt that the server lost with its data is written again.
        """
        if not refs:
            return set()
        arguments: list[Argument] = [lease_seconds]
        for ref in refs:
            arguments += (*ref_arguments(ref), "Renewed", "", "", *self._memory(ref))
        server_run_id, letters = self._run("advance", arguments)
        stop: set[str] = set()
        for ref, letter in zip(refs, text(letters), strict=True):
            if letter == "O":
                self._heard_from(ref, text(server_run_id))
            else:
                stop.add(ref.attempt_id)
        return stop

    def finish(self, report: AttemptReport) -> RunRecord | None:
        """Report the end of an attempt; None when it was no longer the current one, and nothing was changed.

        A report that comes again, or after the sweep gave this attempt up, is answered by what became of the run.
        """
        arguments = (*ref_arguments(report.ref), *report_arguments(report), *self._memory(report.ref))
        (answer,) = self._run("finish", arguments)
        self._memories.pop(report.ref, None)
        return RunRecord.model_validate_json(answer) if answer else None

    def attend(self, namespace: str, pool: str, host: str, runs: int, *, draining: bool) -> bool:
        """Say that the worker `host` lives, holds `runs`, and whether it takes no new ones; whether it shall not."""
        prefix = NamespaceKeys(namespace).prefix
        return bool(self._run("attend", (prefix, pool, host, runs, "1" if draining else "")))

    def leave(self, namespace: str, pool: str, host: str) -> None:
        """The worker is gone."""
        self._run("attend", (NamespaceKeys(namespace).prefix, pool, host, "", ""))

    def _memory(self, ref: AttemptRef) -> tuple[Argument, ...]:
        memory = self._memories.get(ref)
        return ("", "", "") if memory is None else memory

    def _heard_from(self, ref: AttemptRef, server_run_id: str) -> None:
        memory = self._memories.get(ref)
        if memory is not None and memory.server_run_id != server_run_id:
            self._memories[ref] = memory._replace(server_run_id=server_run_id)

    def _run(self, name: str, arguments: Sequence[Argument]) -> Any:
        try:
            return self._scripts[name](args=arguments)
        except (redis.RedisError, OSError) as error:
            raise LedgerUnreachable(f"the ledger in Redis did not answer: {error}") from error
