"""A worker of this version takes the message that another version's scheduler left in the queue."""

import json
from pathlib import Path

import pytest
import redis
from tests.contract_samples.ledger import heavy, restore
from tests.integration.worker.heavy_engine import HeavyEngine
from tests.ledger_actors import SLOT

from scheduledtask_workloads.contract import RunState
from scheduledtask_workloads.ledger import Claim

SAMPLES = sorted((Path(__file__).parents[2] / "contract_samples").glob("v*/ledger.json"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.parent.name)
def test_it_is_run_and_recorded(engine: HeavyEngine, path: Path) -> None:
    with redis.Redis.from_url(engine.server.url, decode_responses=True) as client:
        restore(client, json.loads(path.read_text()))
    engine.start_worker()

    record = engine.await_record(Claim.of_slot(heavy("queued"), SLOT, SLOT).order(fence=1))

    assert (record.state, record.attempts) == (RunState.SUCCEEDED, 1)
    assert record.host.startswith("pod-0")
