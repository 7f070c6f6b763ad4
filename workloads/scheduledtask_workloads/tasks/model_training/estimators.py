"""The estimators, the space that is searched of each, and the way of the columns into them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from scheduledtask_workloads.tasks.model_training.data import Table
from scheduledtask_workloads.tasks.model_training.errors import TrainingError
from scheduledtask_workloads.tasks.model_training.settings import Estimator
from scheduledtask_workloads.tasks.models.features import FeatureKind
from scheduledtask_workloads.tasks.models.reference import TaskKind

if TYPE_CHECKING:
    import optuna

ONE_HOT_CATEGORIES = 30  # the rest share one input: a column of ids must not make a million of them
ORDINAL_CATEGORIES = 250
VALIDATION_SHARE = 0.1  # of the rows, what an estimator holds out to stop early by
_ENOUGH_TO_STOP_EARLY = 300  # rows; of fewer a tenth says too little
_LAYERS = ("16", "32", "64", "128", "32-32", "64-32", "128-64")

_BY_KIND = {
    TaskKind.CLASSIFICATION: (
        Estimator.LOGISTIC_REGRESSION,
        Estimator.RANDOM_FOREST,
        Estimator.GRADIENT_BOOSTING,
        Estimator.NEURAL_NETWORK,
    ),
    TaskKind.REGRESSION: (
        Estimator.RIDGE,
        Estimator.RANDOM_FOREST,
        Estimator.GRADIENT_BOOSTING,
        Estimator.NEURAL_NETWORK,
    ),
}


def choices(asked: Estimator, kind: TaskKind) -> tuple[Estimator, ...]:
    """What is searched. Raises TrainingError for an estimator that is not of the kind."""
    fitting = _BY_KIND[kind]
    if asked is Estimator.AUTO:
        return fitting
    if asked not in fitting:
        raise TrainingError(f"estimator: {asked} is not for a {kind}; take {', '.join(fitting)} or auto")
    return (asked,)


def suggest(trial: "optuna.Trial", estimators: tuple[Estimator, ...], kind: TaskKind) -> dict[str, Any]:
    """The trial's parameters, `estimator` among them."""
    chosen = Estimator(trial.suggest_categorical("estimator", list(map(str, estimators))))
    _SPACES[chosen](trial, kind)
    return dict(trial.params)


def _logistic_space(trial: "optuna.Trial", kind: TaskKind) -> None:
    trial.suggest_float("C", 1e-4, 1e4, log=True)
    trial.suggest_categorical("class_weight", [None, "balanced"])


def _ridge_space(trial: "optuna.Trial", kind: TaskKind) -> None:
    trial.suggest_float("alpha", 1e-4, 1e4, log=True)


def _forest_space(trial: "optuna.Trial", kind: TaskKind) -> None:
    trial.suggest_int("n_estimators", 50, 300, step=50)
    trial.suggest_int("min_samples_leaf", 1, 20, log=True)
    trial.suggest_float("max_features", 0.2, 1.0)
    if kind is TaskKind.CLASSIFICATION:
        trial.suggest_categorical("class_weight", [None, "balanced"])


def _boosting_space(trial: "optuna.Trial", kind: TaskKind) -> None:
    trial.suggest_float("learning_rate", 0.02, 0.3, log=True)
    trial.suggest_int("max_leaf_nodes", 7, 63, log=True)
    trial.suggest_int("min_samples_leaf", 5, 100, log=True)
    trial.suggest_float("l2_regularization", 1e-4, 10.0, log=True)


def _network_space(trial: "optuna.Trial", kind: TaskKind) -> None:
    trial.suggest_categorical("hidden_layer_sizes", list(_LAYERS))
    trial.suggest_float("alpha", 1e-4, 10.0, log=True)
    trial.suggest_float("learning_rate_init", 1e-3, 1e-2, log=True)


_SPACES = {
    Estimator.LOGISTIC_REGRESSION: _logistic_space,
    Estimator.RIDGE: _ridge_space,
    Estimator.RANDOM_FOREST: _forest_space,
    Estimator.GRADIENT_BOOSTING: _boosting_space,
    Estimator.NEURAL_NETWORK: _network_space,
}


def build(table: Table, parameters: Mapping[str, Any], seed: int, threads: int) -> Pipeline:
    """Columns into form, then the estimator that the parameters name. Fresh, not fitted."""
    given = dict(parameters)
    chosen = Estimator(given.pop("estimator"))
    rows = len(table.train_rows)
    makers = {
        Estimator.LOGISTIC_REGRESSION: lambda: LogisticRegression(max_iter=2000, **given),
        Estimator.RIDGE: lambda: Ridge(**given),
        Estimator.RANDOM_FOREST: lambda: _forest(table.kind, seed, threads, given),
        Estimator.GRADIENT_BOOSTING: lambda: _boosting(table.kind, rows, seed, given),
        Estimator.NEURAL_NETWORK: lambda: _network(table, seed, given),
    }
    return Pipeline([("columns", _columns(table.feature_kinds, chosen)), ("estimator", makers[chosen]())])


def _forest(kind: TaskKind, seed: int, threads: int, given: Mapping[str, Any]) -> Any:
    made = RandomForestClassifier if kind is TaskKind.CLASSIFICATION else RandomForestRegressor
    return made(random_state=seed, n_jobs=threads, **given)


def _boosting(kind: TaskKind, rows: int, seed: int, given: Mapping[str, Any]) -> Any:
    made = HistGradientBoostingClassifier if kind is TaskKind.CLASSIFICATION else HistGradientBoostingRegressor
    stop = rows >= _ENOUGH_TO_STOP_EARLY
    return made(random_state=seed, early_stopping=stop, max_iter=300 if stop else 100, **given)


def _network(table: Table, seed: int, given: dict[str, Any]) -> Any:
    made = MLPClassifier if table.kind is TaskKind.CLASSIFICATION else MLPRegressor
    layers = tuple(map(int, given.pop("hidden_layer_sizes").split("-")))
    stop = len(table.train_rows) >= max(_ENOUGH_TO_STOP_EARLY, 40 * len(table.labels))
    return made(hidden_layer_sizes=layers, early_stopping=stop, max_iter=300, random_state=seed, **given)


def _columns(kinds: Mapping[str, FeatureKind], chosen: Estimator) -> ColumnTransformer:
    """Trees take numbers as they are, and categories as numbers; the others want one size, and nothing missing."""
    categories = [name for name, kind in kinds.items() if kind is FeatureKind.CATEGORICAL]
    numbers = [name for name in kinds if name not in categories]
    trees = chosen in {Estimator.RANDOM_FOREST, Estimator.GRADIENT_BOOSTING}
    numeric = "passthrough" if chosen is Estimator.GRADIENT_BOOSTING else SimpleImputer(strategy="median")
    if not trees:
        numeric = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    ways = [("numbers", numeric, numbers), ("categories", _categories(trees), categories)]
    return ColumnTransformer([way for way in ways if way[2]])


def _categories(trees: bool) -> Pipeline:
    """What training did not see counts as the rare ones do, or as unknown."""
    encoder = (
        OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=-1, max_categories=ORDINAL_CATEGORIES, dtype=np.float64
        )
        if trees
        else OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            max_categories=ONE_HOT_CATEGORIES,
            sparse_output=False,
            dtype=np.float64,
        )
    )
    return make_pipeline(SimpleImputer(strategy="constant", fill_value="(missing)"), encoder)
