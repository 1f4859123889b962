"""Windows of images: the ten of an evaluation, and those that a training cuts out of bytes."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

_LARGE = 64  # pixels: windows of this height and more are cut out in rows

#: Which of the ten views is the centre, unreflected.
CENTRE = 4


def ten_places(size: int, crop: int) -> tuple[tuple[int, int, bool], ...]:
    """Return (top, left, reflected) of the ten views: corners and centre, then mirrored.

    Args:
        size: height and width of the images in pixels.
        crop: height and width of a view, at most `size`.

    >>> ten_places(256, 224)[:5]
    ((0, 0, False), (0, 32, False), (32, 0, False), (32, 32, False), (16, 16, False))
    """
    far, middle = size - crop, (size - crop) // 2
    places = ((0, 0), (0, far), (far, 0), (far, far), (middle, middle))
    return tuple((y, x, flipped) for flipped in (False, True) for y, x in places)


def cropped(images: Any, starts: Any, reflected: Any, crop: int) -> Any:
    """Return a window of each image, mirrored where that is asked for; the type stays.

    Large windows are cut out one by one, in whole rows; small ones are gathered pixel by pixel,
    which takes longer a pixel and no time an image.

    Args:
        images: (B, H, W, 3), or one image (H, W, 3) of which every window is.
        starts: (B, 2) int32, top and left.
        reflected: (B,) bool.
        crop: height and width of a window.

    Returns:
        (B, crop, crop, 3).
    """
    single = len(images.shape) == 3
    if crop < _LARGE:
        steps = tf.range(crop)[None]
        rows, columns = starts[:, :1] + steps, starts[:, 1:] + steps
        columns = tf.where(reflected[:, None], tf.reverse(columns, [1]), columns)
        lines = tf.gather(images, rows) if single else tf.gather(images, rows, batch_dims=1, axis=1)
        return tf.gather(lines, columns, axis=2, batch_dims=1)

    def window(each: Any) -> Any:
        start, mirrored, *image = each
        begin = tf.concat([start, [0]], 0)
        part = tf.slice(images if single else image[0], begin, [crop, crop, 3])
        return tf.cond(mirrored, lambda: tf.reverse(part, [1]), lambda: part)

    given = (starts, reflected) if single else (starts, reflected, images)
    return tf.map_fn(
        window, given, fn_output_signature=tf.TensorSpec((crop, crop, 3), images.dtype)
    )
