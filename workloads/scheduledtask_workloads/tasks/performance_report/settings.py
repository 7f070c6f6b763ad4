"""The arguments of `performance-report`. Read with the catalog, so nothing here needs scikit-learn."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from scheduledtask_workloads.tasks.model_training.settings import DataSet
from scheduledtask_workloads.tasks.tables import Storage


class Measure(StrEnum):
    """What a threshold can be set on."""

    ACCURACY = "accuracy"
    BALANCED_ACCURACY = "balanced_accuracy"
    PRECISION = "precision"
    RECALL = "recall"
    F1 = "f1"
    ROC_AUC = "roc_auc"
    LOG_LOSS = "log_loss"
    BRIER = "brier"
    CALIBRATION_ERROR = "calibration_error"
    UNKNOWN_LABEL_SHARE = "unknown_label_share"
    RMSE = "rmse"
    MAE = "mae"
    R2 = "r2"
    BIAS = "bias"
    COVERAGE = "coverage"
    PSI = "psi"
    PREDICTION_PSI = "prediction_psi"
    TARGET_PSI = "target_psi"


OF_ANY_MODEL = (Measure.PSI, Measure.PREDICTION_PSI, Measure.TARGET_PSI)
OF_CLASSIFICATION = (
    Measure.ACCURACY,
    Measure.BALANCED_ACCURACY,
    Measure.PRECISION,
    Measure.RECALL,
    Measure.F1,
    Measure.ROC_AUC,
    Measure.LOG_LOSS,
    Measure.BRIER,
    Measure.CALIBRATION_ERROR,
    Measure.UNKNOWN_LABEL_SHARE,
)
OF_REGRESSION = (Measure.RMSE, Measure.MAE, Measure.R2, Measure.BIAS, Measure.COVERAGE)


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Threshold(_Closed):
    """What a measure may be; both bounds are allowed values."""

    min: float | None = Field(None, description="The least.")
    max: float | None = Field(None, description="The most.")

    @model_validator(mode="after")
    def _some_bound(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("a threshold has min, max or both; write one of them")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}, which no value can meet; exchange them")
        return self


class ReportArguments(_Closed):
    """A model, fresh data with or without the target's column, and what the model must still reach."""

    model: str | None = Field(
        None,
        min_length=1,
        description="Folder or s3:// URL that a training left. Default: of the run that triggered this one.",
    )
    data: str | None = Field(
        None, min_length=1, description="Fresh rows: path, pattern or s3:// URL of CSV or Parquet files."
    )
    dataset: DataSet | None = Field(None, description="Instead of data: a set inside scikit-learn, to try it.")
    storage: Storage | None = Field(None, description="Where s3:// is and its keys, from a Secret.")
    target: str | None = Field(
        None, min_length=1, description="The column of the true values. Default: the training's target, if it is there."
    )
    max_rows: int = Field(1_000_000, ge=10, description="Of more rows so many are drawn.")
    thresholds: dict[Measure, Threshold] = Field({}, description="By measure; one that is missed fails the run.")
    resamples: int = Field(500, ge=0, le=10_000, description="Of the bootstrap, for the intervals; 0: no intervals.")
    interval_rows: int = Field(20_000, ge=100, description="Of more rows so many are drawn for the bootstrap.")
    confidence: float = Field(0.95, ge=0.5, le=0.999, description="Of the intervals.")
    seed: Annotated[int, Field(ge=0, le=2**32 - 1, description="The same seed gives the same report.")] = 0
    history: str | None = Field(
        None, min_length=1, description="Folder or URL of the last report. Default: beside this task's runs."
    )
    previous: str | None = Field(
        None, min_length=1, description="A report.json to compare with, instead of the last report."
    )

    @model_validator(mode="after")
    def _one_table(self) -> Self:
        if (self.data is None) == (self.dataset is None):
            raise ValueError("write either data or dataset")
        return self
