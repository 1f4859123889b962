"""From a spec to a Keras model on one device."""

from __future__ import annotations

from typing import Any

import keras

from alexnet_tf.column import Column
from alexnet_tf.environment import plain_keras
from alexnet_tf.spec import Experiment, ModelSpec, Precision


@plain_keras()
def build_alexnet(
    spec: ModelSpec | Experiment, *, seed: int | None = None, precision: Precision | None = None
) -> keras.Model:
    """Return the network of `spec` on one device, layers named conv1, pool1, ..., fc8.

    Two towers are one column of grouped layers here: the same weights, values and
    gradients as `alexnet_tf.build_two_tower` gives on two devices.

    Each layer's initial weights depend on the seed and the layer's name alone, so that
    two variants share the initial weights of all the layers they have in common.

    Input: (batch, input_size, input_size, channels) float32, already scaled. Output:
    logits (batch, classes) float32, whatever the precision.

    Args:
        spec: a model, or an experiment, whose seed and precision are then the defaults.
        seed: of the initial weights; default the experiment's, or 0.
        precision: default the experiment's, or "float32".

    >>> from alexnet_tf.spec import CIFAR_ALEXNET
    >>> net = build_alexnet(CIFAR_ALEXNET)
    >>> net.count_params(), net.output_shape
    (665226, (None, 10))
    """
    if isinstance(spec, Experiment):
        seed = spec.seed if seed is None else seed
        precision = precision or spec.train.precision
        spec = spec.model
    column = Column(spec, seed or 0, precision or "float32")
    image = keras.Input((spec.input_size, spec.input_size, spec.channels), name="image")
    x: Any = image
    for index in range(len(spec.convs)):
        for layer in column.conv(index):
            x = layer(x)
    x = column.flatten()(x)
    for index in range(len(spec.dense)):
        for layer in column.dense(index):
            x = layer(x)
    return keras.Model(image, column.output()(x), name="alexnet")
