"""Convolution and matrix product in groups that do not see each other."""

from __future__ import annotations

from typing import Any

import keras

ops: Any = keras.ops  # annotated as if most results could be None


@keras.saving.register_keras_serializable("alexnet_tf")
class GroupedConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` whose groups are convolutions of their own.

    The same weights, arguments, shapes and values; on CPU the stock layer with
    `groups=2` trains AlexNet six times slower than two convolutions do.
    """

    def convolution_op(self, inputs, kernel):
        parts = ops.split(inputs, self.groups, axis=-1)
        kernels = ops.split(kernel, self.groups, axis=-1)
        convolve = super().convolution_op
        return ops.concatenate(
            [convolve(part, k) for part, k in zip(parts, kernels, strict=True)], axis=-1
        )


@keras.saving.register_keras_serializable("alexnet_tf")
class GroupedDense(keras.layers.Dense):
    """`keras.layers.Dense` whose g-th part of the units sees the g-th part of the inputs.

    The dense layers of net 150 (layers-150.cfg) are of this kind; the paper's see both towers.

    Args:
        units: number of outputs, a multiple of `groups`.
        groups: number of equal parts.
        **kwargs: as for `keras.layers.Dense`.

    Input shape: (batch, inputs), inputs a multiple of `groups`.
    Output shape: (batch, units). Kernel: (inputs / groups, units).

    Raises:
        ValueError: `groups` is below 1, or no divisor of the units or, when built, the inputs.

    >>> layer = GroupedDense(4, groups=2)
    >>> layer.build((None, 6))
    >>> tuple(layer.kernel.shape)
    (3, 4)
    """

    def __init__(self, units: int, groups: int = 1, **kwargs):
        super().__init__(units, **kwargs)
        if groups < 1 or units % groups:
            raise ValueError(
                f"`groups` must be a divisor of `units`. Received: groups={groups}, units={units}"
            )
        self.groups = groups

    def build(self, input_shape):
        if input_shape[-1] % self.groups:
            raise ValueError(
                "`groups` must divide the inputs. "
                f"Received: groups={self.groups}, input_shape={tuple(input_shape)}"
            )
        super().build((*input_shape[:-1], input_shape[-1] // self.groups))
        self.input_spec = keras.InputSpec(min_ndim=2, axes={-1: input_shape[-1]})

    def call(self, inputs, training=None):
        parts = ops.split(inputs, self.groups, axis=-1)
        kernels = ops.split(self.kernel, self.groups, axis=-1)
        outputs = ops.concatenate(
            [ops.matmul(part, k) for part, k in zip(parts, kernels, strict=True)], axis=-1
        )
        if self.bias is not None:
            outputs = outputs + self.bias
        return self.activation(outputs)

    def get_config(self):
        return {**super().get_config(), "groups": self.groups}


@keras.saving.register_keras_serializable("alexnet_tf")
class FlattenTowers(keras.layers.Layer):
    """Flatten maps tower by tower: all values of tower 0, then all of tower 1.

    With one tower it is `keras.layers.Flatten`. The rows of the dense kernel after it are
    then those of each tower's own flattened maps, one below the other.

    Args:
        towers: number of equal parts of the maps.

    Input shape: (batch, height, width, channels), channels a multiple of `towers`.
    Output shape: (batch, height * width * channels).

    Raises:
        ValueError: `towers` is below 1.

    >>> import numpy as np
    >>> maps = np.arange(8, dtype=np.float32).reshape(1, 1, 2, 4)  # two pixels of four maps
    >>> np.asarray(FlattenTowers(2)(maps))
    array([[0., 1., 4., 5., 2., 3., 6., 7.]], dtype=float32)
    """

    def __init__(self, towers: int = 1, **kwargs):
        super().__init__(**kwargs)
        if towers < 1:
            raise ValueError(f"`towers` must be at least 1. Received: towers={towers}")
        self.towers = towers

    def call(self, inputs):
        parts = ops.split(inputs, self.towers, axis=-1) if self.towers > 1 else [inputs]
        size = inputs.shape[1] * inputs.shape[2] * inputs.shape[3] // self.towers
        flat = [ops.reshape(part, (-1, size)) for part in parts]
        return ops.concatenate(flat, axis=-1) if self.towers > 1 else flat[0]

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, height * width * channels)

    def get_config(self):
        return {**super().get_config(), "towers": self.towers}
