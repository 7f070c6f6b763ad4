"""How good predictions are: the same figures at training and on fresh data."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk

from scheduledtask_workloads.tasks.models.reference import Label


def classification_metrics(
    target: NDArray[Any], predicted: NDArray[Any], probabilities: NDArray[np.float64], labels: Sequence[Label]
) -> dict[str, float]:
    """`accuracy`, `balanced_accuracy`, `f1` (mean of the classes), `log_loss` and, if every class occurs, `roc_auc`.

    `probabilities` has the shape (rows, labels), in their order. `roc_auc` of more than two classes is the mean of
    each against the rest. Labels of another type than the reference's are refused by scikit-learn (ValueError).
    """
    found = {
        "accuracy": sk.accuracy_score(target, predicted),
        "balanced_accuracy": _balanced_accuracy(target, predicted, labels),
        "f1": sk.f1_score(target, predicted, average="macro", labels=list(labels), zero_division=0.0),
        "log_loss": sk.log_loss(target, probabilities, labels=list(labels)),
    }
    if len(np.unique(target)) == len(labels):
        scores = probabilities[:, 1] if len(labels) == 2 else probabilities
        found["roc_auc"] = sk.roc_auc_score(target, scores, multi_class="ovr", labels=list(labels))
    return {name: float(value) for name, value in found.items()}


def regression_metrics(target: NDArray[np.float64], predicted: NDArray[np.float64]) -> dict[str, float]:
    """`rmse` and `mae` in the target's unit, and `r2` where there are two rows or more."""
    found = {"rmse": sk.root_mean_squared_error(target, predicted), "mae": sk.mean_absolute_error(target, predicted)}
    if len(target) > 1:
        found["r2"] = sk.r2_score(target, predicted)
    return {name: float(value) for name, value in found.items()}


def _balanced_accuracy(target: NDArray[Any], predicted: NDArray[Any], labels: Sequence[Label]) -> float:
    """The mean of the recalls of the classes that occur; scikit-learn's warns where one is predicted that does not."""
    occurring = [label for label in labels if (target == label).any()]
    return float(sk.recall_score(target, predicted, labels=occurring, average="macro", zero_division=0.0))
