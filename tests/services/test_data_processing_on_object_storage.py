"""`data-processing` reads from and publishes to a server of the S3 protocol."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.processed_data import SLOT, perform
from tests.services.object_storage import BUCKET, ObjectStorageServer
from tests.services.packages import object_storage_programs

from scheduledtask_workloads.contract import AttemptReport, RunState

DEADLINE_SECONDS = 60.0
UNIT = f"{BUCKET}/lake/slot=20260501T120000Z"
STEPS = [{"name": "s", "sql": "SELECT id, kind FROM t WHERE id < 150"}]


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStorageServer]:
    with ObjectStorageServer(object_storage_programs()) as server:
        yield server


@pytest.fixture
def files(server: ObjectStorageServer) -> Any:
    """With two CSVs of a hundred rows each under in/2026/05/, and nothing else."""
    files = server.emptied()
    for number in range(2):
        lines = [f"{n},kind-{n % 3}" for n in range(100 * number, 100 * number + 100)]
        files.pipe_file(f"{BUCKET}/in/2026/05/part-{number}.csv", ("\n".join(["id,kind", *lines]) + "\n").encode())
    return files


def process(folder: Path, server: ObjectStorageServer, **arguments: Any) -> AttemptReport:
    given: dict[str, Any] = {
        "sources": {"t": {"url": f"s3://{BUCKET}/in/{{slot:%Y/%m}}/*.csv"}},
        "steps": STEPS,
        "storage": server.storage,
        "sink": {
            "url": f"s3://{BUCKET}/lake",
            "format": "parquet",
            "mode": "append-slot",
            "partition_by": ["kind"],
            "order_by": ["id"],
        },
    }
    return perform(folder, **(given | arguments))


def listed(files: Any, unit: str = UNIT) -> set[str]:
    return {key.removeprefix(f"{unit}/") for key in files.find(unit)}


def test_a_slot_run_again_leaves_the_same_objects(tmp_path: Path, server: ObjectStorageServer, files: Any) -> None:
    first = process(tmp_path, server)
    assert first.state is RunState.SUCCEEDED, first.message
    assert (first.result["rows"], first.result["files"], first.result["sources"][0]["files"]) == (150, 3, 2)
    manifest = json.loads(files.cat_file(f"{UNIT}/_SUCCESS"))
    assert {file["path"] for file in manifest["files"]} | {"_SUCCESS"} == listed(files)
    assert manifest["slot"] == SLOT.isoformat()

    before = {key: files.cat_file(f"{UNIT}/{key}") for key in listed(files)}
    assert process(tmp_path, server).state is RunState.SUCCEEDED
    assert {key: files.cat_file(f"{UNIT}/{key}") for key in listed(files)} == before


def test_what_is_read_again_is_what_was_written(tmp_path: Path, server: ObjectStorageServer, files: Any) -> None:
    assert process(tmp_path, server).state is RunState.SUCCEEDED
    report = process(
        tmp_path,
        server,
        sources={"t": {"url": f"s3://{BUCKET}/lake/**/*.parquet", "format": "parquet"}},
        steps=[{"name": "s", "sql": "SELECT count(*) AS rows, sum(id) AS total, count(DISTINCT kind) AS kinds FROM t"}],
        sink={"url": f"s3://{BUCKET}/sum.csv"},
    )

    assert report.state is RunState.SUCCEEDED, report.message
    assert report.result["sources"][0]["rows"] == 150
    assert files.cat_file(f"{BUCKET}/sum.csv") == f"rows,total,kinds\n150,{sum(range(150))},3\n".encode()


def test_a_changed_result_replaces_the_old_objects_and_no_others(
    tmp_path: Path, server: ObjectStorageServer, files: Any
) -> None:
    assert process(tmp_path, server).state is RunState.SUCCEEDED
    files.pipe_file(f"{UNIT}/notes.txt", b"mine")
    old = listed(files)
    changed = process(tmp_path, server, steps=[{"name": "s", "sql": "SELECT id, kind FROM t WHERE id = 3"}])

    assert changed.state is RunState.SUCCEEDED, changed.message
    [file] = json.loads(files.cat_file(f"{UNIT}/_SUCCESS"))["files"]
    assert listed(files) == {"_SUCCESS", "notes.txt", file["path"]}
    assert file["path"] not in old


def test_a_check_that_fails_publishes_nothing(tmp_path: Path, server: ObjectStorageServer, files: Any) -> None:
    report = process(tmp_path, server, checks=[{"name": "few", "row_count": {"max": 10}}])

    assert "check few: s has 150 rows" in report.message
    assert not files.exists(f"{BUCKET}/lake")


def test_steps_reach_no_object_that_is_no_source(tmp_path: Path, server: ObjectStorageServer, files: Any) -> None:
    files.pipe_file(f"{BUCKET}/other.csv", b"secret\nhidden\n")
    report = process(tmp_path, server, steps=[{"name": "s", "sql": "SELECT * FROM read_csv('s3://tests/other.csv')"}])

    assert report.message.startswith("StepError: step s: Permission Error"), report.message


def test_a_wrong_key_is_a_plain_message(tmp_path: Path, server: ObjectStorageServer, files: Any) -> None:
    report = process(tmp_path, server, storage=server.storage | {"secret_access_key": "wrong-one"})

    assert report.message.startswith("SourceError: source t: cannot look for s3://"), report.message
    assert "wrong-one" not in report.message + report.output


BODY = """
import json, sys
from pathlib import Path
from tests.processed_data import perform
perform(Path(sys.argv[1]), **json.loads(sys.argv[2]))
"""


def test_a_kill_while_objects_are_written_leaves_the_old_result(
    tmp_path: Path, server: ObjectStorageServer, files: Any
) -> None:
    """Hundreds of partitions take a while: the body is killed when some of them are there."""
    sink = {"url": f"s3://{BUCKET}/lake", "format": "csv", "partition_by": ["id"]}
    arguments = {
        "sources": {"t": {"url": f"s3://{BUCKET}/in/2026/05/*.csv"}},
        "steps": [{"name": "s", "sql": "SELECT range AS id, 1 AS kind FROM range(200)"}],
        "storage": server.storage,
        "sink": sink,
    }
    root = f"{BUCKET}/lake"
    few = arguments | {"steps": [{"name": "s", "sql": "SELECT range AS id, 1 AS kind FROM range(3000, 3002)"}]}
    assert perform(tmp_path, **few).state is RunState.SUCCEEDED
    before = files.cat_file(f"{root}/_SUCCESS")
    body = subprocess.Popen(
        [sys.executable, "-c", BODY, str(tmp_path), json.dumps(arguments)], cwd=Path(__file__).parents[2]
    )
    try:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not len(files.find(root)) >= 8:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        os.kill(body.pid, signal.SIGKILL)
        body.wait()
    assert files.cat_file(f"{root}/_SUCCESS") == before
    assert {file["path"] for file in json.loads(before)["files"]} < listed(files, root)

    again = perform(tmp_path, attempt=2, **few)
    assert again.state is RunState.SUCCEEDED, again.message
    assert len(listed(files, root)) == 3
