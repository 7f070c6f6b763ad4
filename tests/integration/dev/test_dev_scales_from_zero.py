"""A heavy run finds a worker that was started for it out of none, and the worker goes when it is idle."""

import json
from datetime import UTC, datetime, timedelta

from tests.integration.dev.conftest import Folder


def test_a_worker_comes_before_the_slot_and_goes_after_the_run(folder, start) -> None:
    write_for(folder, datetime.now(UTC) + timedelta(days=1))
    dev = start("--for", "24", "--output", "json")
    counting = dev.said("counting for 24 s")
    write_for(folder, datetime.now(UTC) + timedelta(seconds=12))

    up = dev.said(r"default/grind workers 0 -> 1: 1 slot\(s\) within the lead time", after=counting)
    began = dev.said("default/grind started", after=up)
    ended = dev.said("default/grind Succeeded", after=began)
    down = dev.said("default/grind workers 1 -> 0", after=ended)

    assert dev.end() == 0
    assert up < began < ended < down
    (task,) = json.loads(dev.output[-1])["tasks"]
    assert (task["due"], task["ran"], task["outcomes"]) == (1, 1, {"Succeeded": 1})
    assert folder.processes_left() == []


def write_for(folder: Folder, slot: datetime) -> None:
    folder.write("grind", schedule=f"@at {slot:%Y-%m-%dT%H:%M:%SZ}", task="grind", spec="  worker: {idleSeconds: 1}\n")
