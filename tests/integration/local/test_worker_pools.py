"""The pools' workers on real processes: whoever looks, each worker that was started is counted."""

import asyncio
import os
import sys
from pathlib import Path

from scheduledtask_operator.control.ports import PoolKey
from scheduledtask_operator.local.process_tree import end_marked
from scheduledtask_operator.local.state_folder import StateFolder
from scheduledtask_operator.local.supervisor import Program, Supervisor
from scheduledtask_operator.local.worker_pools import LocalPools

POOL = PoolKey("default", "reports")


def sleeping_worker(pool: PoolKey, name: str, heartbeat: Path, references: object) -> Program:
    return Program(name, (sys.executable, "-c", "import time; time.sleep(600)"), dict(os.environ))


def test_a_look_while_a_worker_is_started_does_not_lose_it(tmp_path: Path) -> None:
    """The live view looked twice a second; a worker lost so was never counted, and never scaled down."""
    folder = StateFolder(tmp_path / "state")
    folder.open()
    supervisor = Supervisor(folder, lambda ended: None)
    pools = LocalPools(supervisor, sleeping_worker, tmp_path, lambda pid: False)

    async def look_while_starting() -> tuple[int, dict[PoolKey, tuple[int, int]]]:
        try:
            starting = asyncio.create_task(pools.set_replicas(POOL, 1))
            while not starting.done():
                pools.counts()
                await asyncio.sleep(0)
            return pools.observe(POOL).replicas, pools.counts()
        finally:
            await supervisor.stop(supervisor.names, 0)

    try:
        assert asyncio.run(look_while_starting()) == (1, {POOL: (1, 1)})
    finally:
        end_marked(str(folder.root))
