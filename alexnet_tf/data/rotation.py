"""Quarter turns as further labels: a larger label set from the same images."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

_random: Any = tf.random  # its annotations lack `experimental`
_DRAWS = 0x54  # keeps the draws here apart from those of crops, order and weights
TURNS = 4


def turned(images: Any, labels: Any, seed: int, epoch: Any, batch: Any) -> tuple[Any, Any]:
    """Turn each image by a quarter turn of its own and say so in its label.

    What is drawn is a function of (seed, epoch, batch).

    Args:
        images: (B, H, H, C). labels: (B,), class numbers.

    Returns:
        The turned images, and class * 4 + turn, turn quarter turns anticlockwise.
    """
    key = tf.constant([seed, _DRAWS], tf.int32)
    for number in (epoch, batch):
        key = _random.experimental.stateless_fold_in(key, tf.cast(number, tf.int32))
    shape: Any = [tf.shape(images)[0]]
    turns = tf.random.stateless_uniform(shape, key, 0, TURNS, tf.int32, alg="philox")
    every = tf.stack([tf.image.rot90(images, k) for k in range(TURNS)], axis=1)
    return tf.gather(every, turns, axis=1, batch_dims=1), labels * TURNS + tf.cast(
        turns, labels.dtype
    )
