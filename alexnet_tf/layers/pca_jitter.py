"""PCA colour jitter (section 4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from alexnet_tf.data.colour import IMAGENET_EIGENVALUES, IMAGENET_EIGENVECTORS, jitter_axes

ops: Any = keras.ops  # annotated as if most results could be None


@keras.saving.register_keras_serializable("alexnet_tf")
class PCAJitter(keras.layers.Layer):
    """Add one random colour to each image, drawn along the axes of the RGB covariance.

        colour = sum_k a_k s_k p_k,   a_k from N(0, sigma^2), once an image and presentation

    with p_k the eigenvectors. `scale="eigenvalue"`: s_k is the eigenvalue of pixels of 0 to 1,
    as section 4.1 is read; `scale="stddev"`: its square root, as convdata_jpeg.py has it. On
    photographs the first is a standard deviation of 6 grey levels along the largest component,
    the second of 12.

    Images are in units of 0 to 255, with or without their mean; divide behind this layer, not
    before. Nothing is clipped: colours may leave 0 to 255. Integer images come out as float32,
    since an integer cannot hold the colour. At inference images pass unchanged.

    `data.colour.jitter_axes` is the formula, here as in training. That draws without a state,
    so that a run can be resumed; this layer is for nets of your own.

    Args:
        eigenvalues: 3 numbers, at least 0, in squared 0-255 units; None: ImageNet's
            (input_meta of the 2012 code).
        eigenvectors: 3 x 3, the vectors in the columns, components red, green, blue; None:
            ImageNet's.
        sigma: standard deviation of the draws, at least 0.
        scale: "eigenvalue" or "stddev".
        seed: of the draws; None: a random one.

    Input shape: (batch, height, width, 3).
    Output shape: the same.

    Raises:
        ValueError: an argument outside of these.
    """

    def __init__(
        self,
        eigenvalues: Sequence[float] | None = None,
        eigenvectors: Sequence[Sequence[float]] | None = None,
        sigma: float = 0.1,
        scale: str = "eigenvalue",
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if (eigenvalues is None) != (eigenvectors is None):
            raise ValueError("`eigenvalues` and `eigenvectors` belong together: give both or none")
        if eigenvalues is None or eigenvectors is None:
            eigenvalues = IMAGENET_EIGENVALUES.tolist()
            eigenvectors = IMAGENET_EIGENVECTORS.tolist()
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
        self._axes = jitter_axes(values, vectors, scale)

    def call(self, inputs, training=False):
        if not keras.backend.is_float_dtype(keras.backend.standardize_dtype(inputs.dtype)):
            inputs = ops.cast(inputs, "float32")
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
