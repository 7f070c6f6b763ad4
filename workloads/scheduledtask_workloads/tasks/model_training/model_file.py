"""A trained model as plain arrays in one `.npz` file: loading it can run no code.

Both estimators are layers of weights and biases on standardised inputs; a logistic regression has no hidden layer.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Model:
    """`weights[i]` has the shape (inputs, outputs) of layer i, `biases[i]` (outputs,); between layers is a ReLU."""

    mean: Floats
    scale: Floats
    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]
    classes: NDArray[Any]

    @classmethod
    def of(cls, pipeline: Pipeline) -> "Model":
        """Of a fitted pipeline that `estimators.build` made."""
        scaler, estimator = pipeline[0], pipeline[-1]
        if isinstance(estimator, LogisticRegression):
            layers = [estimator.coef_.T], [estimator.intercept_]
        else:
            layers = estimator.coefs_, estimator.intercepts_
        return cls(scaler.mean_, scaler.scale_, tuple(layers[0]), tuple(layers[1]), estimator.classes_)

    @classmethod
    def load(cls, path: Path) -> "Model":
        with np.load(path, allow_pickle=False) as arrays:
            count = sum(name.startswith("weights_") for name in arrays.files)
            weights = tuple(arrays[f"weights_{layer}"] for layer in range(count))
            biases = tuple(arrays[f"biases_{layer}"] for layer in range(count))
            return cls(arrays["mean"], arrays["scale"], weights, biases, arrays["classes"])

    def save(self, path: Path) -> None:
        layers = {f"weights_{layer}": values for layer, values in enumerate(self.weights)}
        layers |= {f"biases_{layer}": values for layer, values in enumerate(self.biases)}
        np.savez_compressed(path, allow_pickle=False, mean=self.mean, scale=self.scale, classes=self.classes, **layers)

    def predict(self, rows: Floats) -> NDArray[Any]:
        """The class of each row; `rows` has the shape (rows, features), not standardised."""
        values = (rows - self.mean) / self.scale
        for layer, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            values = values @ weights + biases
            if layer < len(self.weights) - 1:
                values = np.maximum(values, 0.0)
        if values.shape[1] == 1:  # two classes share one output
            return np.asarray(self.classes[(values[:, 0] > 0).astype(int)])
        return np.asarray(self.classes[values.argmax(axis=1)])
