"""Pooling with the size rule and the clipped windows of the 2012 code."""

from __future__ import annotations

import functools
from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("alexnet_tf")
class ClippedPooling2D(keras.layers.Layer):
    """Pool square windows; those that overhang the right or bottom edge are clipped.

    out = 1 + ceil((in - size) / stride) per axis. Window i starts at i * stride; `max`
    is over the pixels that exist and `avg` divides by their number (2012 source:
    layer.py, cudaconv2's conv_util.cuh). Keras' `padding="same"` pads on both sides and
    has another output size, its `"valid"` drops the overhanging windows.

    Args:
        kind: "max" or "avg".
        size: height and width of a window in pixels, at least 1.
        stride: step between windows in pixels, 1 to `size`, so that no window is empty.

    Input shape: (batch, height, width, channels), height and width known.
    Output shape: (batch, 1 + ceil((height - size) / stride), the same of width, channels).

    Raises:
        ValueError: an argument outside of these.

    >>> ClippedPooling2D("max", size=3, stride=2).compute_output_shape((None, 32, 32, 64))
    (None, 16, 16, 64)
    """

    def __init__(self, kind: str = "max", size: int = 3, stride: int = 2, **kwargs):
        super().__init__(**kwargs)
        if kind not in ("max", "avg"):
            raise ValueError(f"`kind` must be 'max' or 'avg'. Received: kind={kind!r}")
        if size < 1:
            raise ValueError(f"`size` must be at least 1. Received: size={size}")
        if not 1 <= stride <= size:
            raise ValueError(f"`stride` must be between 1 and `size`. Received: stride={stride}")
        self.kind, self.size, self.stride = kind, size, stride

    def build(self, input_shape):
        self._overhang = tuple(self._missing(extent) for extent in input_shape[1:3])
        self.built = True

    def call(self, inputs):
        # channels are last, whatever the data format that Keras is set to
        pool: Any = functools.partial(
            ops.max_pool if self.kind == "max" else ops.average_pool, data_format="channels_last"
        )
        if max(self._overhang) == 0:
            return pool(inputs, self.size, self.stride, padding="valid")
        if self._same_is_exact(inputs.shape):
            return pool(inputs, self.size, self.stride, padding="same")
        rows, columns = self._overhang
        padding = ((0, 0), (0, rows), (0, columns), (0, 0))
        lowest = float("-inf") if self.kind == "max" else 0
        padded = ops.pad(inputs, padding, constant_values=lowest)
        pooled = pool(padded, self.size, self.stride, padding="valid")
        if self.kind == "max":
            return pooled
        return pooled * ops.cast(self._share(inputs.shape), pooled.dtype)

    def compute_output_shape(self, input_shape):
        height, width = (self._windows(extent) for extent in input_shape[1:3])
        return (input_shape[0], height, width, input_shape[3])

    def get_config(self):
        config = {"kind": self.kind, "size": self.size, "stride": self.stride}
        return {**super().get_config(), **config}

    def _windows(self, extent):
        return 1 + max(0, -(-(extent - self.size) // self.stride))

    def _missing(self, extent):
        return max(0, (self._windows(extent) - 1) * self.stride + self.size - extent)

    def _same_is_exact(self, shape):
        """A single overhanging pixel lies right or bottom under TensorFlow's "same" rule too."""
        return all(
            missing <= 1 and self._windows(extent) == -(-extent // self.stride)
            for missing, extent in zip(self._overhang, shape[1:3], strict=True)
        )

    def _share(self, shape):
        """Return (1, height, width, 1): full window area over the number of pixels that exist."""
        counts = []
        for extent in shape[1:3]:
            starts = np.arange(self._windows(extent)) * self.stride
            counts.append(self.size / np.minimum(self.size, extent - starts))
        return np.outer(*counts)[None, :, :, None]
