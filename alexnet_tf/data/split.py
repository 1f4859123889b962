"""Which images train, which choose, which test; and how pixels become network inputs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from alexnet_tf.data.images import DataError, Images
from alexnet_tf.spec import DataSpec


@dataclass(frozen=True)
class Split:
    """Indices into the published training images, int64, sorted."""

    train: np.ndarray
    validation: np.ndarray


@dataclass(frozen=True)
class Normaliser:
    """input = (pixel - offset) * scale, float32; both broadcast against (H, W, 3)."""

    offset: np.ndarray
    scale: np.ndarray


def split(images: Images, spec: DataSpec) -> Split:
    """Divide the published training set, each class in equal share.

    The images of a class are ranked by SHA-256 of (split, index): the first are the
    validation images, the next the training images, so that a smaller `train_images`
    is a subset of a larger one and the validation images never change with it.

    Raises:
        DataError: the set is too small for what is asked, or a number of images cannot be
            shared equally by the classes.
    """
    classes = len(images.class_names)
    for name in ("train_images", "validation_images"):
        count = getattr(spec, name)
        if count is not None and count % classes:
            raise DataError(
                f"data.{name} must be a multiple of {images.name}'s {classes} classes. "
                f"Received: {count}"
            )
    per_class = [
        _ranked(np.flatnonzero(images.train_labels == k), spec.split) for k in range(classes)
    ]
    validation = [spec.validation_images // classes] * classes
    train = [len(rank) - skip for rank, skip in zip(per_class, validation, strict=True)]
    if spec.train_images is not None:
        train = [spec.train_images // classes] * classes
    for rank, first, second in zip(per_class, validation, train, strict=True):
        if second < 1 or first + second > len(rank):
            raise DataError(
                f"{images.name}: a class has {len(rank)} images, but {first} for validation and "
                f"{max(second, 1)} for training are asked. Lower data.train_images or "
                "data.validation_images."
            )
    parts = list(zip(per_class, validation, train, strict=True))
    return Split(
        train=np.sort(np.concatenate([rank[v : v + t] for rank, v, t in parts])),
        validation=np.sort(np.concatenate([rank[:v] for rank, v, _ in parts])),
    )


def normaliser(train_images: np.ndarray, spec: DataSpec) -> Normaliser:
    """Return the scaling that `spec.scaling` asks for, measured on the training images.

    Args:
        train_images: (N, H, W, 3) uint8, the training images alone.
    """
    one = np.ones((1, 1, 1), np.float32)
    if spec.scaling == "mean_image":
        return Normaliser(train_images.mean(axis=0, dtype=np.float64).astype(np.float32), one)
    mean = train_images.mean(axis=(0, 1, 2), dtype=np.float64)
    square = np.square(train_images, dtype=np.float32).mean(axis=(0, 1, 2), dtype=np.float64)
    deviation = np.sqrt(np.maximum(square - mean**2, 1e-12))
    return Normaliser(mean.astype(np.float32), (1 / deviation).astype(np.float32))


def _ranked(indices: np.ndarray, salt: int) -> np.ndarray:
    digests = [hashlib.sha256(f"{salt}:{index}".encode()).digest() for index in indices.tolist()]
    return indices[np.array(sorted(range(len(digests)), key=digests.__getitem__), dtype=np.int64)]
