"""What each baseline is made of: its feature sets, and the C of their machines to choose from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from ablations.analysis.baselines import Baseline
from ablations.baselines import fisher_vectors, patch_codes
from ablations.baselines.pictures import Pictures


class Learned(Protocol):
    """What was learned from the training images, without their labels."""

    def features(self, images: np.ndarray) -> np.ndarray:
        """Return (images, width) float32 of images (images, side, side, 3) uint8."""
        ...


@dataclass(frozen=True, kw_only=True)
class FeatureSet:
    """One set of features, of which a machine is trained.

    Attributes:
        width: features of an image.
        learn: training images and a seed to what makes their features.
        standardised: each feature is brought to mean 0 and deviation 1 of the training images.
        cs: to choose from on the validation images, ascending.
    """

    width: int
    learn: Callable[[Pictures, int], Learned]
    standardised: bool
    cs: tuple[float, ...]


#: Scores of a baseline's feature sets are averaged, as those of the six sparse-coding models of
#: ILSVRC-2010 (Berg, Deng and Fei-Fei) were.
METHODS: Mapping[Baseline, tuple[FeatureSet, ...]] = {
    "sparse_coding": tuple(
        FeatureSet(
            width=patch_codes.WIDTH,
            learn=partial(patch_codes.learn, side),
            standardised=True,
            cs=(1e-4, 3e-4, 1e-3, 3e-3, 1e-2),
        )
        for side in patch_codes.SIX
    ),
    "sift_fisher": (
        FeatureSet(
            width=fisher_vectors.WIDTH,
            learn=fisher_vectors.learn,
            standardised=False,
            cs=(0.03, 0.1, 0.3, 1.0, 3.0),
        ),
    ),
}
