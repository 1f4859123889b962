"""A labelled image set, wherever it lies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from alexnet_tf.data.images import Part
from alexnet_tf.errors import DataError
from alexnet_tf.spec import DatasetName, Experiment


class Source(Protocol):
    """Images with labels: in memory (`Images`), or prepared on disk (`Shards`).

    "train" and "test" are the parts as they were published; a `Split` chooses among them.
    """

    @property
    def name(self) -> DatasetName:
        """Name of the data set, as `DataSpec.dataset` has it."""
        ...

    @property
    def synthetic(self) -> bool:
        """True if the images are made by a program."""
        ...

    @property
    def source(self) -> str:
        """Origin of the images, for people: "tensorflow-datasets cifar10/3.0.2", say."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the labels 0, 1, ..."""
        ...

    @property
    def train_labels(self) -> np.ndarray:
        """Labels of the training images, (N,) int64."""
        ...

    @property
    def test_labels(self) -> np.ndarray:
        """Labels of the test images, (M,) int64."""
        ...

    @property
    def size(self) -> int:
        """Height and width of the images in pixels."""
        ...

    def reader(self, part: Part) -> Callable[[Any], Any]:
        """Return a function for `tf.data`: indices (B,) to images (B, H, W, 3) uint8."""
        ...

    def fingerprint(self) -> str:
        """SHA-256, 64 hex digits: equal for equal images and labels in the same order."""
        ...

    def mean_of(self, chosen: np.ndarray) -> np.ndarray:
        """Return the mean of these training images, (H, W, 3) float32, 0 to 255.

        Args:
            chosen: (N,) indices into the training images; `Shards` give the mean of all.
        """
        ...

    def channels_of(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of each colour of them, (3,) float64 each.

        Args:
            chosen: as for `mean_of`.
        """
        ...

    def colours_of(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return their colours' principal components, as `colour.rgb_pca` does.

        Args:
            chosen: as for `mean_of`.
        """
        ...


def check_fit(experiment: Experiment, source: Source) -> None:
    """Refuse a model whose input or output is not the data set's.

    Args:
        experiment: its model and the turns of its data are used.
        source: the images.

    Raises:
        DataError: their number of classes, size or channels do not fit.
    """
    model, classes = experiment.model, len(source.class_names) * experiment.data.rotations
    if model.channels != 3 or model.input_size > source.size or classes != model.classes:
        raise DataError(
            f"{source.name} has {classes} classes and images of {source.size} x {source.size} x 3; "
            f"the model has {model.classes} and takes no less than {model.input_size} x "
            f"{model.input_size} x {model.channels}. "
            "Take other images, or change model.input_size, model.channels or model.classes."
        )
