"""Light attempts that their scheduler holds, by the thousand: leases are kept, and the queued ones written down."""

from collections.abc import Iterable, Iterator, Sequence

from scheduledtask_workloads.contract import AttemptRef
from scheduledtask_workloads.contract.keys import NamespaceKeys
from scheduledtask_workloads.ledger.asking import AsyncServer
from scheduledtask_workloads.ledger.claim import RunWithoutRedis
from scheduledtask_workloads.ledger.wire import Argument, JobEncoder, instant, order_line, text

Line = tuple[bytes, ...]
Members = dict[str, list[tuple[AttemptRef, Line]]]
"""By namespace."""


class LedgerHolding:
    """What the scheduler does for all of its light attempts at once. Every method raises LedgerUnreachable."""

    def __init__(self, server: AsyncServer) -> None:
        self._server = server
        self._encoder = JobEncoder()

    async def renew_leases(self, refs: Sequence[AttemptRef], lease_seconds: float) -> set[AttemptRef]:
        """Keep light attempts alive, from admission to end; returns those to be killed."""
        if not refs:
            return set()
        members = _by_namespace(refs, map(_ref_line, refs))
        letters = await self._server.run("renew", (lease_seconds, *_columns(members)))
        return _not_well(members, text(letters))

    async def write_down_queued(
        self, runs: Sequence[RunWithoutRedis], fence: int, host: str, lease_seconds: float
    ) -> set[AttemptRef]:
        """First attempts at slots that `host` admitted while Redis did not answer, and that have not begun.

        Their slots count as decided. Returns those that may not start, as the ledger knows of a later attempt or of
        the end. Raises FencedOut.
        """
        if not runs:
            return set()
        members = _by_namespace([run.ref for run in runs], map(self._queued_line, runs))
        arguments = (lease_seconds, host, *_columns(members))
        return _not_well(members, text(await self._server.run_as_leader("write_down_queued", fence, arguments)))

    def _queued_line(self, run: RunWithoutRedis) -> Line:
        """Seven, as write_down_queued.lua wants them."""
        job = self._encoder.encode(run.claim.job)
        return (
            job.name,
            run.claim.run_id.encode(),
            b"%d" % (run.claim.slot_epoch_seconds or 0),
            b"%d" % run.ref.fence,
            instant(run.admitted_at).encode(),
            job.constants,
            order_line(run.claim, job),
        )


def _ref_line(ref: AttemptRef) -> Line:
    """Four, as renew.lua wants them."""
    return (ref.name.encode(), ref.run_id.encode(), b"%d" % ref.attempt, b"%d" % ref.fence)


def _by_namespace(refs: Sequence[AttemptRef], lines: Iterable[Line]) -> Members:
    members: Members = {}
    for ref, line in zip(refs, lines, strict=True):
        members.setdefault(ref.namespace, []).append((ref, line))
    return members


def _columns(members: Members) -> Iterator[Argument]:
    """The prefix of each namespace, and its columns."""
    for namespace, held in members.items():
        yield NamespaceKeys(namespace).prefix
        yield from map(b"\n".join, zip(*(line for _, line in held), strict=True))


def _not_well(members: Members, letters: str) -> set[AttemptRef]:
    """`letters` stand in the order of the columns; O is well."""
    asked = (ref for held in members.values() for ref, _ in held)
    return {ref for ref, letter in zip(asked, letters, strict=True) if letter != "O"}
