"""SIFT descriptors on a grid, at three sizes, of each colour.

A descriptor (Lowe 2004) has a histogram of 8 gradient directions in each of 4 x 4 cells. On a
grid, upright, the histograms are linear in the gradients: two matrix products, one along the
rows of an image and one along its columns, make those of all places.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import ndimage

#: Sides of a cell, and distance of places, in 32ths of the image's side.
CELLS, STEP = (2.0, 3.0, 4.0), 2.0
#: Numbers of one descriptor: 16 cells of 8 directions.
WIDTH = 128
_DIRECTIONS, _SIDE = 8, 32.0
_CLIP = 0.2  # share of the length above which a number is cut (Lowe 2004)


@dataclass(frozen=True)
class Grid:
    """Places of the descriptors of one size along an axis.

    `centres` (places,) are in pixels, the first pixel from 0 to 1; `weights` is (4 places, side)
    float32: what the pixels of a row add to the four cells of each place.
    """

    cell: float
    centres: np.ndarray
    weights: np.ndarray


@cache
def grids(side: int) -> tuple[Grid, ...]:
    """Return the grids of images of side x side pixels; every descriptor lies inside of them."""
    unit = side / _SIDE
    found = []
    for share in CELLS:
        cell = share * unit
        count = int((_SIDE - 4 * share) / STEP + 1e-9) + 1
        centres = 2 * cell + STEP * unit * np.arange(count)
        pixels = np.arange(side) + 0.5
        cells = centres[:, None] + cell * np.array([-1.5, -0.5, 0.5, 1.5])
        triangle = np.maximum(1 - np.abs(pixels - cells[..., None]) / cell, 0)
        window = np.exp(-0.5 * ((pixels - centres[:, None]) / (2 * cell)) ** 2)
        weights = (triangle * window[:, None]).reshape(4 * count, side)
        found.append(Grid(cell, centres, weights.astype(np.float32)))
    return tuple(found)


def places(side: int) -> np.ndarray:
    """Return (descriptors, 2) float64: x and y of each, -0.5 to 0.5 from edge to edge."""
    both = [np.meshgrid(grid.centres, grid.centres) for grid in grids(side)]
    return np.concatenate([np.stack([x.ravel(), y.ravel()], 1) for x, y in both]) / side - 0.5


def descriptors(images: np.ndarray) -> np.ndarray:
    """Return (images, descriptors, 3 WIDTH) float32 of images (images, side, side, 3) uint8.

    They are in the order of `places`; each has its 128 numbers in red, in green and in blue: the
    roots of their shares (Arandjelovic and Zisserman 2012), or zeros where nothing varies.
    """
    maps = images.astype(np.float32).transpose(0, 3, 1, 2)
    found = [_of_size(maps, grid) for grid in grids(images.shape[1])]
    return np.concatenate(found, axis=1)


def _of_size(maps: np.ndarray, grid: Grid) -> np.ndarray:
    """Return (images, places^2, 3 WIDTH) of colour maps (images, 3, side, side)."""
    smooth = ndimage.gaussian_filter(maps, grid.cell / 6, axes=(2, 3), mode="nearest")
    histograms = grid.weights @ directions(smooth) @ grid.weights.T
    count, n = len(maps), len(grid.centres)
    cells = histograms.reshape(count, 3, _DIRECTIONS, n, 4, n, 4)
    found = cells.transpose(0, 3, 5, 1, 4, 6, 2).reshape(count, n * n, 3, WIDTH)
    lengths = np.sqrt(np.einsum("...i,...i->...", found, found))[..., None]
    found = np.minimum(found, _CLIP * lengths)
    sums = found.sum(axis=-1, keepdims=True)
    found /= np.where(sums > 0, sums, 1)
    return np.sqrt(found, out=found).reshape(count, n * n, 3 * WIDTH)


def directions(maps: np.ndarray) -> np.ndarray:
    """Return (..., 8, side, side): lengths of the gradients, shared by the two nearest directions.

    Args:
        maps: (..., side, side) float32.

    Returns:
        Direction k is k / 8 of a turn from rightwards, towards the lower edge.
    """
    along_y, along_x = np.gradient(maps, axis=(-2, -1))
    length = np.hypot(along_x, along_y)
    turn = (np.arctan2(along_y, along_x) * (_DIRECTIONS / (2 * np.pi))) % _DIRECTIONS
    below = np.floor(turn).astype(np.int8) % _DIRECTIONS
    share = (turn - np.floor(turn)) * length
    rest = length - share
    found = np.empty((*maps.shape[:-2], _DIRECTIONS, *maps.shape[-2:]), np.float32)
    for k in range(_DIRECTIONS):
        found[..., k, :, :] = np.where(below == k, rest, 0)
        found[..., k, :, :] += np.where((below + 1) % _DIRECTIONS == k, share, 0)
    return found
