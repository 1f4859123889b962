"""Choice of the images that train, that are held back for validation, and that test."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from alexnet_tf.data.labelled import Source
from alexnet_tf.errors import DataError
from alexnet_tf.spec import DataSpec


@dataclass(frozen=True)
class Split:
    """Indices into the published training images, or test images, int64, sorted.

    `train` and `validation` have no image in common; `test` are indices of test images.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split(images: Source, spec: DataSpec) -> Split:
    """Divide the published training set, and choose test images, each class in equal share.

    The images of a class are ranked by SHA-256 of (split, index): the first are the
    validation images, the next the training images, so that a smaller `train_images`
    is a subset of a larger one and the validation images never change with it. Test
    images are ranked the same way.

    Args:
        images: their labels and class names are used.
        spec: `train_images`, `validation_images`, `test_images` and the number `split`.

    Returns:
        Without `train_images` all that validation leaves, without `test_images` all.

    Raises:
        DataError: the set is too small for what is asked, or a number of images cannot be
            shared equally by the classes.
    """
    classes = len(images.class_names)
    for name in ("train_images", "validation_images", "test_images"):
        count = getattr(spec, name)
        if count is not None and count % classes:
            raise DataError(
                f"data.{name} must be a multiple of {images.name}'s {classes} classes. "
                f"Received: {count}"
            )
    per_class = _ranked_by_class(images.train_labels, classes, spec.split)
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
        test=_tested(images, spec),
    )


def _tested(images: Source, spec: DataSpec) -> np.ndarray:
    if spec.test_images is None:
        return np.arange(len(images.test_labels))
    classes = len(images.class_names)
    each = spec.test_images // classes
    ranked = _ranked_by_class(images.test_labels, classes, spec.split)
    fewest = min(len(rank) for rank in ranked)
    if fewest < each:
        raise DataError(
            f"{images.name}: a class has {fewest} test images, but {each} are asked. "
            "Lower data.test_images."
        )
    return np.sort(np.concatenate([rank[:each] for rank in ranked]))


def _ranked_by_class(labels: np.ndarray, classes: int, salt: int) -> list[np.ndarray]:
    return [_ranked(np.flatnonzero(labels == k), salt) for k in range(classes)]


def _ranked(indices: np.ndarray, salt: int) -> np.ndarray:
    digests = [hashlib.sha256(f"{salt}:{index}".encode()).digest() for index in indices.tolist()]
    return indices[np.array(sorted(range(len(digests)), key=digests.__getitem__), dtype=np.int64)]
