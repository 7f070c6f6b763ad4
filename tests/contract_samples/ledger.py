"""A Redis with a run in every state, as the scheduler and the workers of this version leave it; written down, and put
back into another server."""

import json
from typing import Any

import redis
from tests.contract_samples.values import CAUSE
from tests.ledger_actors import LEASE_SECONDS, SLOT, Leader, make_job, report_of

from scheduledtask_workloads.broker import HeavyPublisher
from scheduledtask_workloads.contract import AttemptRef, Job, Reason, RetryPolicy, RunState, TaskClass
from scheduledtask_workloads.contract.keys import EPOCH_KEY
from scheduledtask_workloads.contract.messages import SlotsSkipped
from scheduledtask_workloads.contract.redis_endpoint import RedisEndpoint
from scheduledtask_workloads.ledger import Claim, WorkerLedger

NAMESPACE, POOL = "ml", "big"
ASKED = "nightly-r0123456789"
HOST = "worker-1"
THE_SERVERS_OWN = "the server's run_id"

Dump = dict[str, dict[str, Any]]
"""By key: its type, and what it holds."""


def heavy(name: str, **fields: Any) -> Job:
    return make_job(name, namespace=NAMESPACE, **fields).model_copy(
        update={"task": "heavy-nothing", "pool": POOL, "arguments": {}}
    )


def light(name: str) -> Job:
    return make_job(name, TaskClass.LIGHT, namespace=NAMESPACE)


def fill(leader: Leader, worker: WorkerLedger, url: str) -> None:
    """`leader` leads an empty server."""
    _enter(leader, worker, heavy("started"))
    _fail(
        leader, worker, heavy("waiting", retry=RetryPolicy(limit=1, backoff_seconds=3600.0, max_backoff_seconds=7200.0))
    )
    _enter(leader, worker, heavy("cancelled"))
    leader.do(leader.ledger.cancel(NAMESPACE, "cancelled", _run_id("cancelled")))
    worker.finish(report_of(_enter(leader, worker, heavy("ended")), result={"rows": 3}, output="three\n", host=HOST))
    _enter(leader, worker, heavy("removed"))
    leader.do(leader.ledger.cancel_queued(NAMESPACE, "removed"))
    leader.start_light(light("probe"))
    _queue(leader, heavy("queued"), url)
    leader.admit(Claim(heavy("asked"), ASKED, None, SLOT, SLOT - 3600, CAUSE))
    skip = SlotsSkipped(
        namespace=NAMESPACE, name="probe", reason=Reason.OVERLAP, count=2, last_slot_epoch_seconds=SLOT + 120
    )
    leader.do(leader.ledger.record_skips([skip], leader.fence))
    worker.attend(NAMESPACE, POOL, HOST, 3, draining=True)
    leader.do(leader.ledger.drain(NAMESPACE, POOL, [HOST]))


def _run_id(name: str) -> str:
    return Claim.of_slot(heavy(name), SLOT, SLOT).run_id


def _enter(leader: Leader, worker: WorkerLedger, job: Job) -> AttemptRef:
    ref = leader.admit_slot(job)
    leader.do(leader.ledger.mark_dispatched([ref], LEASE_SECONDS))
    return worker.enter(ref, HOST, LEASE_SECONDS).ref


def _fail(leader: Leader, worker: WorkerLedger, job: Job) -> None:
    worker.finish(report_of(_enter(leader, worker, job), RunState.FAILED, message="ValueError: no rows", host=HOST))


def _queue(leader: Leader, job: Job, url: str) -> None:
    ref = leader.admit_slot(job)
    HeavyPublisher(RedisEndpoint.parse(url)).publish([leader.first_order(job)], POOL)
    leader.do(leader.ledger.mark_dispatched([ref], LEASE_SECONDS))


def dump(client: redis.Redis) -> Dump:
    """`client` decodes what it reads."""
    read = {
        "string": client.get,
        "hash": client.hgetall,
        "list": lambda key: client.lrange(key, 0, -1),
        "set": lambda key: sorted(client.smembers(key)),
        "zset": lambda key: dict(client.zrange(key, 0, -1, withscores=True)),
        "stream": client.xrange,
    }
    kinds = {key: client.type(key) for key in sorted(client.scan_iter())}
    found = {key: {"type": kind, "value": read[kind](key)} for key, kind in kinds.items()}
    return {**found, EPOCH_KEY: {"type": "string", "value": THE_SERVERS_OWN}}


def restore(client: redis.Redis, dumped: Dump) -> None:
    """Into a server with nothing in it that matters; the ledger counts as compared."""
    client.flushall()
    write = {
        "string": client.set,
        "hash": lambda key, value: client.hset(key, mapping=value),
        "list": lambda key, value: client.rpush(key, *value),
        "set": lambda key, value: client.sadd(key, *value),
        "zset": client.zadd,
        "stream": lambda key, value: [client.xadd(key, fields, id=entry) for entry, fields in value],
    }
    for key, entry in dumped.items():
        write[entry["type"]](key, entry["value"])
    client.set(EPOCH_KEY, client.info("server")["run_id"])


def fields(dumped: Dump) -> set[str]:
    """Every key, and every field of what is JSON below it; names and numbers of runs apart."""
    found = set()
    for key, entry in dumped.items():
        found.add(f"{entry['type']} {key}")
        found |= {f"{key}: {field}" for text in _texts(entry) for field in _fields(text)}
    return found


def _texts(entry: dict[str, Any]) -> list[str]:
    value = entry["value"]
    if entry["type"] == "hash":
        return [f"{key}\n{text}" for key, text in value.items()]
    if entry["type"] == "stream":
        return [text for _, pairs in value for text in pairs.values()]
    return value if entry["type"] == "list" else []


def _fields(text: str) -> set[str]:
    """Of a run: by its name, those of its line and of its order."""
    lines = [line for line in text.split("\n") if line.startswith("{")]
    name = "" if text.startswith("{") else text.partition("\n")[0]
    return {f"{name} {number} {field}".strip() for number, line in enumerate(lines) for field in json.loads(line)}
