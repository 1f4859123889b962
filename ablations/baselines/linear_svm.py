"""Linear support vector machines, one against the rest, on features that stay on disk.

The objective of a class is that of scikit-learn's `LinearSVC` (Fan et al. 2008), squared hinge:

    1/2 (|w|^2 + b^2) + C sum_i max(0, 1 - y_i (w x_i + b))^2,   y_i = 1 or -1.

LinearSVC takes a matrix in memory and copies it in float64. Here SciPy's L-BFGS asks for the
objective of all classes and its gradient, each from one pass over blocks of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from ablations.baselines.feature_matrix import FeatureMatrix

#: Passes over the training features for one C, at most; and the relative fall that ends them.
PASSES, TOLERANCE = 150, 1e-5


@dataclass(frozen=True)
class LinearSvm:
    """A trained machine; `weights` is (features + 1, classes) float64, the last row the biases."""

    weights: np.ndarray

    def scores(self, features: FeatureMatrix, every: int = 1) -> np.ndarray:
        """Return (images, classes) float32: w x + b of each class.

        Args:
            features: of the images.
            every: 3 takes the first image, the fourth and so on.
        """
        weights = self.weights.astype(np.float32)
        parts = [
            block[-first % every :: every] @ weights[:-1] + weights[-1]
            for first, block in features.blocks()
        ]
        return np.concatenate(parts)


def fit(
    features: FeatureMatrix,
    labels: np.ndarray,
    classes: int,
    c: float,
    *,
    start: LinearSvm | None = None,
    passes: int = PASSES,
    tolerance: float = TOLERANCE,
) -> LinearSvm:
    """Return the machine of the lowest objective that the passes find.

    Args:
        features: of the training images.
        labels: (images,) integers from 0 on.
        classes: how many there are.
        c: weight of the training images' losses, above 0.
        start: the machine of a smaller C, to begin from; None: zeros.
        passes: at most so many iterations of L-BFGS.
        tolerance: an iteration that lowers the objective by a smaller share is the last.
    """
    shape = (features.width + 1, classes)
    begin = np.zeros(shape) if start is None else start.weights

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        return _objective(flat.reshape(shape), features, labels, c)

    found = optimize.minimize(
        objective,
        begin.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": passes, "maxfun": 2 * passes, "ftol": tolerance, "gtol": 0.0},
    )
    return LinearSvm(found.x.reshape(shape))


def _objective(
    weights: np.ndarray, features: FeatureMatrix, labels: np.ndarray, c: float
) -> tuple[float, np.ndarray]:
    """Return the sum of the classes' objectives and its gradient, flat."""
    low = weights.astype(np.float32)
    value, gradient = 0.5 * float((weights**2).sum()), weights.copy()
    for first, block in features.blocks():
        signs = np.full((len(block), weights.shape[1]), -1, np.float32)
        signs[np.arange(len(block)), labels[first : first + len(block)]] = 1
        short = np.maximum(1 - signs * (block @ low[:-1] + low[-1]), 0)
        value += c * float((short.astype(np.float64) ** 2).sum())
        slope = -2 * c * signs * short
        gradient[:-1] += block.T @ slope
        gradient[-1] += slope.sum(axis=0)
    return value, gradient.ravel()
