"""Statistics of the training images: their mean and their spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alexnet_tf.data.labelled import Source
from alexnet_tf.data.split import Split
from alexnet_tf.spec import DataSpec


@dataclass(frozen=True)
class Normaliser:
    """input = (pixel - offset) * scale, float32; both broadcast against (H, W, 3).

    `offset` is the mean image, (H, W, 3), or the mean colour, (1, 1, 3), of 0 to 255; `scale`
    is one, (1, 1, 1), or one over each colour's standard deviation, (3,).
    """

    offset: np.ndarray
    scale: np.ndarray


def normaliser(source: Source, split: Split, spec: DataSpec) -> Normaliser:
    """Return the scaling that `spec.scaling` asks for, measured on the training images.

    Shards bring their mean and covariance with them, over their whole training part. Section 2
    subtracts "the mean activity over the training set from each pixel" and scales by nothing.
    `spec.constants`, where it is given, stands in place of what would be measured.

    Args:
        source: the images.
        split: its `train` is what is measured.
        spec: of the data.
    """
    if spec.constants is not None:
        mean, deviation = spec.constants.mean, spec.constants.deviation
        return _by_colour(np.asarray(mean), np.asarray(deviation))
    one = np.ones((1, 1, 1), np.float32)
    if spec.scaling == "mean_image":
        return Normaliser(source.mean_of(split.train), one)
    return _by_colour(*source.channels_of(split.train))


def _by_colour(mean: np.ndarray, deviation: np.ndarray) -> Normaliser:
    return Normaliser(mean.astype(np.float32).reshape(1, 1, 3), (1 / deviation).astype(np.float32))
