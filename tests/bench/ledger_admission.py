"""How long admission takes for light slots that are due at once: encoded, decided by the server, answers read."""

import asyncio
import json
import sys
import time
from typing import Any

import redis.asyncio

from scheduledtask_workloads.contract import AttemptReport, Job, RunState, TaskClass
from scheduledtask_workloads.ledger import Claim, Ledger, Verdict

SLICE = 500
ROUNDS = 12
CONNECTIONS = 4  # one slice is encoded while the server decides another
FIRST_SLOT = 1_800_000_000


def make_jobs(count: int) -> list[Job]:
    return [
        Job(
            namespace="default",
            name=f"health-check-{index:05}",
            task_class=TaskClass.LIGHT,
            task="system-health",
            arguments={"disks": ["/"], "limit_percent": 90},
        )
        for index in range(count)
    ]


async def _admit_all(ledger: Ledger, jobs: list[Job], slot: int) -> list[float]:
    """Seconds from the slot to the answer of each claim; slices follow each other without waiting."""
    began = time.perf_counter()

    async def admit(part: list[Job]) -> list[float]:
        claims = [Claim.of_slot(job, slot, slot) for job in part]
        answers = await ledger.admit(claims, fence=1, now=slot, host="bench", lease_seconds=30)
        assert all(answer.verdict is Verdict.ADMITTED for answer in answers)
        return [time.perf_counter() - began] * len(part)

    slices = [jobs[start : start + SLICE] for start in range(0, len(jobs), SLICE)]
    return [seconds for done in await asyncio.gather(*map(admit, slices)) for seconds in done]


async def _finish_all(ledger: Ledger, jobs: list[Job], slot: int) -> None:
    refs = [Claim.of_slot(job, slot, slot).order(fence=1).ref for job in jobs]
    for start in range(0, len(refs), SLICE):
        reports = [AttemptReport(ref=ref, state=RunState.SUCCEEDED) for ref in refs[start : start + SLICE]]
        assert None not in await ledger.finish(reports)


async def _measure(redis_url: str, count: int) -> dict[str, Any]:
    pool = redis.asyncio.BlockingConnectionPool.from_url(redis_url, max_connections=CONNECTIONS)
    async with redis.asyncio.Redis.from_pool(pool) as client:
        ledger = Ledger(client)
        await ledger.take_leadership(1)
        await ledger.stamp_epoch(1, (await ledger.epoch()).server_run_id)
        jobs = make_jobs(count)
        rounds: list[list[float]] = []
        for slot in range(FIRST_SLOT, FIRST_SLOT + 60 * ROUNDS, 60):
            rounds.append(sorted(await _admit_all(ledger, jobs, slot)))
            await _finish_all(ledger, jobs, slot)
        await client.flushall()
    warm = rounds[2:]
    return {
        "claims": count,
        "slice": SLICE,
        "first_round_p99_seconds": round(rounds[0][int(0.99 * count)], 4),
        "p50_seconds": round(sorted(one[count // 2] for one in warm)[len(warm) // 2], 4),
        "p99_seconds": round(sorted(one[int(0.99 * count)] for one in warm)[len(warm) // 2], 4),
        "worst_p99_seconds": round(max(one[int(0.99 * count)] for one in warm), 4),
    }


def measure(redis_url: str, count: int = 10_000) -> dict[str, Any]:
    """Empties the server at `redis_url`. p50 and p99 over the claims of a round; the median round, and the worst."""
    return asyncio.run(_measure(redis_url, count))


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1]), indent=2))
