"""`model-training` learns from and publishes to a server of the S3 protocol; `performance-report` reads both there."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_iris
from tests.services.object_storage import BUCKET, ObjectStorageServer
from tests.services.packages import object_storage_programs
from tests.task_orders import catalog_of, order_for

from scheduledtask_workloads.contract import AttemptReport, RunState
from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks import model_training, performance_report

ROWS = f"s3://{BUCKET}/rows"
MODEL = f"s3://{BUCKET}/models/iris"
HISTORY = f"s3://{BUCKET}/reports"
TRAINING = {"target": "target", "estimator": "logistic-regression", "candidates": 1, "folds": 2}

Perform = Callable[..., AttemptReport]


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStorageServer]:
    with ObjectStorageServer(object_storage_programs()) as server:
        yield server


@pytest.fixture
def files(server: ObjectStorageServer) -> Any:
    """With 120 rows in two Parquet files, 30 more in a third elsewhere, and nothing else."""
    files = server.emptied()
    frame = load_iris(as_frame=True).frame.sample(frac=1.0, random_state=1)
    parts = {"rows/known-0": frame[:60], "rows/known-1": frame[60:120], "fresh/rows": frame[120:]}
    for name, part in parts.items():
        data = io.BytesIO()
        part.to_parquet(data, index=False)
        files.pipe_file(f"{BUCKET}/{name}.parquet", data.getvalue())
    return files


@pytest.fixture
def train(tmp_path: Path, server: ObjectStorageServer) -> Perform:
    def train(**arguments: Any) -> AttemptReport:
        given = TRAINING | {"source": f"{ROWS}/*.parquet", "storage": server.storage, "publish": MODEL} | arguments
        order = order_for("model-training", given, artifacts_url=str(tmp_path / "training"))
        return execute(order, output=tmp_path / "output", catalog=catalog_of(model_training))

    return train


@pytest.fixture
def report(tmp_path: Path, server: ObjectStorageServer) -> Perform:
    def report(run_id: str = "report-1", **arguments: Any) -> AttemptReport:
        given = {"model": MODEL, "data": f"s3://{BUCKET}/fresh/rows.parquet", "storage": server.storage}
        given |= {"history": HISTORY, "resamples": 40} | arguments
        order = order_for("performance-report", given, artifacts_url=str(tmp_path / "reports"))
        order = order.model_copy(update={"ref": order.ref.model_copy(update={"run_id": run_id})})
        return execute(order, output=tmp_path / "output", catalog=catalog_of(performance_report))

    return report


def test_a_model_of_objects_is_published_as_the_artifacts_have_it(train: Perform, files: Any) -> None:
    trained = train()

    assert trained.state is RunState.SUCCEEDED, trained.message
    assert (trained.result["train_rows"] + trained.result["test_rows"], trained.result["published"]) == (120, MODEL)
    left = Path(trained.result["model"]).parent
    place = MODEL.removeprefix("s3://")
    published = {key.rpartition("/")[2]: files.cat_file(key) for key in files.find(place)}
    assert published == {path.name: path.read_bytes() for path in left.iterdir()}


def test_a_report_reads_model_rows_and_its_last_one_from_objects(train: Perform, report: Perform, files: Any) -> None:
    assert train().state is RunState.SUCCEEDED
    first, second = report(), report("report-2")

    assert first.state is RunState.SUCCEEDED, first.message
    assert (first.result["rows"], first.result["labelled"], first.result["compared_with"]) == (30, 30, None)
    assert first.result["metrics"]["accuracy"] > 0.8
    assert second.result["compared_with"] == "report-1"
    assert files.exists(f"{HISTORY.removeprefix('s3://')}/latest-report.json")


def test_a_new_model_replaces_the_published_one(train: Perform, report: Perform, files: Any) -> None:
    assert train().state is RunState.SUCCEEDED
    assert train(features=["petal width (cm)"]).state is RunState.SUCCEEDED

    judged = report()
    assert judged.state is RunState.SUCCEEDED, judged.message
    assert judged.result["metrics"]["accuracy"] > 0.8


def test_what_is_not_there_is_a_plain_message(train: Perform, report: Perform, files: Any) -> None:
    assert f"s3://{BUCKET}/nothing" in train(source=f"s3://{BUCKET}/nothing/*.parquet").message
    absent = report(model=f"s3://{BUCKET}/nothing")

    assert absent.message.startswith(f"ModelLoadError: no reference.json in s3://{BUCKET}/nothing"), absent.message


@pytest.mark.parametrize("wrong", ["key", "bucket"])
def test_a_place_that_cannot_be_written_is_named_and_the_model_is_kept(
    train: Perform, server: ObjectStorageServer, files: Any, wrong: str
) -> None:
    """Rows from another place, so that publishing is what fails."""
    source = {"source": None, "target": None, "dataset": "iris"}
    storage = server.storage | ({"secret_access_key": "wrong-one"} if wrong == "key" else {})
    url = f"{MODEL}" if wrong == "key" else "s3://no-such-bucket/models"
    failed = train(**source, storage=storage, publish=url)

    assert failed.state is RunState.FAILED
    assert failed.message.startswith(f"TrainingError: publish: cannot write to {url}: "), failed.message
    kept = failed.message.rpartition("the model is in ")[2]
    assert (Path(kept) / "model.skops").exists()
    assert "wrong-one" not in failed.message + failed.output


def test_a_wrong_key_is_a_plain_message_of_a_reader(
    train: Perform, report: Perform, server: ObjectStorageServer, files: Any
) -> None:
    assert train().state is RunState.SUCCEEDED
    wrong = server.storage | {"secret_access_key": "wrong-one"}
    of_training, of_report = train(storage=wrong), report(storage=wrong)

    assert of_training.message.startswith("TableError: "), of_training.message
    assert of_report.message.startswith("ModelLoadError: cannot read s3://"), of_report.message
    assert "wrong-one" not in of_training.message + of_training.output + of_report.message + of_report.output
