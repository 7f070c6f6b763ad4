"""The folder that a training leaves: `model.skops` and `reference.json`, and how they are loaded again."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import numpy as np
import sklearn
from numpy.typing import NDArray
from pydantic import ValidationError
from sklearn.pipeline import Pipeline

from scheduledtask_workloads.tasks.models.errors import ModelLoadError
from scheduledtask_workloads.tasks.models.features import prepared
from scheduledtask_workloads.tasks.models.reference import Reference, TaskKind
from scheduledtask_workloads.tasks.models.safety import dump_pipeline, load_pipeline

if TYPE_CHECKING:
    import pandas as pd

MODEL_FILE = "model.skops"
REFERENCE_FILE = "reference.json"


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A fitted pipeline and what is known of its training. Rows are given as they were read, extra columns are fine."""

    pipeline: Pipeline
    reference: Reference

    def prepare(self, rows: "pd.DataFrame") -> "pd.DataFrame":
        """The model's features in their order and form. Raises ModelDataError."""
        return prepared(rows, self.reference.feature_kinds)

    def predict(self, rows: "pd.DataFrame") -> NDArray[Any]:
        """A label or a number for each row, shape (rows,). Raises ModelDataError."""
        return np.asarray(self.pipeline.predict(self.prepare(rows)))

    def probabilities(self, rows: "pd.DataFrame") -> NDArray[np.float64]:
        """Shape (rows, labels), in the order of `reference.labels`; of a classification. Raises ModelDataError."""
        return np.asarray(self.pipeline.predict_proba(self.prepare(rows)), dtype=np.float64)


def save_model(folder: Path, pipeline: Pipeline, reference: Reference) -> None:
    """Both files, each whole or not there; the reference, which knows the model's sum, last."""
    data = dump_pipeline(pipeline)
    known = reference.model_copy(update={"model_sha256": hashlib.sha256(data).hexdigest()})
    write_whole(folder / MODEL_FILE, data)
    write_whole(folder / REFERENCE_FILE, known.model_dump_json(indent=2).encode() + b"\n")


def write_whole(path: Path, data: bytes) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(data)
    os.replace(fresh, path)


def load_model(location: str | Path, storage_options: Mapping[str, Any] | None = None) -> LoadedModel:
    """From a folder or an fsspec URL of one (`/models/churn`, `file://`, `s3://bucket/prefix`).

    `storage_options` are fsspec's for that URL. Raises ModelLoadError when it is not there, damaged, or made by
    another minor version of scikit-learn, UntrustedModelError when it holds what training never writes.
    """
    reference = load_reference(location, storage_options)
    _refuse_other_version(reference)
    data = _read(location, MODEL_FILE, storage_options)
    if hashlib.sha256(data).hexdigest() != reference.model_sha256:
        raise ModelLoadError(f"{MODEL_FILE} in {location} is not the one of its {REFERENCE_FILE}; copy both again")
    pipeline = load_pipeline(data)
    _refuse_other_shape(pipeline, reference)
    return LoadedModel(pipeline, reference)


def load_reference(location: str | Path, storage_options: Mapping[str, Any] | None = None) -> Reference:
    """`reference.json` alone. Raises ModelLoadError."""
    data = _read(location, REFERENCE_FILE, storage_options)
    try:
        return Reference.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ModelLoadError(f"{REFERENCE_FILE} in {location}: {where}: {first['msg']}; train anew") from error


def _read(location: str | Path, name: str, storage_options: Mapping[str, Any] | None) -> bytes:
    url = f"{str(location).rstrip('/')}/{name}"
    try:
        with fsspec.open(url, "rb", **(storage_options or {})) as file:
            return bytes(file.read())
    except FileNotFoundError as error:
        raise ModelLoadError(f"no {name} in {location}; name the folder of a run of model-training") from error
    except (OSError, ValueError, ImportError) as error:
        raise ModelLoadError(f"cannot read {url}: {type(error).__name__}: {error}") from error


def _refuse_other_version(reference: Reference) -> None:
    made = reference.libraries.get("scikit-learn", "an unknown version")
    if made.split(".")[:2] != sklearn.__version__.split(".")[:2]:
        raise ModelLoadError(
            f"the model was made by scikit-learn {made} and here is {sklearn.__version__}, which may predict otherwise;"
            " train anew, or use the worker image that trained it"
        )


def _refuse_other_shape(pipeline: Pipeline, reference: Reference) -> None:
    """What the two files say of inputs and labels is used side by side, so it must agree."""
    names = list(getattr(pipeline, "feature_names_in_", ()))
    labels = list(getattr(pipeline, "classes_", ())) if reference.kind is TaskKind.CLASSIFICATION else []
    if names != [feature.name for feature in reference.features] or labels != reference.labels:
        raise ModelLoadError(f"{MODEL_FILE} and {REFERENCE_FILE} differ in features or labels; train anew")
