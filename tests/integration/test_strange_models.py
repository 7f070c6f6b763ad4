"""A model's file that training did not write is refused before anything of it becomes an object."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import skops.io
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from tests.task_orders import catalog_of, order_for

from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks import model_training
from scheduledtask_workloads.tasks.models import ModelLoadError, UntrustedModelError, load_model


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("trained")
    arguments = {"dataset": "iris", "estimator": "gradient-boosting", "candidates": 1, "folds": 2}
    order = order_for("model-training", arguments, artifacts_url=str(store))
    report = execute(order, output=store / "output", catalog=catalog_of(model_training))
    return Path(report.result["model"]).parent


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "model"))


def put(folder: Path, data: bytes) -> None:
    """With the sum that a forger would write."""
    (folder / "model.skops").write_bytes(data)
    rewrite(folder, model_sha256=hashlib.sha256(data).hexdigest())


def rewrite(folder: Path, **fields: Any) -> None:
    reference = json.loads((folder / "reference.json").read_text())
    (folder / "reference.json").write_text(json.dumps(reference | fields))


@pytest.mark.parametrize(
    ("strange", "name"),
    [
        (make_pipeline(FunctionTransformer(os.system)), "posix.system"),
        (make_pipeline(StandardScaler(), KMeans()), "sklearn.cluster._kmeans.KMeans"),
        (make_pipeline(FunctionTransformer(json.loads)), "json.loads"),
    ],
)
def test_a_type_that_training_never_writes_is_refused_by_name(folder: Path, strange: Any, name: str) -> None:
    put(folder, skops.io.dumps(strange))

    with pytest.raises(UntrustedModelError, match=name):
        load_model(folder)


def test_a_pickle_is_no_model(folder: Path) -> None:
    put(folder, b"cposix\nsystem\n(S'touch /tmp/never'\ntR.")

    with pytest.raises(ModelLoadError, match="no skops file"):
        load_model(folder)


def test_a_tree_whose_links_lead_out_of_it_is_refused(folder: Path) -> None:
    pipeline = load_model(folder).pipeline
    pipeline[-1]._predictors[0][0].nodes["left"][0] = 1_000_000
    put(folder, skops.io.dumps(pipeline))

    with pytest.raises(ModelLoadError, match="leads out of it"):
        load_model(folder)


def test_a_model_of_another_run_is_told_from_its_reference(folder: Path) -> None:
    (folder / "model.skops").write_bytes(b"of another run")

    with pytest.raises(ModelLoadError, match=r"is not the one of its reference\.json"):
        load_model(folder)


def test_another_version_of_scikit_learn_is_not_trusted_to_predict_the_same(folder: Path) -> None:
    rewrite(folder, libraries={"scikit-learn": "0.9.0"})

    with pytest.raises(ModelLoadError, match=r"made by scikit-learn 0\.9\.0.*train anew"):
        load_model(folder)


def test_a_folder_without_a_model_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError, match=r"no reference\.json in .*; name the folder of a run of model-training"):
        load_model(tmp_path)
