"""What another version left in Redis is read, and its runs go on: queued, under way and waiting ones."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from tests.contract_samples.ledger import ASKED, HOST, NAMESPACE, POOL, Dump, dump, fields, fill, heavy, light, restore
from tests.contract_samples.values import CAUSE
from tests.ledger_actors import LEASE_SECONDS, SLOT, Leader, Past, report_of

from scheduledtask_workloads.contract import AttemptRef, Job, Reason, RunRecord, RunState
from scheduledtask_workloads.contract.messages import SlotsSkipped
from scheduledtask_workloads.ledger import EntryVerdict, Verdict, WorkerLedger

SAMPLES = sorted((Path(__file__).parents[2] / "contract_samples").glob("v*/ledger.json"))
WANTED = ("as it was", "newer")


def newer(kept: Dump) -> Dump:
    """As a newer version may have written it: a field more in every run and record."""
    more = '{"of_a_newer_version":{"any":"thing"},'
    changed: Dump = json.loads(json.dumps(kept))
    prefix = f"scheduledtask:ns:{NAMESPACE}:"
    runs = changed[f"{prefix}runs"]["value"]
    for key, text in runs.items():
        runs[key] = text.replace("{", more, 1)
    history = changed[f"{prefix}history:ended"]["value"]
    history[:] = [text[:-1] + ',"of_a_newer_version":1}' for text in history]
    return changed


@pytest.fixture(
    params=[(path, wanted) for path in SAMPLES for wanted in WANTED],
    ids=lambda param: " ".join([param[0].parent.name, param[1]]),
)
def kept(request: pytest.FixtureRequest) -> Dump:
    path, wanted = request.param
    sample: Dump = json.loads(path.read_text())
    return sample if wanted == "as it was" else newer(sample)


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture
def old(client: redis.Redis, leader: Leader, kept: Dump) -> Leader:
    """A leader of this version, over what the other one left."""
    restore(client, kept)
    return leader


def ref_of(leader: Leader, job: Job) -> AttemptRef:
    (run,) = leader.open_runs(job)
    return run.ref


def test_every_open_run_is_known(old: Leader) -> None:
    states = {name: old.open_runs(heavy(name))[0].record.state for name in ("started", "waiting", "queued", "asked")}

    assert states == {
        "started": RunState.STARTED,
        "waiting": RunState.WAITING,
        "queued": RunState.DISPATCHED,
        "asked": RunState.ADMITTED,
    }
    (asked,) = old.open_runs(heavy("asked"))
    assert (asked.ref.run_id, asked.record.trigger_depth) == (ASKED, CAUSE.depth)


def test_what_has_ended_is_known(old: Leader) -> None:
    (record,) = old.history(heavy("ended"))

    assert (record.state, record.result, record.output, record.host) == (
        RunState.SUCCEEDED,
        {"rows": 3},
        "three\n",
        HOST,
    )
    assert record.duration_seconds is not None


def test_the_feed_is_read(old: Leader) -> None:
    told = old.feed(NAMESPACE)

    assert RunState.SUCCEEDED in {each.state for each in told if isinstance(each, RunRecord)}
    assert [(each.reason, each.count) for each in told if isinstance(each, SlotsSkipped)] == [(Reason.OVERLAP, 2)]


def test_slots_that_were_decided_stay_so(old: Leader) -> None:
    (answer,) = old.admit(old.slot_claim(heavy("ended")))

    assert answer.verdict is Verdict.ALREADY_DECIDED
    assert old.watermark(light("probe")) == SLOT + 120


def test_workers_of_both_versions_go_on(old: Leader, worker: WorkerLedger) -> None:
    under_way, queued = ref_of(old, heavy("started")), ref_of(old, heavy("queued"))

    assert worker.finish(report_of(under_way)).state is RunState.SUCCEEDED
    assert worker.enter(queued, "worker-2", LEASE_SECONDS).verdict is EntryVerdict.ENTERED
    assert worker.finish(report_of(queued)).state is RunState.SUCCEEDED


def test_light_runs_go_on(old: Leader) -> None:
    ref = ref_of(old, light("probe"))

    assert old.do(old.ledger.renew_leases([ref], LEASE_SECONDS)) == set()
    assert old.finish(report_of(ref)).state is RunState.SUCCEEDED


def test_a_retry_is_made_with_its_order(old: Leader, past: Past) -> None:
    past.age(ref_of(old, heavy("waiting")), "retry_at")

    made = {attempt.order.ref.name: attempt for attempt in old.sweep(lambda run: run.name != "waiting")}

    assert made["waiting"].order.ref.attempt == 2
    assert made["waiting"].order.task == "heavy-nothing"
    assert made["waiting"].pool == POOL


def test_what_was_cancelled_or_removed_ends_so(old: Leader, worker: WorkerLedger) -> None:
    cancelled, removed = ref_of(old, heavy("cancelled")), ref_of(old, heavy("removed"))

    assert worker.renew([cancelled], LEASE_SECONDS) == {cancelled.attempt_id}
    assert worker.finish(report_of(cancelled, RunState.CANCELLED)).state is RunState.CANCELLED
    assert worker.finish(report_of(removed)).state is RunState.SUCCEEDED
    assert old.history(heavy("removed")) == []


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.parent.name)
def test_nothing_that_another_version_reads_is_written_no_more(
    path: Path, leader: Leader, worker: WorkerLedger, redis_url: str, client: redis.Redis
) -> None:
    fill(leader, worker, redis_url)

    gone = fields(json.loads(path.read_text())) - fields(dump(client))

    assert not gone, (
        f"the ledger has no longer {', '.join(sorted(gone))}, which a part of {path.parent.name} looks for while an"
        " upgrade or a rollback is under way. tests/contract_samples/README.md says how the ledger is changed."
    )
