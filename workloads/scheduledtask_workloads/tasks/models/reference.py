"""`reference.json`: what a judge of fresh data needs to know of the training, and no row of it.

Read with pydantic alone; computing it is in `statistics.py`.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from scheduledtask_workloads.tasks.models.features import FeatureKind

Label = bool | int | str


class TaskKind(StrEnum):
    CLASSIFICATION = "classification"
    REGRESSION = "regression"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NumericDistribution(_Part):
    """Values that are there, in at most twenty bins of about equal counts; all zero and no bins without any.

    Bin i is `edges[i] <= value < edges[i + 1]`, the last one includes its upper edge. One value alone has the edges
    [value, value]. `std` is the population's.
    """

    edges: list[float]
    counts: list[int]
    mean: float
    std: float
    minimum: float
    maximum: float


class NumericFeature(_Part):
    kind: Literal[FeatureKind.NUMERIC] = FeatureKind.NUMERIC
    name: str
    dtype: str = Field(description="As it was read: int64, float64.")
    missing_share: float = Field(description="Of the training rows, from 0 to 1.")
    values: NumericDistribution


class CategoricalFeature(_Part):
    """`counts` has the most frequent hundred categories as text (`true`, `false` for booleans), `other` the rest."""

    kind: Literal[FeatureKind.CATEGORICAL, FeatureKind.BOOLEAN]
    name: str
    dtype: str
    missing_share: float
    counts: dict[str, int]
    other: int


Feature = Annotated[NumericFeature | CategoricalFeature, Field(discriminator="kind")]


class Classes(_Part):
    """Rows by class, in the order of the model's probabilities."""

    labels: list[Label]
    counts: list[int]


class HeldOut(_Part):
    """On rows that the model never saw.

    `predictions` are rows by predicted class, or the predicted numbers. For a classification `scores` has for each
    label, in their order, how the predicted probabilities lie in ten equal bins from 0 to 1; for a regression
    `residuals` is target minus prediction.
    """

    rows: int
    metrics: dict[str, float]
    target: Classes | NumericDistribution
    predictions: Classes | NumericDistribution
    scores: list[list[int]] = Field(default_factory=list)
    residuals: NumericDistribution | None = None


class Reference(_Part):
    """`target_values` is the target's distribution in the training rows, as are the features'."""

    version: Literal[1] = 1
    kind: TaskKind
    target: str
    labels: list[Label] = Field(description="The classes in the order of the model's probabilities; else empty.")
    features: list[Feature]
    target_values: Classes | NumericDistribution
    held_out: HeldOut
    train_rows: int
    source: str = Field(description="Where the rows came from, without credentials.")
    estimator: str
    parameters: dict[str, Any]
    seed: int
    trained_at: datetime
    run_id: str
    model_sha256: str = Field(description="Of model.skops; the two files belong together.")
    libraries: dict[str, str]

    @property
    def feature_kinds(self) -> dict[str, FeatureKind]:
        """In the order of the model's inputs."""
        return {feature.name: feature.kind for feature in self.features}
