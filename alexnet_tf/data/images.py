"""A labelled image set in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from alexnet_tf.data import colour
from alexnet_tf.spec import DatasetName

Part = Literal["train", "test"]
_CHUNK = 1000  # images


@dataclass(frozen=True)
class Images:
    """A labelled image set: images (N, H, H, 3) uint8, labels (N,) int64.

    Implements `labelled.Source` in memory; CIFAR-10 and the built-in images have H = 32.
    """

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
        """Return a function for `tf.data`: indices (B,) to images (B, H, W, 3) uint8.

        All images of the part become one tensor, on each call.
        """
        import tensorflow as tf

        pixels = tf.constant(self.train_images if part == "train" else self.test_images)
        return lambda index: tf.gather(pixels, index)

    def mean_of(self, chosen: np.ndarray) -> np.ndarray:
        """Return the mean of these training images, (H, W, 3) float32, 0 to 255.

        Args:
            chosen: (N,) indices, at least one.
        """
        return self.train_images[chosen].mean(axis=0, dtype=np.float64).astype(np.float32)

    def channels_of(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of each colour of them, (3,) float64 each.

        Over all pixels of the images, 0 to 255; the deviation is at least 1e-6.
        """
        images = self.train_images[chosen]
        mean = images.mean(axis=(0, 1, 2), dtype=np.float64)
        square = np.square(images, dtype=np.float32).mean(axis=(0, 1, 2), dtype=np.float64)
        return mean, np.sqrt(np.maximum(square - mean**2, 1e-12))

    def colours_of(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return their colours' principal components, as `colour.rgb_pca` does.

        The sums are exact: they do not depend on the order of `chosen`.
        """
        chunks = np.array_split(chosen, max(1, len(chosen) // _CHUNK))
        return colour.rgb_pca(self.train_images[chunk] for chunk in chunks)

    def fingerprint(self) -> str:
        """SHA-256, 64 hex digits, over every pixel and label in order."""
        digest = hashlib.sha256()
        for array in (self.train_images, self.train_labels, self.test_images, self.test_labels):
            digest.update(f"{array.shape}{array.dtype}".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()
