"""What a file of weights holds, whatever its format: arrays by the names that it gives them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Blobs:
    """Arrays of a file, by name: "conv1.0", "conv1/weights", "features.0.weight".

    `norm_first` is whether response norms come before pooling, where the file says so.
    """

    arrays: dict[str, np.ndarray]
    norm_first: bool | None = None


def flat(value: Any, prefix: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """Yield (name, array) of every array in nested dicts and lists; all else is passed over.

    Args:
        value: an array, or dicts, lists and tuples of them.
        prefix: of the names; keys and places are joined to it with dots.

    >>> [name for name, _ in flat({"conv1": [np.ones(2), np.zeros(1)], "epoch": 3})]
    ['conv1.0', 'conv1.1']
    """
    if isinstance(value, np.ndarray):
        yield prefix, value
    elif isinstance(value, dict):
        for key, item in value.items():
            name = key.decode("latin1") if isinstance(key, bytes) else str(key)
            yield from flat(item, f"{prefix}.{name}" if prefix else name)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from flat(item, f"{prefix}.{index}" if prefix else str(index))


def shaped(data: Any, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    """Return bytes as an array.

    Args:
        data: as many bytes as the shape needs.
        dtype: of the numbers.
        shape: at least 0 along each axis.

    Raises:
        ValueError: there are more bytes, or fewer.
    """
    count = 1
    for extent in shape:
        count *= extent
    if min(shape, default=0) < 0 or count * dtype.itemsize != len(data):
        held = f"{len(data):,} bytes of numbers"
        raise ValueError(f"it holds {held} for an array of shape {shape}")
    return np.frombuffer(data, dtype).reshape(shape)
