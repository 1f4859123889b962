"""Forward pass of Caffe's and torchvision's nets by NumPy alone, in their own layouts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from published_files import CAFFE, GROUPS, Arrays


@dataclass(frozen=True)
class Steps:
    """What differs between the nets: conv1's zeros, groups, and norms before or after pooling."""

    padding: int = 0
    grouped: bool = True
    order: tuple[str, ...] = ("norm", "pool")


def convolved(maps, weights, biases, stride: int, padding: int, groups: int) -> np.ndarray:
    padded = np.pad(maps, ((0, 0), (padding, padding), (padding, padding)))
    parts = []
    for part, some in zip(np.split(padded, groups), np.split(weights, groups), strict=True):
        windows = np.lib.stride_tricks.sliding_window_view(part, some.shape[2:], axis=(1, 2))
        parts.append(
            np.tensordot(some, windows[:, ::stride, ::stride], axes=([1, 2, 3], [0, 3, 4]))
        )
    return np.concatenate(parts) + biases[:, None, None]


def pooled(maps: np.ndarray) -> np.ndarray:
    """3 x 3 every 2 pixels, the last window of what is left: Caffe's rounding up."""
    count = int(np.ceil((maps.shape[1] - 3) / 2)) + 1
    made = np.empty((len(maps), count, count))
    for y in range(count):
        for x in range(count):
            made[:, y, x] = maps[:, 2 * y : 2 * y + 3, 2 * x : 2 * x + 3].max(axis=(1, 2))
    return made


def normed(maps: np.ndarray) -> np.ndarray:
    """Caffe's LRN over five maps: alpha 1e-4 over 5, beta 0.75, k = 1."""
    made = np.empty_like(maps)
    for i in range(len(maps)):
        energy = (maps[max(0, i - 2) : i + 3] ** 2).sum(axis=0)
        made[i] = maps[i] / (1 + 1e-4 / 5 * energy) ** 0.75
    return made


def logits(arrays: Arrays, image: np.ndarray, steps: Steps) -> np.ndarray:
    """Outputs of fc8 for an image of (3, height, width) in the file's order of colours."""
    maps, after = image.astype(np.float64), {"norm": normed, "pool": pooled}
    for name, (stride, padding) in zip(
        CAFFE, ((4, steps.padding), (1, 2), (1, 1), (1, 1), (1, 1)), strict=False
    ):
        groups = GROUPS.get(name, 1) if steps.grouped else 1
        weights, biases = (array.astype(np.float64) for array in arrays[name])
        maps = np.maximum(convolved(maps, weights, biases, stride, padding, groups), 0)
        if name in ("conv1", "conv2"):
            for step in steps.order:
                maps = after[step](maps)
    values = pooled(maps).reshape(-1)
    for name in CAFFE[5:]:
        weights, biases = arrays[name]
        values = weights.astype(np.float64) @ values + biases
        values = values if name == "fc8" else np.maximum(values, 0)
    return values
