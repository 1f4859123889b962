"""A convolution whose every position has a kernel of its own."""

from __future__ import annotations

from typing import Any

import keras

ops: Any = keras.ops  # annotated as if most results could be None


@keras.saving.register_keras_serializable("alexnet_tf")
class LocallyConnected2D(keras.layers.Layer):
    """Convolution without shared weights: cuda-convnet's "local" layers.

    Each output position has its own kernel and its own bias per map (2012 source:
    layer.py). The CIFAR-10 nets of section 3.3, footnote 3, have two of them.

    Args:
        filters: number of maps, at least 1.
        kernel_size: height and width of a kernel in pixels, at least 1.
        strides: step between kernels in pixels, at least 1.
        padding: zero pixels on each side, at least 0.
        activation: as for `keras.layers.Conv2D`.
        kernel_initializer, bias_initializer: as for `keras.layers.Conv2D`.

    Input shape: (batch, height, width, channels), all but batch known.
    Output shape: (batch, rows, columns, filters) with
    rows = 1 + (height + 2 padding - kernel_size) // strides, and so the columns.
    Kernel: (rows * columns, kernel_size^2 * channels, filters), a window's values ordered
    by row, column and channel. Bias: (rows, columns, filters).

    Raises:
        ValueError: an argument outside of these, or, when built, a kernel larger than the padded
            input.

    >>> local3 = LocallyConnected2D(32, kernel_size=3, padding=1)
    >>> local3.build((None, 6, 6, 64))
    >>> tuple(local3.kernel.shape), tuple(local3.bias.shape)
    ((36, 576, 32), (6, 6, 32))
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        strides: int = 1,
        padding: int = 0,
        activation=None,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(**kwargs)
        for name, value, least in (
            ("filters", filters, 1),
            ("kernel_size", kernel_size, 1),
            ("strides", strides, 1),
            ("padding", padding, 0),
        ):
            if value < least:
                raise ValueError(f"`{name}` must be at least {least}. Received: {name}={value}")
        self.filters, self.kernel_size = filters, kernel_size
        self.strides, self.padding = strides, padding
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape):
        _, rows, columns, _ = self.compute_output_shape(input_shape)
        if rows < 1 or columns < 1:
            raise ValueError(
                "`kernel_size` must fit into the padded input. Received: "
                f"kernel_size={self.kernel_size}, input_shape={tuple(input_shape)}"
            )
        self.kernel = self.add_weight(
            shape=(rows * columns, self.kernel_size**2 * input_shape[-1], self.filters),
            initializer=self.kernel_initializer,
            name="kernel",
        )
        self.bias = self.add_weight(
            shape=(rows, columns, self.filters), initializer=self.bias_initializer, name="bias"
        )
        self.built = True

    def call(self, inputs):
        _, rows, columns, filters = self.compute_output_shape(inputs.shape)
        p = self.padding
        padded = ops.pad(inputs, ((0, 0), (p, p), (p, p), (0, 0))) if p else inputs
        # (positions, batch, window) times (positions, window, filters)
        windows = ops.transpose(self._windows(padded, rows, columns), (1, 0, 2))
        outputs = ops.transpose(ops.matmul(windows, self.kernel), (1, 0, 2))
        outputs = ops.reshape(outputs, (-1, rows, columns, filters))
        return self.activation(outputs + self.bias)

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        rows, columns = (
            1 + (extent + 2 * self.padding - self.kernel_size) // self.strides
            for extent in (height, width)
        )
        return (batch, rows, columns, self.filters)

    def get_config(self):
        names = ("filters", "kernel_size", "strides", "padding")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names},
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }

    def _windows(self, padded, rows, columns):
        """Return (batch, positions, window): slices, since patches have a slow gradient."""
        step, size = self.strides, self.kernel_size
        height, width = (rows - 1) * step + 1, (columns - 1) * step + 1
        shifts = [
            padded[:, y : y + height : step, x : x + width : step, :]
            for y in range(size)
            for x in range(size)
        ]
        window = size**2 * padded.shape[-1]
        return ops.reshape(ops.concatenate(shifts, axis=-1), (-1, rows * columns, window))
