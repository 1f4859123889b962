"""Dropout with the scaling of section 4.2 and with Keras'."""

from __future__ import annotations

import keras


@keras.saving.register_keras_serializable("alexnet_tf")
class ScaledDropout(keras.layers.Dropout):
    """Set each output to zero with probability `rate` in training (section 4.2).

    `scaling="original"`: survivors pass as they are, and at test time every output is
    multiplied by 1 - rate (2012 source: layer.cu). `"inverted"`: survivors are divided by
    1 - rate and nothing happens at test time (Keras). The two differ in what the next
    layer sees by the factor 1 - rate. `"halved"`: multiplied by 1 - rate always and
    nothing dropped: the 2012 source with dropout switched off.

    Args:
        rate: probability, 0 to below 1.
        scaling: "original", "inverted" or "halved".
        **kwargs: as for `keras.layers.Dropout`.

    Input shape: any. Output shape: the same.
    """

    def __init__(self, rate: float, scaling: str = "original", **kwargs):
        super().__init__(rate, **kwargs)
        if scaling not in ("original", "inverted", "halved"):
            raise ValueError(
                "`scaling` must be 'original', 'inverted' or 'halved'. "
                f"Received: scaling={scaling!r}"
            )
        self.scaling = scaling

    def call(self, inputs, training=False):
        if self.scaling == "halved":
            return inputs * (1 - self.rate)
        outputs = super().call(inputs, training=training)
        return outputs * (1 - self.rate) if self.scaling == "original" else outputs

    def get_config(self):
        return {**super().get_config(), "scaling": self.scaling}
