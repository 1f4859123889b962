"""What is measured on the training images: their mean, their spread and their colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alexnet_tf.data import colour
from alexnet_tf.data.images import Images
from alexnet_tf.data.labelled import Source
from alexnet_tf.data.split import Split
from alexnet_tf.spec import DataSpec, JitterSpec

_CHUNK = 1000  # images


@dataclass(frozen=True)
class Normaliser:
    """input = (pixel - offset) * scale, float32; both broadcast against (H, W, 3)."""

    offset: np.ndarray
    scale: np.ndarray


def normaliser(source: Source, split: Split, spec: DataSpec) -> Normaliser:
    """Return the scaling that `spec.scaling` asks for, measured on the training images.

    Shards bring their mean and covariance with them, over their whole training part.
    """
    one = np.ones((1, 1, 1), np.float32)
    if spec.scaling == "mean_image":
        return Normaliser(_mean_image(source, split), one)
    mean, deviation = _channels(source, split)
    return Normaliser(mean.astype(np.float32).reshape(1, 1, 3), (1 / deviation).astype(np.float32))


def jitter_axes(source: Source, split: Split, jitter: JitterSpec) -> np.ndarray:
    """Return (3, 3) float32: the colour of each principal component, 0-255 units.

    The paper's wording multiplies by the eigenvalue of pixels in 0 to 1, the 2012 code by
    its square root (`JitterSpec.scale`).
    """
    if isinstance(source, Images):
        pixels = source.train_images
        chunks = np.array_split(split.train, max(1, len(split.train) // _CHUNK))
        values, vectors = colour.rgb_pca(pixels[chunk] for chunk in chunks)
    else:
        values, vectors = source.eigenvalues, source.eigenvectors
    # an eigenvalue has the unit of squared pixels, so that the text's wording depends on it
    return colour.jitter_axes(
        values / 255 if jitter.scale == "eigenvalue" else values, vectors, jitter.scale
    )


def _mean_image(source: Source, split: Split) -> np.ndarray:
    if not isinstance(source, Images):
        return source.mean_image
    return source.train_images[split.train].mean(axis=0, dtype=np.float64).astype(np.float32)


def _channels(source: Source, split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each colour, (3,) float64."""
    if not isinstance(source, Images):
        vectors = source.eigenvectors
        variance = ((vectors**2) * source.eigenvalues[None, :]).sum(axis=1)
        return source.mean_image.mean(axis=(0, 1), dtype=np.float64), np.sqrt(variance)
    images = source.train_images[split.train]
    mean = images.mean(axis=(0, 1, 2), dtype=np.float64)
    square = np.square(images, dtype=np.float32).mean(axis=(0, 1, 2), dtype=np.float64)
    return mean, np.sqrt(np.maximum(square - mean**2, 1e-12))
