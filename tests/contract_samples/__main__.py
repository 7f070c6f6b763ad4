"""Writes the samples of this version: `python -m tests.contract_samples`. README.md beside it says when."""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import redis
from tests.contract_samples import ledger, worker_command
from tests.contract_samples.values import ORDER, SLOT, VERSION, written
from tests.ledger_actors import Leader
from tests.redis_server import running_server

from scheduledtask_workloads.broker.message import encode_order
from scheduledtask_workloads.contract import TaskClass
from scheduledtask_workloads.ledger import WorkerLedger

FOLDER = Path(__file__).parent / VERSION


def write(name: str, value: Any) -> None:
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def ledger_dump() -> ledger.Dump:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder) / "redis") as server,
        asyncio.Runner() as runner,
        redis.Redis.from_url(server.url, decode_responses=True) as client,
    ):
        leader = Leader(runner, server.url, 1, "scheduler-1").lead()
        ledger.fill(leader, WorkerLedger(client), server.url)
        runner.run(leader.client.aclose())
        return ledger.dump(client)


def main() -> None:
    for name, samples in written().items():
        write(name, samples)
    heavy = ORDER.model_copy(update={"task_class": TaskClass.HEAVY, "secrets": ()})
    write("heavy_message", json.loads(encode_order(heavy, "reports", SLOT)))
    write("ledger", ledger_dump())
    write("worker_command", worker_command.now())


if __name__ == "__main__":
    main()
