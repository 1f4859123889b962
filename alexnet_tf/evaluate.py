"""How well a trained net does on images it is shown."""

from __future__ import annotations

import keras
import numpy as np

from alexnet_tf.data.split import Normaliser

_BATCH = 500


def error_rate(
    model: keras.Model, scaling: Normaliser, images: np.ndarray, labels: np.ndarray
) -> float | None:
    """Return the fraction of images whose most probable class is wrong; None without images.

    Args:
        images: (N, H, W, 3) uint8.
        labels: (N,) integers.
    """
    if len(images) == 0:
        return None
    wrong = 0
    for start in range(0, len(images), _BATCH):
        part = slice(start, start + _BATCH)
        inputs = (images[part].astype(np.float32) - scaling.offset) * scaling.scale
        logits = np.asarray(model(inputs, training=False))
        wrong += int((logits.argmax(axis=1) != labels[part]).sum())
    return wrong / len(images)
