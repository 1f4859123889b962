"""Quarter turns as further labels: a larger label set from the same images."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

_random: Any = tf.random  # its annotations lack `experimental`
_DRAWS = 0x54  # keeps the draws here apart from those of crops, order and weights
TURNS = 4


def turned(images: Any, labels: Any, seed: int, epoch: Any, batch: Any) -> tuple[Any, Any]:
    """Turn each image by a quarter turn of its own and say so in its label.

    What is drawn is a function of (seed, epoch, batch), each of the four turns with equal
    probability.

    Args:
        images: (B, H, H, C), of any type.
        labels: (B,) integers, class numbers.
        seed: of the run.
        epoch: 0 for the first; an int or a scalar tensor.
        batch: its number in the epoch, from 0; an int or a scalar tensor.

    Returns:
        The turned images, (B, H, H, C), and (B,) class * 4 + turn, turn quarter turns
        anticlockwise, both of the type that came in.
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
