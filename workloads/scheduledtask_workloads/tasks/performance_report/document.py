"""`report.json`: all that the page shows, for programs."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from scheduledtask_workloads.tasks.models import TaskKind


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Run(_Part):
    namespace: str
    name: str
    run_id: str
    made_at: datetime


class ModelFacts(_Part):
    location: str
    estimator: str
    kind: TaskKind
    target: str
    trained_at: datetime
    run_id: str
    train_rows: int


class DataFacts(_Part):
    """`labelled`: rows with a true value that the model knows; `unknown_labels`: rows with one that it does not."""

    source: str
    rows: int
    capped: bool = Field(description="True when `max_rows` were taken, perhaps of more.")
    labelled: int
    unknown_labels: int


class Intervals(_Part):
    """How the intervals were made; `rows` were drawn of those that are labelled."""

    confidence: float
    resamples: int
    rows: int
    seed: int


class Metric(_Part):
    """`low` to `high` is the interval, `held_out` the value at the training, `previous` that of the last report."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    held_out: float | None = None
    previous: float | None = None


class ClassScores(_Part):
    """Of one label. `support`: rows that have it. None where nothing was predicted, or there is no such row."""

    label: str
    support: int
    precision: Metric | None
    recall: Metric | None
    f1: Metric | None


class Calibration(_Part):
    """In ten equal bins of the predicted probability: rows, its mean, how often it came true; bins with rows alone.

    `of` says which probability: that of one label, or of whatever was predicted.
    """

    of: str
    rows: list[int]
    predicted: list[float]
    observed: list[float]


class Confusion(_Part):
    """`counts[i][j]`: rows of label i for which label j was predicted."""

    labels: list[str]
    counts: list[list[int]]


class Residuals(_Part):
    """Target minus prediction. `interval`: between these 90 % of the held-out residuals lay at the training.

    `bands`: rows by prediction in at most twenty parts of equal size, with quantiles of the residuals in each.
    `points` are rows drawn at random. `quantiles` are those of the residuals at (i + 0.5) / n, for i from 0 to n - 1.
    """

    edges: list[float]
    counts: list[int]
    held_out_shares: list[float]
    interval: tuple[float, float] | None
    bands: list["Band"]
    points: list[tuple[float, float]]
    quantiles: list[float]


class Band(_Part):
    prediction: float
    low: float
    middle: float
    high: float


class Drift(_Part):
    """One column then and now, in the training's bins: shares of the rows, in the same order as `bins`.

    `psi_by_chance`: below this the index lies in 95 of 100 cases although nothing has changed. `test`: `ks` or `chi2`,
    None where one side has no values.
    """

    name: str
    kind: str
    psi: float
    psi_by_chance: float
    test: Literal["ks", "chi2"] | None
    statistic: float | None
    p_value: float | None
    bins: list[str]
    expected: list[float]
    found: list[float]
    missing_expected: float = 0.0
    missing_found: float = 0.0
    outside: float = Field(0.0, description="Share of values beyond the training's range, or of new categories.")
    mean_expected: float | None = None
    mean_found: float | None = None
    previous_psi: float | None = None


class Verdict(_Part):
    """`passed` is None where the measure has no value in this report."""

    measure: str
    value: float | None
    min: float | None
    max: float | None
    passed: bool | None
    why: str = ""


class Previous(_Part):
    """What is kept of the report that this one is compared with."""

    run_id: str
    made_at: datetime
    model_run_id: str
    metrics: dict[str, float]
    psi: dict[str, float]


class Report(_Part):
    """`features` have the largest PSI first. What needs true values is empty or None without them."""

    version: Literal[1] = 1
    run: Run
    model: ModelFacts
    data: DataFacts
    passed: bool
    verdicts: list[Verdict]
    notes: list[str]
    metrics: list[Metric]
    intervals: Intervals | None
    classes: list[ClassScores]
    confusion: Confusion | None
    calibration: Calibration | None
    residuals: Residuals | None
    features: list[Drift]
    predictions: Drift
    target: Drift | None
    previous: Previous | None
