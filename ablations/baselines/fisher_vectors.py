"""Fisher vectors of dense SIFT: how an image's descriptors would move a mixture of Gaussians.

As Sanchez and Perronnin (2011) did for ILSVRC-2011: descriptors reduced by PCA, with their place
in the image beside them, a mixture of diagonal Gaussians learned without labels, and the
improved Fisher vector (signed root, unit length; Perronnin, Sanchez and Mensink 2010).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ablations.baselines import dense_sift
from ablations.baselines.libraries import optional
from ablations.baselines.pictures import Pictures

COMPONENTS, GAUSSIANS = 64, 64
#: Descriptors from which components and Gaussians are learned.
_SAMPLE = 120_000
_DEPTH = COMPONENTS + 2  # x and y

#: Features of an image: of each Gaussian its weight, and each dimension's mean and deviation.
WIDTH = GAUSSIANS * (2 * _DEPTH + 1)


@dataclass(frozen=True)
class FisherVectors:
    """The learned PCA and mixture, objects of scikit-learn."""

    components: Any
    mixture: Any

    def features(self, images: np.ndarray) -> np.ndarray:
        """Return (images, WIDTH) float32 of images (images, side, side, 3) uint8."""
        vector = optional("skimage.feature").fisher_vector
        chunk = max(1, (64 * 32 * 32) // images.shape[1] ** 2)
        found = np.empty((len(images), WIDTH), np.float32)
        for first in range(0, len(images), chunk):
            batch = self._reduced(dense_sift.descriptors(images[first : first + chunk]), images)
            for n, of_image in enumerate(batch):
                found[first + n] = vector(of_image, self.mixture, improved=True, alpha=0.5)
        return found

    def _reduced(self, descriptors: np.ndarray, images: np.ndarray) -> np.ndarray:
        """Return (images, descriptors, COMPONENTS + 2): principal components, x and y."""
        return _with_places(self.components, descriptors, images.shape[1])


def learn(pictures: Pictures, seed: int) -> FisherVectors:
    """Learn components and Gaussians from descriptors of training images.

    Args:
        pictures: the training images.
        seed: of the choice of images and descriptors, and of the mixture's start.
    """
    draw = np.random.default_rng([seed, COMPONENTS, GAUSSIANS])
    some, side = pictures.some(draw), pictures.source.size
    where = dense_sift.places(side)
    each = min(len(where), -(-_SAMPLE // len(some)))
    found, at = [], []
    for _, images in some.batches():
        for n in range(0, len(images), 32):
            for one in dense_sift.descriptors(images[n : n + 32]):
                chosen = draw.choice(len(where), each, replace=False)
                found.append(one[chosen])
                at.append(where[chosen])
    sample = np.concatenate(found)
    state = int(draw.integers(2**31))
    components = optional("sklearn.decomposition").PCA(COMPONENTS, random_state=state).fit(sample)
    reduced = np.concatenate([components.transform(sample), np.concatenate(at)], axis=1)
    arguments = {"covariance_type": "diag", "random_state": state, "max_iter": 100, "tol": 1e-2}
    mixture = optional("skimage.feature").learn_gmm(
        reduced.astype(np.float64), n_modes=GAUSSIANS, gm_args=arguments
    )
    return FisherVectors(components, mixture)


def _with_places(components: Any, descriptors: np.ndarray, side: int) -> np.ndarray:
    count, each, width = descriptors.shape
    reduced = components.transform(descriptors.reshape(count * each, width))
    where = np.broadcast_to(dense_sift.places(side), (count, each, 2))
    return np.concatenate([reduced.reshape(count, each, -1), where], axis=2)
