"""Response normalisation over a square of pixels of the same map (2012 source)."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

ops: Any = keras.ops  # annotated as if most results could be None


@keras.saving.register_keras_serializable("alexnet_tf")
class SpatialResponseNorm(keras.layers.Layer):
    """Divide each activity by a power of the energy of its own map around it.

        y = x (k + alpha S / size^2)^-beta,   S = sum of x^2 over size x size pixels

    around x, over the pixels that exist; the division is by size^2 at the edges too.
    The paper does not mention it; in layers-145.cfg it follows the second LRN (type
    `rnorm`, named `cnorm2`), and layers-18pct.cfg has two. Computed in float32.

    Args:
        size: height and width of the square in pixels, odd, at least 1.
        alpha: weight of the mean energy, at least 0.
        beta: exponent, greater than 0.
        k: constant, greater than 0.

    Input shape: (batch, height, width, channels), height and width known.
    Output shape: the same.

    Raises:
        ValueError: an argument outside of these, or, when built, an unknown height or width.

    >>> norm = SpatialResponseNorm(size=3, alpha=9.0, beta=1.0)
    >>> np.asarray(norm(np.ones((1, 3, 3, 1), np.float32)))[0, 1, :, 0].round(3)
    array([0.143, 0.1  , 0.143], dtype=float32)
    """

    def __init__(
        self,
        size: int = 5,
        alpha: float = 1e-3,
        beta: float = 0.75,
        k: float = 1.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if size < 1 or size % 2 == 0:
            raise ValueError(f"`size` must be odd and at least 1. Received: size={size}")
        if alpha < 0:
            raise ValueError(f"`alpha` must be at least 0. Received: alpha={alpha}")
        if beta <= 0:
            raise ValueError(f"`beta` must be greater than 0. Received: beta={beta}")
        if k <= 0:
            raise ValueError(f"`k` must be greater than 0. Received: k={k}")
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def build(self, input_shape):
        _, height, width, _ = input_shape
        if not height or not width:
            raise ValueError(
                "`input_shape` must have a known height and width. "
                f"Received: input_shape={tuple(input_shape)}"
            )
        self._rows, self._columns = _band(height, self.size), _band(width, self.size)
        self.built = True

    def call(self, inputs):
        x = ops.cast(inputs, "float32")
        # a square's sum is a sum over rows of sums over columns: two band products
        energy = ops.einsum("hi,biwc->bhwc", self._rows, ops.square(x))
        energy = ops.einsum("wj,bhjc->bhwc", self._columns, energy)
        factor = ops.power(self.k + (self.alpha / self.size**2) * energy, -self.beta)
        return ops.cast(x * factor, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        names = ("size", "alpha", "beta", "k")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _band(extent: int, size: int) -> np.ndarray:
    """Return (extent, extent) float32: 1 where two rows lie in one window, else 0."""
    index = np.arange(extent)
    return (np.abs(index[:, None] - index[None, :]) <= size // 2).astype(np.float32)
