"""Which workers live, and which are to take no new runs."""

from collections.abc import Sequence

from scheduledtask_workloads.contract.keys import NamespaceKeys
from scheduledtask_workloads.contract.messages import WorkerSeen
from scheduledtask_workloads.ledger.asking import AsyncServer
from scheduledtask_workloads.ledger.wire import Argument, rows, text

LIVE_SECONDS = 5.0
"""A worker that has said nothing for so long is gone: it speaks each second."""

DRAIN_SECONDS = 10.0
"""For how long workers heed a request to drain that is not repeated."""


class LedgerAttendance:
    """One round trip each; raises LedgerUnreachable when Redis does not answer."""

    def __init__(self, server: AsyncServer) -> None:
        self._server = server

    async def workers(self, pools: Sequence[tuple[str, str]]) -> list[tuple[WorkerSeen, ...]]:
        """The live workers of each pool (namespace, pool), in the order of `pools`."""
        arguments: list[Argument] = [LIVE_SECONDS]
        for namespace, pool in pools:
            arguments += (NamespaceKeys(namespace).prefix, pool)
        found = await self._server.run("roll_call", arguments)
        return [
            tuple(
                WorkerSeen(host=text(host), runs=int(runs), draining=text(draining) == "1")
                for host, runs, draining in rows(workers, 3)
            )
            for workers in found
        ]

    async def drain(self, namespace: str, pool: str, hosts: Sequence[str]) -> None:
        """Ask these workers of the pool, and no others, to take no new runs for DRAIN_SECONDS."""
        await self._server.run("drain", (NamespaceKeys(namespace).prefix, pool, DRAIN_SECONDS, *hosts))
