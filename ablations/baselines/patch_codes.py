"""Codes of whitened patches: a dictionary learned without labels, and pooling over quadrants.

The chain of Coates, Lee and Ng (2011): patches are freed of their brightness and contrast and
whitened, k-means learns a dictionary, the "triangle" code of a patch says how much nearer
than on average each mean is (most are 0), and codes are summed over the quadrants of an image.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ablations.baselines.libraries import optional
from ablations.baselines.pictures import Pictures, reduced

#: Means of a dictionary, and the patches from which it is learned.
MEANS, PATCHES = 400, 100_000
#: Added to the variance of a patch, in grey levels squared, and to the eigenvalues of whitening.
_CONTRAST, _WHITENING = 10.0, 0.1
#: Sides above this are reduced by whole factors.
_LARGEST = 64

#: Sides in pixels of the patches of the feature sets whose predictions are averaged.
SIX = (4, 5, 6, 7, 8, 10)
#: Features of an image: a sum for each mean and quadrant.
WIDTH = 4 * MEANS


@dataclass(frozen=True)
class PatchCodes:
    """A learned feature set: z = (normalised patch - mean) @ whitening is compared to centres.

    `mean` (d,), `whitening` (d, d) and `centres` (MEANS, d) are float32; d is 3 side^2.
    """

    side: int
    mean: np.ndarray
    whitening: np.ndarray
    centres: np.ndarray

    @cached_property
    def _distances(self) -> np.ndarray:
        """(d + 2, MEANS) float32: what [z, |z|^2, 1] is multiplied by to be squared distances."""
        squares = (self.centres**2).sum(axis=1)
        return np.stack([*(-2 * self.centres.T), np.ones_like(squares), squares])

    def features(self, images: np.ndarray) -> np.ndarray:
        """Return (images, 4 MEANS) float32 of images (images, side, side, 3) uint8.

        Windows of images of 64 pixels or more are two pixels apart, of smaller ones one pixel.
        """
        chunk = max(1, (8 * 32 * 32) // images.shape[1] ** 2)
        parts = [self._codes(images[n : n + chunk]) for n in range(0, len(images), chunk)]
        return np.concatenate(parts)

    def _codes(self, images: np.ndarray) -> np.ndarray:
        windows = _windows(images, self.side)
        count, rows = len(images), windows.shape[1]
        flat = _contrast(windows.reshape(count * rows * rows, -1))
        flat -= self.mean
        # |z|^2 - 2 z c + |c|^2 of every window and centre is one product
        wide = np.empty((len(flat), flat.shape[1] + 2), np.float32)
        white = flat @ self.whitening
        wide[:, :-2], wide[:, -1] = white, 1
        wide[:, -2] = np.einsum("ij,ij->i", white, white)
        codes = wide @ self._distances
        np.sqrt(np.maximum(codes, 0, out=codes), out=codes)
        np.subtract(codes.mean(axis=1, keepdims=True), codes, out=codes)
        np.maximum(codes, 0, out=codes)
        pooled = _quadrants(rows) @ codes.reshape(count, rows * rows, -1)
        return pooled.reshape(count, -1)


def learn(side: int, pictures: Pictures, seed: int) -> PatchCodes:
    """Learn whitening and dictionary from random patches of training images.

    Args:
        side: of the patches, in pixels.
        pictures: the training images.
        seed: of the choice of patches and of k-means.
    """
    draw = np.random.default_rng([seed, side])
    sample = _contrast(_sample(side, pictures, draw))
    mean = sample.mean(axis=0)
    sample -= mean
    values, vectors = np.linalg.eigh(np.cov(sample, rowvar=False))
    whitening = ((vectors / np.sqrt(values + _WHITENING)) @ vectors.T).astype(np.float32)
    means = optional("sklearn.cluster").MiniBatchKMeans(
        MEANS, batch_size=10_000, n_init=1, random_state=int(draw.integers(2**31))
    )
    centres = means.fit(sample @ whitening).cluster_centers_.astype(np.float32)
    return PatchCodes(side, mean, whitening, centres)


def _sample(side: int, pictures: Pictures, draw: np.random.Generator) -> np.ndarray:
    """Return about `PATCHES` patches (patches, d) float32, as many of each image."""
    found = []
    some = pictures.some(draw)
    each = -(-PATCHES // len(some))
    for _, images in some.batches():
        for image in images:
            windows = _windows(image[None], side)[0].reshape(-1, 3 * side**2)
            found.append(windows[draw.integers(0, len(windows), each)])
    return np.concatenate(found)


def _windows(images: np.ndarray, side: int) -> np.ndarray:
    """Return (images, rows, rows, d) float32: every window, in grey levels of 0 to 255."""
    small = reduced(images, _LARGEST)
    step = 2 if small.shape[1] >= _LARGEST else 1
    view = np.lib.stride_tricks.sliding_window_view(small, (side, side), (1, 2))
    view = view[:, ::step, ::step]
    return view.reshape(*view.shape[:3], -1)


def _contrast(patches: np.ndarray) -> np.ndarray:
    """Return patches (n, d) minus their mean, over the root of their variance plus a constant."""
    centred = patches - patches.mean(axis=1, keepdims=True)
    variance = np.einsum("ij,ij->i", centred, centred) / centred.shape[1]
    centred /= np.sqrt(variance + _CONTRAST)[:, None]
    return centred


def _quadrants(rows: int) -> np.ndarray:
    """Return (4, rows^2) float32, 1 where a window belongs to a quadrant."""
    half = np.zeros((2, rows), np.float32)
    half[0, : (rows + 1) // 2] = 1
    half[1, (rows + 1) // 2 :] = 1
    return np.einsum("ay,bx->abyx", half, half).reshape(4, rows * rows)
