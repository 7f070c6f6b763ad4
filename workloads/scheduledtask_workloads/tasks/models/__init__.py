"""Trained models as files: what training leaves, and what judges or uses it loads. No pickle, no code in a file."""

from scheduledtask_workloads.tasks.models.artifact import LoadedModel, load_model, load_reference, save_model
from scheduledtask_workloads.tasks.models.errors import ModelDataError, ModelError, ModelLoadError, UntrustedModelError
from scheduledtask_workloads.tasks.models.features import FeatureKind
from scheduledtask_workloads.tasks.models.reference import (
    CategoricalFeature,
    Classes,
    NumericDistribution,
    NumericFeature,
    Reference,
    TaskKind,
)

__all__ = [
    "CategoricalFeature",
    "Classes",
    "FeatureKind",
    "LoadedModel",
    "ModelDataError",
    "ModelError",
    "ModelLoadError",
    "NumericDistribution",
    "NumericFeature",
    "Reference",
    "TaskKind",
    "UntrustedModelError",
    "load_model",
    "load_reference",
    "save_model",
]
