"""Any image to a square: shorter side to `size`, central crop, as cuda-convnet2's make-data did.

Shrinking averages areas, enlarging is cubic. Pillow's BOX filter is no area average: at a
factor that is not whole it counts a pixel wholly or not at all. So the average is computed
here, in integers: the same bytes on every machine. Pillow's cubic has a = -0.5, where the
OpenCV of 2014 had -0.75.

Source: cuda-convnet2, make-data/pyext/src/pyext.cpp, lines 102-122.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_Ints = NDArray[np.integer]
_BLOCK = 64  # rows whose sums fit into the processor's cache: three times as fast


def square(image: Image.Image, size: int) -> NDArray[np.uint8]:
    """Return the central square of an RGB image, (size, size, 3) uint8 (section 2).

    The shorter side becomes `size`, the longer one the nearest whole number, of which
    (longer - size) // 2 pixels are cut off in front. Only what the crop shows is computed:
    a picture of 1 x 20,000 pixels takes no more memory than another.

    Args:
        image: of mode RGB, at least one pixel.
        size: side of the square in pixels, at least 1; the paper's is 256.

    >>> wide = np.repeat(np.array([[[0], [9], [5], [1]]], np.uint8), 3, axis=2)  # 1 x 4 pixels
    >>> square(Image.fromarray(wide), 1).tolist()
    [[[9, 9, 9]]]
    """
    width, height = image.size
    short = min(width, height)
    rows, columns = ((2 * side * size + short) // (2 * short) for side in (height, width))
    top, left = (rows - size) // 2, (columns - size) // 2
    if short < size:
        across, down = width / columns, height / rows
        box = (left * across, top * down, (left + size) * across, (top + size) * down)
        # The last digit of a float must not lie outside of the image.
        box = (box[0], box[1], min(box[2], width), min(box[3], height))
        return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC, box))
    pixels = np.asarray(image)
    if short == size:
        return np.ascontiguousarray(pixels[top : top + size, left : left + size])
    down = _area(pixels.reshape(height, -1), rows, top, size).reshape(size, width, 3)
    turned = np.ascontiguousarray(down.swapaxes(0, 1)).reshape(width, -1)
    sums = _area(turned, columns, left, size).reshape(size, size, 3).swapaxes(0, 1)
    whole = height * width
    return np.ascontiguousarray((2 * sums + whole) // (2 * whole)).astype(np.uint8)


def _area(pixels: _Ints, out: int, start: int, count: int) -> _Ints:
    """Shrink axis 0 of (n, m) to `out`; return the `count` rows from `start` on, times n.

    In units of 1 / out of an input row, output row j covers j n to (j + 1) n, and input
    row i covers i out to (i + 1) out: the overlaps are whole numbers.
    """
    n = len(pixels)
    small = pixels.dtype == np.uint8 and 256 * (n + out) < 2**31
    edges = np.arange(start, start + count + 1, dtype=np.int64) * n
    total = np.zeros((count, pixels.shape[1]), np.int32 if small else np.int64)
    for block in range(0, count, _BLOCK):
        here = slice(block, block + _BLOCK)
        begin, end = edges[:-1][here], edges[1:][here]
        for step in range(-(-n // out) + 1):
            row = begin // out + step
            overlap = np.minimum(end, (row + 1) * out) - np.maximum(begin, row * out)
            weight = np.maximum(overlap, 0).astype(total.dtype)
            total[here] += weight[:, None] * pixels[np.minimum(row, n - 1)]
    return total
