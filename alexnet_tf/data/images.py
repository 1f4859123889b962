"""A labelled image set in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from alexnet_tf.spec import DatasetName

Part = Literal["train", "test"]


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

    @property
    def size(self) -> int:
        """Height and width of the images in pixels."""
        return self.train_images.shape[1]

    def reader(self, part: Part) -> Callable[[Any], Any]:
        """Return a function for `tf.data`: indices (B,) to images (B, H, W, 3) uint8."""
        import tensorflow as tf

        pixels = tf.constant(self.train_images if part == "train" else self.test_images)
        return lambda index: tf.gather(pixels, index)

    def fingerprint(self) -> str:
        """SHA-256, 64 hex digits, over every pixel and label in order."""
        digest = hashlib.sha256()
        for array in (self.train_images, self.train_labels, self.test_images, self.test_labels):
            digest.update(f"{array.shape}{array.dtype}".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()
