"""From a `ModelSpec` to a Keras model."""

from __future__ import annotations

import zlib
from typing import Any

import keras
import numpy as np
from keras import initializers, layers

from alexnet_tf.layers import ClippedPooling2D
from alexnet_tf.spec import ConvSpec, ModelSpec, Precision


def build(spec: ModelSpec, *, seed: int = 0, precision: Precision = "float32") -> keras.Model:
    """Return the network of `spec`, layers named conv1, pool1, ..., as in the paper.

    The fully-connected layers are counted on from the convolutions (fc4 after conv3).
    Each layer's initial weights depend on `seed` and the layer's name alone, so that
    two variants share the initial weights of all the layers they have in common.

    Input: (batch, input_size, input_size, channels) float32. Output: logits
    (batch, classes) float32, whatever the precision.
    """
    image = keras.Input((spec.input_size, spec.input_size, spec.channels), name="image")
    x = image
    for number, conv in enumerate(spec.convs, start=1):
        x = layers.ZeroPadding2D(conv.padding, name=f"pad{number}")(x) if _padded_apart(conv) else x
        x = layers.Conv2D(
            conv.filters,
            conv.kernel,
            conv.stride,
            padding="valid" if _padded_apart(conv) or conv.padding == 0 else "same",
            activation=spec.activation,
            kernel_initializer=_initial(spec, f"conv{number}", conv.init_std, seed),
            bias_initializer=_constant(conv.init_bias),
            dtype=precision,
            name=f"conv{number}",
        )(x)
        if conv.pool is not None:
            pool = conv.pool
            x = ClippedPooling2D(
                pool.kind, pool.size, pool.stride, dtype=precision, name=f"pool{number}"
            )(x)
    x = layers.Flatten(dtype=precision, name="flatten")(x)
    for number, dense in enumerate(spec.dense, start=len(spec.convs) + 1):
        x = layers.Dense(
            dense.units,
            activation=spec.activation,
            kernel_initializer=_initial(spec, f"fc{number}", dense.init_std, seed),
            bias_initializer=_constant(dense.init_bias),
            dtype=precision,
            name=f"fc{number}",
        )(x)
    name = f"fc{len(spec.convs) + len(spec.dense) + 1}"
    output = _initial(spec, name, spec.output_init_std, seed, softmax=True)
    # softmax cross-entropy loses digits in half precision
    logits = layers.Dense(spec.classes, kernel_initializer=output, dtype="float32", name=name)(x)
    return keras.Model(image, logits)


def layer_seed(seed: int, layer: str) -> int:
    """Return the seed of one layer's random numbers: a function of (seed, layer name)."""
    sequence = np.random.SeedSequence([seed, zlib.crc32(layer.encode())])
    return int(sequence.generate_state(1)[0] >> 1)


def _padded_apart(conv: ConvSpec) -> bool:
    """Keras' "same" is the spec's padding only at stride 1 and (kernel - 1) / 2 pixels."""
    return conv.padding > 0 and (conv.stride != 1 or 2 * conv.padding != conv.kernel - 1)


def _initial(spec: ModelSpec, layer: str, std: float, seed: int, *, softmax: bool = False) -> Any:
    number = layer_seed(seed, layer)
    if spec.init == "gaussian":
        return initializers.RandomNormal(0.0, std, seed=number)
    if spec.activation == "relu" and not softmax:
        return initializers.HeNormal(seed=number)
    return initializers.GlorotUniform(seed=number)


def _constant(value: float) -> Any:
    return initializers.Constant(value)
