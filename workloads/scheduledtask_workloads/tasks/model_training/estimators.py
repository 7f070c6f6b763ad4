"""The estimators and the space that is searched."""

from typing import Any

from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ParameterSampler
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from scheduledtask_workloads.tasks.model_training.settings import Estimator, Settings

_DECADES = [10.0**exponent for exponent in range(-4, 4)]
_SPACES: dict[Estimator, dict[str, list[Any]]] = {
    Estimator.LOGISTIC_REGRESSION: {
        "C": [factor * decade for decade in _DECADES for factor in (1, 2, 5)],
        "class_weight": [None, "balanced"],
    },
    Estimator.NEURAL_NETWORK: {
        "hidden_layer_sizes": [[16], [32], [64], [128], [32, 32], [64, 32], [128, 64]],
        "alpha": _DECADES,
        "learning_rate_init": [0.001, 0.003, 0.01],
    },
}


def candidates(settings: Settings) -> list[dict[str, Any]]:
    """The parameters to try, the same for the same settings; fewer where the space is smaller."""
    space = _SPACES[settings.estimator]
    size = 1
    for values in space.values():
        size *= len(values)
    return list(ParameterSampler(space, min(settings.candidates, size), random_state=settings.seed))


def build(settings: Settings, parameters: dict[str, Any]) -> Pipeline:
    """Standardised inputs, then the estimator. Fresh, not fitted."""
    if settings.estimator is Estimator.LOGISTIC_REGRESSION:
        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000, **parameters))
    network = MLPClassifier(early_stopping=True, max_iter=300, random_state=settings.seed, **parameters)
    return make_pipeline(StandardScaler(), network)
