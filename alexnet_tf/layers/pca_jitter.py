"""PCA colour jitter (section 4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

ops: Any = keras.ops  # annotated as if most results could be None


@keras.saving.register_keras_serializable("alexnet_tf")
class PCAJitter(keras.layers.Layer):
    """Add one random colour to each image, drawn along the axes of the RGB covariance.

        colour = sum_k a_k s_k p_k,   a_k from N(0, sigma^2), once an image and presentation

    with p_k the eigenvectors. `scale="eigenvalue"`: s_k is the eigenvalue, as section 4.1
    says; `scale="stddev"`: its square root, as convdata_jpeg.py has it. The eigenvalues
    must be in the square of the images' units. At inference images pass unchanged.

    Args:
        eigenvalues: 3 numbers, at least 0.
        eigenvectors: 3 x 3, the vectors in the columns, components red, green, blue.
        sigma: standard deviation of the draws, at least 0.
        scale: "eigenvalue" or "stddev".
        seed: of the draws; None: a random one.

    Input shape: (batch, height, width, 3).
    Output shape: the same.
    """

    def __init__(
        self,
        eigenvalues: Sequence[float],
        eigenvectors: Sequence[Sequence[float]],
        sigma: float = 0.1,
        scale: str = "eigenvalue",
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        values, vectors = np.asarray(eigenvalues, float), np.asarray(eigenvectors, float)
        if values.shape != (3,) or not (values >= 0).all():
            raise ValueError(
                f"`eigenvalues` must be 3 numbers of at least 0. Received: {eigenvalues}"
            )
        if vectors.shape != (3, 3) or not np.isfinite(vectors).all():
            raise ValueError(f"`eigenvectors` must be 3 x 3 numbers. Received: {eigenvectors}")
        if sigma < 0:
            raise ValueError(f"`sigma` must be at least 0. Received: sigma={sigma}")
        if scale not in ("eigenvalue", "stddev"):
            raise ValueError(f"`scale` must be 'eigenvalue' or 'stddev'. Received: scale={scale!r}")
        self.eigenvalues, self.eigenvectors = values.tolist(), vectors.tolist()
        self.sigma, self.scale, self.seed = sigma, scale, seed
        self._generator = keras.random.SeedGenerator(seed)
        self._axes = axes(values, vectors, scale)

    def call(self, inputs, training=False):
        if not training or self.sigma == 0:
            return inputs
        draws = keras.random.normal(
            (ops.shape(inputs)[0], 3), stddev=self.sigma, dtype="float32", seed=self._generator
        )
        colours = ops.matmul(draws, self._axes)[:, None, None, :]
        return inputs + ops.cast(colours, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        names = ("eigenvalues", "eigenvectors", "sigma", "scale", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def axes(eigenvalues: np.ndarray, eigenvectors: np.ndarray, scale: str) -> np.ndarray:
    """Return (3, 3) float32: row k is s_k p_k, the colour of a draw a = e_k."""
    lengths = eigenvalues if scale == "eigenvalue" else np.sqrt(eigenvalues)
    return (eigenvectors * lengths[None, :]).T.astype(np.float32)
