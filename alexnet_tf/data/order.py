"""Batches as index arithmetic: the order of an epoch is a function of (seed, epoch).

No iterator has state, so a resumed run continues in the right place by counting.
"""

from __future__ import annotations

import math

import numpy as np


def epoch_order(seed: int, epoch: int, images: int) -> np.ndarray:
    """Return a permutation of 0..images-1, int32, for the given epoch (0 is the first).

    A new one each epoch, where the 2012 source shuffled once; the paper is silent.

    Args:
        seed: of the run, at least 0.
        epoch: 0 for the first.
        images: how many there are.
    """
    entropy = np.random.SeedSequence([seed, epoch])
    return np.random.Generator(np.random.PCG64(entropy)).permutation(images).astype(np.int32)


def batches_per_epoch(images: int, batch_size: int) -> int:
    """Return ceil(images / batch_size): the tail batch is used, as in the 2012 code.

    >>> batches_per_epoch(1_200_000, 128), batches_per_epoch(129, 128)
    (9375, 2)
    """
    return math.ceil(images / batch_size)
