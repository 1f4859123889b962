"""Dropout with the scaling of section 4.2 and with Keras'."""

from __future__ import annotations

import keras


@keras.saving.register_keras_serializable("alexnet_tf")
class ScaledDropout(keras.layers.Layer):
    """Set each output to zero with probability `rate` in training (section 4.2).

    `scaling="original"`: survivors pass as they are, and at test time every output is
    multiplied by 1 - rate (2012 source: layer.cu). `"inverted"`: survivors are divided by
    1 - rate and nothing happens at test time (Keras). The two differ in what the next
    layer sees by the factor 1 - rate. `"halved"`: multiplied by 1 - rate always and
    nothing dropped: the 2012 source with dropout switched off.

    Args:
        rate: probability, 0 to below 1.
        scaling: "original", "inverted" or "halved".
        seed: of the draws; None: a random one.

    Input shape: any. Output shape: the same.

    Raises:
        ValueError: an argument outside of these.

    >>> import numpy as np
    >>> ones = np.ones((1, 2), np.float32)
    >>> np.asarray(ScaledDropout(0.5)(ones)), np.asarray(ScaledDropout(0.5, "inverted")(ones))
    (array([[0.5, 0.5]], dtype=float32), array([[1., 1.]], dtype=float32))
    """

    def __init__(self, rate: float, scaling: str = "original", seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"`rate` must be at least 0 and below 1. Received: rate={rate}")
        if scaling not in ("original", "inverted", "halved"):
            raise ValueError(
                "`scaling` must be 'original', 'inverted' or 'halved'. "
                f"Received: scaling={scaling!r}"
            )
        self.rate, self.scaling, self.seed = rate, scaling, seed
        # named, since Keras counts nameless ones and states would not fit another process
        self.seed_generator = keras.random.SeedGenerator(seed, name=f"{self.name}_seed")

    def call(self, inputs, training=False):
        keep = 1 - self.rate
        if self.scaling == "halved":
            return inputs * keep
        if training and self.rate > 0:
            inputs = keras.random.dropout(inputs, self.rate, seed=self.seed_generator)
        return inputs * keep if self.scaling == "original" else inputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        config = {"rate": self.rate, "scaling": self.scaling, "seed": self.seed}
        return {**super().get_config(), **config}
