"""The arguments of `model-training`. Read with the catalog, so nothing here needs scikit-learn."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from scheduledtask_workloads.catalog import Duration
from scheduledtask_workloads.tasks.tables import Storage


class DataSet(StrEnum):
    """Data sets that ship inside scikit-learn; nothing is downloaded."""

    BREAST_CANCER = "breast_cancer"
    DIGITS = "digits"
    IRIS = "iris"
    WINE = "wine"
    DIABETES = "diabetes"


class Estimator(StrEnum):
    """`auto` searches all that fit the kind; `logistic-regression` classifies, `ridge` is its regression."""

    AUTO = "auto"
    LOGISTIC_REGRESSION = "logistic-regression"
    RIDGE = "ridge"
    RANDOM_FOREST = "random-forest"
    GRADIENT_BOOSTING = "gradient-boosting"
    NEURAL_NETWORK = "neural-network"


class Kind(StrEnum):
    """`auto`: text, true and false, and at most twenty different whole numbers are classes."""

    AUTO = "auto"
    CLASSIFICATION = "classification"
    REGRESSION = "regression"


class Metric(StrEnum):
    """What candidates are compared by."""

    ACCURACY = "accuracy"
    BALANCED_ACCURACY = "balanced_accuracy"
    F1 = "f1"
    ROC_AUC = "roc_auc"
    LOG_LOSS = "log_loss"
    RMSE = "rmse"
    MAE = "mae"
    R2 = "r2"


class TrainingArguments(BaseModel):
    """What `model-training` takes: a `dataset` to try it with, or a `source` and its `target`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: DataSet | None = Field(None, description="Ships inside scikit-learn. Default, without a source: digits.")
    source: str | None = Field(
        None, min_length=1, description="A table: path, pattern or s3:// URL of CSV or Parquet files."
    )
    storage: Storage | None = Field(None, description="Where s3:// is and its keys, from a Secret.")
    target: str | None = Field(None, min_length=1, description="The source's column that is to be predicted.")
    kind: Kind = Field(Kind.AUTO, description="Classes or numbers; auto looks at the target.")
    features: Annotated[list[str], Field(min_length=1)] | None = Field(
        None, description="Columns to learn from. Default: all others."
    )
    exclude: list[str] = Field([], description="Columns that are left out.")
    sample_rows: int | None = Field(None, ge=50, description="Of a larger source so many rows are drawn.")
    test_share: float = Field(0.2, ge=0.05, le=0.5, description="Of the rows, held out for the last test.")
    estimator: Estimator = Field(Estimator.NEURAL_NETWORK, description="What is trained.")
    metric: Metric | None = Field(None, description="What is searched for. Default: accuracy, for numbers rmse.")
    candidates: int = Field(20, ge=1, le=1000, description="Settings tried, at most.")
    folds: int = Field(5, ge=2, le=20, description="Parts of the cross-validation.")
    patience: int | None = Field(None, ge=1, description="Stop after so many candidates without a better one.")
    prune: bool = Field(True, description="Give a candidate up whose first folds are worse than most.")
    budget: Duration = Field(3600.0, description="No new candidate after so long, over all attempts: 90s, 1h30m.")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="The same seed gives the same model.")
    publish: str | None = Field(
        None, min_length=1, description="Folder or s3:// URL that gets a copy of the model, over the last one."
    )

    @model_validator(mode="after")
    def _one_table(self) -> Self:
        if self.source is None and (self.target or self.features or self.exclude):
            raise ValueError("target, features and exclude are of a source; give a source, or leave them out")
        if self.source is not None and self.dataset is not None:
            raise ValueError("write dataset or source, not both")
        if self.source is not None and self.target is None:
            raise ValueError("target: name the source's column that is to be predicted")
        if self.target is not None and self.target in {*self.exclude, *(self.features or ())}:
            raise ValueError(f"target {self.target!r} cannot be among features or exclude; take it out there")
        return self
