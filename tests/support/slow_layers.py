"""Layers with their gradients, called as TensorFlow would."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from hypothesis import settings

some = settings(max_examples=30, deadline=None)
BASIS = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]


def with_gradient(layer: Any, x: Any, upstream: Any) -> tuple[np.ndarray, np.ndarray]:
    """Value of the layer at x, and gradient of sum(value * upstream)."""
    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = layer(inputs)
    sources: Any = tf.cast(upstream, value.dtype)
    gradient: Any = tape.gradient(value, inputs, sources)
    return np.asarray(value), np.asarray(gradient)
