"""Local response normalisation over neighbouring maps (section 3.3)."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

ops: Any = keras.ops  # annotated as if most results could be None


@keras.saving.register_keras_serializable("alexnet_tf")
class LocalResponseNorm(keras.layers.Layer):
    """Divide each activity by a power of the energy of the maps around it.

        y_i = x_i (k + alpha S_i)^-beta,   S_i = sum of x_j^2, |i - j| <= size // 2

    over the maps j that exist (section 3.3). The 2012 source, Caffe and PyTorch divide
    S_i by `size`: `alpha_over="mean"`. With `groups=2` each half of the maps is
    normalised alone, as on two GPUs.

    The sums of each group are a product with a band matrix and the gradient is written by
    hand. Sums, roots and the gradient are computed in float32 whatever the layer's precision.

    Args:
        size: maps in a window (the paper's n), odd, at least 1.
        k: constant, greater than 0.
        alpha: weight of the energy, at least 0.
        beta: exponent, greater than 0.
        alpha_over: "sum" or "mean".
        groups: number of equal parts of the maps that do not see each other.

    Input shape: (batch, ..., channels), channels known.
    Output shape: the same.

    Raises:
        ValueError: an argument outside of these, or, when built, `groups` is no divisor of the
            channels.

    >>> import numpy as np
    >>> norm = LocalResponseNorm(size=3, k=1.0, alpha=1.0, beta=1.0)
    >>> np.asarray(norm(np.array([[1.0, 2.0, 0.0]], np.float32))).round(3)
    array([[0.167, 0.333, 0.   ]], dtype=float32)
    """

    def __init__(
        self,
        size: int = 5,
        k: float = 2.0,
        alpha: float = 1e-4,
        beta: float = 0.75,
        alpha_over: str = "sum",
        groups: int = 1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if size < 1 or size % 2 == 0:
            raise ValueError(f"`size` must be odd and at least 1. Received: size={size}")
        if k <= 0:
            raise ValueError(f"`k` must be greater than 0. Received: k={k}")
        if alpha < 0:
            raise ValueError(f"`alpha` must be at least 0. Received: alpha={alpha}")
        if beta <= 0:
            raise ValueError(f"`beta` must be greater than 0. Received: beta={beta}")
        if alpha_over not in ("sum", "mean"):
            raise ValueError(
                f"`alpha_over` must be 'sum' or 'mean'. Received: alpha_over={alpha_over!r}"
            )
        if groups < 1:
            raise ValueError(f"`groups` must be at least 1. Received: groups={groups}")
        self.size, self.k, self.alpha, self.beta = size, k, alpha, beta
        self.alpha_over, self.groups = alpha_over, groups

    def build(self, input_shape):
        channels = input_shape[-1]
        if not channels or channels % self.groups:
            raise ValueError(
                f"`groups` must divide the channels. Received: groups={self.groups}, "
                f"input_shape={tuple(input_shape)}"
            )
        self._band = _band(channels // self.groups, self.size)
        self.built = True

    def call(self, inputs):
        alpha = self.alpha / (self.size if self.alpha_over == "mean" else 1)
        # one group per row: the product does not multiply the zeros between groups
        maps = ops.reshape(ops.cast(inputs, "float32"), (-1, self._band.shape[0]))
        normalised = _normalise(maps, alpha * self._band, self.k, self.beta)
        return ops.reshape(ops.cast(normalised, inputs.dtype), ops.shape(inputs))

    def factor(self, inputs: np.ndarray) -> np.ndarray:
        """Return (k + alpha S)^-beta, float64, of the shape of `inputs`: what multiplies them.

        Args:
            inputs: (..., channels), to a layer that was built for so many channels.
        """
        alpha = self.alpha / (self.size if self.alpha_over == "mean" else 1)
        maps = inputs.astype(np.float64).reshape(-1, self._band.shape[0])
        return ((self.k + alpha * (maps**2 @ self._band)) ** -self.beta).reshape(inputs.shape)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        names = ("size", "k", "alpha", "beta", "alpha_over", "groups")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _normalise(x: Any, band: np.ndarray, k: float, beta: float) -> Any:
    """Return x (k + x^2 band)^-beta for x of shape (rows, channels), band symmetric."""
    constant = np.full(band.shape[0], k, np.float32)

    @ops.custom_gradient
    def normalise(x):
        # a bias is added in the same pass over memory as the product
        energy = ops.add(ops.matmul(ops.square(x), band), constant)
        root = ops.rsqrt(energy)
        factor = _power(energy, root, beta)
        y = x * factor

        def gradient(*args, upstream=None):
            (upstream,) = args or (upstream,)
            # -upstream y / energy in one pass over memory, for which Keras has no name
            inner = tf.raw_ops.ReciprocalGrad(y=root, dy=upstream * y)
            return upstream * factor + x * ops.matmul(inner, (2 * beta) * band)

        return y, gradient

    return normalise(x)


def _power(energy: Any, root: Any, beta: float) -> Any:
    """Return energy^-beta, `root` being energy^-0.5; roots where they do, powers are slow."""
    if beta == 0.75:
        return root * ops.sqrt(root)
    if beta == 0.5:
        return root
    if beta == 1.0:
        return root * root
    return ops.power(energy, -beta)


def _band(channels: int, size: int) -> np.ndarray:
    """Return (channels, channels) float32: 1 where two maps share a window, else 0."""
    index = np.arange(channels)
    return (np.abs(index[:, None] - index[None, :]) <= size // 2).astype(np.float32)
