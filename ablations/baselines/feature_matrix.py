"""Features of many images as a file without a name, so that memory does not grow with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np

from alexnet_tf import files

_BLOCK = 1 << 25  # bytes of features that are worked on at once


class FeatureMatrix:
    """Features of images, (images, width) float32, in a file that no name leads to.

    The system frees its place when it is closed, or when the process ends, however it ends. Use
    as a context.

    Args:
        folder: on the disk that has room for it.
        images: rows.
        width: features of an image.

    Raises:
        OSError: the folder is not writable or the disk is full.
    """

    def __init__(self, folder: Path, images: int, width: int):
        self.images, self.width = images, width
        self._file = files.nameless(folder, 4 * images * width)
        self._rows = np.memmap(self._file, np.float32, "r+", shape=(images, width))

    def __enter__(self) -> FeatureMatrix:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del self._rows
        self._file.close()

    def put(self, first: int, rows: np.ndarray) -> None:
        """Store rows (n, width) from row `first` on."""
        self._rows[first : first + len(rows)] = rows

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (number of its first row, rows) of one block after the other."""
        step = max(1, _BLOCK // (4 * self.width))
        for first in range(0, self.images, step):
            yield first, self._rows[first : first + step]

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return each feature's mean and standard deviation, (width,) float64.

        A feature that does not vary has a deviation of 1.
        """
        total, squares = np.zeros(self.width), np.zeros(self.width)
        for _, block in self.blocks():
            total += block.sum(axis=0, dtype=np.float64)
            squares += np.einsum("ij,ij->j", block, block, dtype=np.float64)
        mean = total / self.images
        deviation = np.sqrt(np.maximum(squares / self.images - mean**2, 0))
        return mean, np.where(deviation > 1e-6 * np.abs(mean), deviation, 1.0)

    def standardise(self, mean: np.ndarray, deviation: np.ndarray) -> None:
        """Replace every feature by (feature - mean) / deviation, both (width,)."""
        low, factor = mean.astype(np.float32), (1 / deviation).astype(np.float32)
        for _, block in self.blocks():
            block -= low
            block *= factor
