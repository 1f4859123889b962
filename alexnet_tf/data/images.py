"""A labelled image set in memory, and what is wrong with one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from alexnet_tf.spec import DatasetName


class DataError(RuntimeError):
    """Data that are missing, damaged or of the wrong size. One line: what, where, what to do."""


@dataclass(frozen=True)
class Images:
    """A labelled image set: images (N, 32, 32, 3) uint8, labels (N,) int64."""

    name: DatasetName
    synthetic: bool
    source: str
    class_names: tuple[str, ...]
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray

    def fingerprint(self) -> str:
        """SHA-256, 64 hex digits, over every pixel and label in order."""
        digest = hashlib.sha256()
        for array in (self.train_images, self.train_labels, self.test_images, self.test_labels):
            digest.update(f"{array.shape}{array.dtype}".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()
