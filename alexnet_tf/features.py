"""Measures of kernels and features: the split of colour between towers, and neighbours."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from alexnet_tf.arrays import require_numbers

_DEALS = 1000  # of the kernels to the towers, at random

NEIGHBOURS = 6  # of Figure 4


def colourfulness(kernels: np.ndarray) -> np.ndarray:
    """Return each kernel's colourfulness, 0 (grey) to 1 (its mean over R, G, B is zero).

    The share of a kernel's energy that is left when the mean of its three channels is taken
    off: 1 - 3 |mean|^2 / |w|^2. Section 6.1 finds colour-agnostic kernels on one GPU and
    colour-specific ones on the other, by eye.

    Args:
        kernels: (height, width, 3, maps), as of conv1.

    Returns:
        (maps,), of the kernels' type.

    >>> kernels = np.array([[[[1.0, 1.0], [1.0, -1.0], [1.0, 0.0]]]])  # white; red minus green
    >>> colourfulness(kernels)
    array([0., 1.])
    """
    energy = (kernels**2).sum(axis=(0, 1, 2))
    grey = 3 * (kernels.mean(axis=2) ** 2).sum(axis=(0, 1))
    return 1 - grey / np.maximum(energy, np.finfo(kernels.dtype).tiny)


def colour_split(kernels: np.ndarray, seed: int = 0) -> tuple[float, float, float]:
    """Return how far the towers' mean colourfulness lies apart, and for random deals.

    Args:
        kernels: (height, width, 3, maps), the towers' in halves.
        seed: of the random deals of the same kernels to two towers.

    Returns:
        The difference of the two means, 0 to 1; its mean over 1,000 random deals; and the
        percent of random deals in which it is as large, more than 0 up to 100.
    """
    colours = colourfulness(kernels.astype(np.float64))
    deals = np.random.default_rng(seed).permuted(np.tile(colours, (_DEALS, 1)), axis=1)
    split, by_chance = float(_apart(colours[None])[0]), _apart(deals)
    # the deal at hand is one of them: its probability is never zero
    as_large = (1 + int((by_chance >= split - 1e-12).sum())) / (1 + _DEALS)
    return split, float(by_chance.mean()), 100 * as_large


def nearest(queries: np.ndarray, points: np.ndarray, count: int = NEIGHBOURS) -> np.ndarray:
    """Return the indices of the `count` nearest points, (Q, count), the nearest first.

    Squared Euclidean distance in float32; no image is skipped, and among equals the lower
    index comes first. findsimilar.py of the 2012 source takes one image of each of its training
    files at most.

    Args:
        queries: (Q, D).
        points: (P, D), P at least `count`.
        count: Figure 4 has six.

    >>> nearest(np.array([[0.0, 0.0]]), np.array([[3.0, 0.0], [1.0, 0.0], [0.0, 2.0]]), count=2)
    array([[1, 2]])
    """
    found = [
        np.argsort(distances, axis=1, kind="stable")[:, :count]
        for _, distances in _distances(queries, points)
    ]
    return np.concatenate(found)


def pixel_ranks(queries: np.ndarray, points: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return the share of points nearer to each query than those found, (Q, count), 0 to 1.

    Args:
        queries: (Q, D).
        points: (P, D).
        found: (Q, count) indices of points.

    >>> points = np.array([[3.0, 0.0], [1.0, 0.0], [0.0, 2.0], [4.0, 0.0]])
    >>> pixel_ranks(np.array([[0.0, 0.0]]), points, np.array([[1, 0]]))
    array([[0. , 0.5]])
    """
    ranks = []
    for start, distances in _distances(queries, points):
        own = np.take_along_axis(distances, found[start : start + len(distances)], axis=1)
        ordered = np.sort(distances, axis=1)
        below = [np.searchsorted(row, mine) for row, mine in zip(ordered, own, strict=True)]
        ranks.append(np.array(below) / len(points))
    return np.concatenate(ranks)


def _distances(queries: np.ndarray, points: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield some queries' squared distances, less their own from the origin, float32.

    With the number of the first of these queries: some at a time, fast and in little memory.

    Raises:
        OutputError: a distance is NaN, which has no place in an order.
    """
    points, queries = points.astype(np.float32), queries.astype(np.float32)
    squares = (points**2).sum(axis=1)
    for start in range(0, len(queries), 64):
        distances = squares - 2 * (queries[start : start + 64] @ points.T)
        require_numbers(distances, "images of which neighbours are sought")
        yield start, distances


def _apart(colours: np.ndarray) -> np.ndarray:
    """Return |mean of the first half - mean of the second| of each row."""
    half = colours.shape[1] // 2
    return np.abs(colours[:, :half].mean(axis=1) - colours[:, half:].mean(axis=1))
