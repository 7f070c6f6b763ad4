"""What can be asked for. Read with the catalog, so nothing here needs scikit-learn."""

from dataclasses import dataclass
from enum import StrEnum


class DataSet(StrEnum):
    """Data sets that ship inside scikit-learn; nothing is downloaded."""

    BREAST_CANCER = "breast_cancer"
    DIGITS = "digits"
    IRIS = "iris"
    WINE = "wine"


class Estimator(StrEnum):
    """Both are saved as plain arrays, never as pickled code."""

    LOGISTIC_REGRESSION = "logistic-regression"
    NEURAL_NETWORK = "neural-network"


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides about every score: a checkpoint made under other settings is of no use."""

    dataset: DataSet
    estimator: Estimator
    folds: int
    candidates: int
    seed: int
