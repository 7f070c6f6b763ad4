"""A model's file is read only if it holds what our training writes, and nothing else.

skops makes no object of a type that it does not trust. Its own list is every estimator of scikit-learn, and more;
ours is shorter, stands here and is never taken from a file. Trees are walked by compiled code that checks no bounds,
so their links are checked before they are used.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import skops.io
from sklearn.pipeline import Pipeline
from skops.io.exceptions import UntrustedTypesFoundException

from scheduledtask_workloads.tasks.models.errors import ModelLoadError, UntrustedModelError

_LOSSES = ("HalfBinomialLoss", "HalfMultinomialLoss", "HalfSquaredError")
_BOOSTING = "sklearn.ensemble._hist_gradient_boosting"

ALLOWED_TYPES = frozenset(
    {
        *(f"builtins.{name}" for name in ("dict", "list", "slice", "str", "tuple")),
        *(f"numpy.{name}" for name in ("dtype", "ndarray", "float32", "float64", "int64", "uint64")),
        "numpy.random._generator.Generator",
        "numpy.random.mtrand.RandomState",
        *(f"sklearn._loss._loss.Cy{name}" for name in _LOSSES),
        *(f"sklearn._loss.loss.{name}" for name in _LOSSES),
        *(f"sklearn._loss.link.{name}" for name in ("IdentityLink", "Interval", "LogitLink", "MultinomialLogit")),
        "sklearn.compose._column_transformer.ColumnTransformer",
        "sklearn.ensemble._forest.RandomForestClassifier",
        "sklearn.ensemble._forest.RandomForestRegressor",
        f"{_BOOSTING}.binning._BinMapper",
        f"{_BOOSTING}.gradient_boosting.HistGradientBoostingClassifier",
        f"{_BOOSTING}.gradient_boosting.HistGradientBoostingRegressor",
        f"{_BOOSTING}.predictor.TreePredictor",
        "sklearn.impute._base.SimpleImputer",
        "sklearn.linear_model._logistic.LogisticRegression",
        "sklearn.linear_model._ridge.Ridge",
        "sklearn.neural_network._multilayer_perceptron.MLPClassifier",
        "sklearn.neural_network._multilayer_perceptron.MLPRegressor",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.pipeline.Pipeline",
        "sklearn.preprocessing._data.StandardScaler",
        "sklearn.preprocessing._encoders.OneHotEncoder",
        "sklearn.preprocessing._encoders.OrdinalEncoder",
        "sklearn.preprocessing._function_transformer.FunctionTransformer",
        "sklearn.preprocessing._label.LabelBinarizer",
        "sklearn.preprocessing._label.LabelEncoder",
        "sklearn.tree._classes.DecisionTreeClassifier",
        "sklearn.tree._classes.DecisionTreeRegressor",
        "sklearn.tree._tree.Tree",
    }
)
_LOADERS = (
    *("Dict", "DType", "Json", "List", "Loss", "NdArray", "Object"),
    *("RandomGenerator", "RandomState", "Slice", "Tree", "Tuple", "Type"),
)
ALLOWED_LOADERS = frozenset(f"{name}Node" for name in _LOADERS)
# Of the allowed types, those that skops itself does not trust: trees, whose links are checked below, a record of an
# optimiser's moments, and the names of array types.
_TRUSTED_BESIDES = [
    "numpy.dtype",
    "sklearn.tree._tree.Tree",
    f"{_BOOSTING}.predictor.TreePredictor",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
]


def dump_pipeline(pipeline: Pipeline) -> bytes:
    """Raises UntrustedModelError if it could not be loaded again."""
    data: bytes = skops.io.dumps(pipeline)
    _refuse_strangers(data)
    return data


def load_pipeline(data: bytes) -> Pipeline:
    """Raises ModelLoadError, UntrustedModelError."""
    _refuse_strangers(data)
    try:
        pipeline = skops.io.loads(data, trusted=_TRUSTED_BESIDES)
    except UntrustedTypesFoundException as error:
        raise UntrustedModelError(
            f"the model's file is not one that training writes, and was not loaded: {error}"
        ) from error
    except Exception as error:  # whatever a damaged file makes of the libraries that read it
        raise ModelLoadError(f"the model's file is damaged: {type(error).__name__}: {error}; train anew") from error
    if not isinstance(pipeline, Pipeline):
        raise ModelLoadError(f"the model's file holds a {type(pipeline).__name__}, no pipeline; train anew")
    _check_trees(pipeline)
    return pipeline


def _refuse_strangers(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            schema = json.loads(archive.read("schema.json"))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ModelLoadError(f"the model's file is no skops file: {error}; train anew") from error
    nodes = list(_nodes(schema))
    strangers = {f"{node['__module__']}.{node['__class__']}" for node in nodes} - ALLOWED_TYPES
    strangers |= {str(node.get("__loader__")) for node in nodes} - ALLOWED_LOADERS
    if strangers:
        raise UntrustedModelError(
            f"the model's file holds {', '.join(sorted(strangers))}, which training never writes, and was not loaded;"
            " use a model that model-training made"
        )


def _nodes(part: Any) -> Iterator[dict[str, Any]]:
    waiting = [part]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "__class__" in part and "__module__" in part:
                yield part
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _check_trees(pipeline: Pipeline) -> None:
    estimator = pipeline[-1]
    features = getattr(estimator, "n_features_in_", 0)
    for member in getattr(estimator, "estimators_", ()):
        tree = member.tree_
        inner = tree.children_left != -1
        _check_links(tree.children_left, tree.children_right, tree.feature, inner, features)
    for iteration in getattr(estimator, "_predictors", ()):
        for predictor in iteration:
            nodes = predictor.nodes
            if nodes["is_categorical"].any():
                raise ModelLoadError("the model's file is damaged: a split by bit sets; train anew")
            inner = nodes["is_leaf"] == 0
            _check_links(nodes["left"], nodes["right"], nodes["feature_idx"], inner, features)


def _check_links(left: Any, right: Any, feature: Any, inner: Any, features: int) -> None:
    """Children come after their parent and inside the tree, so that each walk ends in it."""
    number = np.arange(len(left))[inner]
    for child in (left[inner].astype(np.int64), right[inner].astype(np.int64)):
        if ((child <= number) | (child >= len(left))).any():
            raise ModelLoadError("the model's file is damaged: a tree's link leads out of it; train anew")
    if ((feature[inner] < 0) | (feature[inner] >= features)).any():
        raise ModelLoadError("the model's file is damaged: a tree asks for a feature that is not there; train anew")
