"""Statistics of the training images: their mean, their spread and their colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alexnet_tf.data import colour
from alexnet_tf.data.labelled import Source
from alexnet_tf.data.split import Split
from alexnet_tf.spec import DataSpec, JitterSpec


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

    Args:
        source: the images.
        split: its `train` is what is measured.
        spec: of the data.
    """
    one = np.ones((1, 1, 1), np.float32)
    if spec.scaling == "mean_image":
        return Normaliser(source.mean_of(split.train), one)
    mean, deviation = source.channels_of(split.train)
    return Normaliser(mean.astype(np.float32).reshape(1, 1, 3), (1 / deviation).astype(np.float32))


def jitter_axes(source: Source, split: Split, jitter: JitterSpec) -> np.ndarray:
    """Return (3, 3) float32: the colour of each principal component, 0-255 units.

    The paper's wording multiplies by the eigenvalue of pixels in 0 to 1, the 2012 code by
    its square root (`JitterSpec.scale`).

    Args:
        source: the images.
        split: its `train` is what is measured.
        jitter: its `scale` is used; `InputPipeline` applies sigma and the division.

    Returns:
        A component a row, red, green and blue; a draw from N(0, sigma^2) multiplies it.
    """
    values, vectors = source.colours_of(split.train)
    # an eigenvalue has the unit of squared pixels, so that the text's wording depends on it
    return colour.jitter_axes(
        values / 255 if jitter.scale == "eigenvalue" else values, vectors, jitter.scale
    )
