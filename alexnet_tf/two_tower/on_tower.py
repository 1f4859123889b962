"""Any layer, built and run on the device of one tower."""

from __future__ import annotations

import keras

from alexnet_tf.two_tower.strategy import tower_scope


@keras.saving.register_keras_serializable("alexnet_tf")
class OnTower(keras.layers.Wrapper):
    """`layer` with its variables and its operations on tower 0 or 1.

    `tf.device` around the construction of a functional model would place the variables
    alone: the operations are made at each later call. Without a `TwoTowerStrategy` it is
    the layer itself. A layer that makes variables in its constructor (dropout) must be
    constructed in `tower_scope`.

    The wrapper has the name of its layer, so that a variable's path is "conv1a/conv1a/kernel".

    Args:
        layer: any layer.
        tower: 0 or 1.

    Input and output shape: the layer's.

    Raises:
        ValueError: `tower` is neither.
    """

    def __init__(self, layer: keras.layers.Layer, tower: int, **kwargs):
        # the layer casts its inputs itself: a cast here would be made on device 0
        kwargs = {"name": layer.name, "dtype": layer.dtype_policy, **kwargs, "autocast": False}
        super().__init__(layer, **kwargs)
        if tower not in (0, 1):
            raise ValueError(f"`tower` must be 0 or 1. Received: tower={tower!r}")
        self.tower = tower

    def build(self, input_shape=None):
        with tower_scope(self.tower):
            super().build(input_shape)

    def call(self, inputs):
        with tower_scope(self.tower):
            return self.layer(inputs)

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def get_config(self):
        return {**super().get_config(), "tower": self.tower}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        # a layer may be built while it is deserialised
        with tower_scope(config["tower"]):
            layer = keras.saving.deserialize_keras_object(
                config["layer"], custom_objects=custom_objects
            )
        return cls(**{**config, "layer": layer})
