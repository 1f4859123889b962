"""The result of a simulation, beside what it should find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Result:
    """A number over the repeats beside what it should be: a share in percent, or seeds.

    Attributes:
        simulation: the question, such as "one look: coverage of the 95 % interval".
        setting: distribution of the noise, true effect and the like.
        repeats: experiments drawn.
    """

    simulation: str
    setting: str
    n: int  # seeds of the variant, at most
    repeats: int
    stated: float  # what theory or the reports say; NaN where nothing is said
    found: float
    error: float  # standard error of `found` from the number of repeats
    least: float  # bounds that `found` has to keep
    most: float

    @property
    def kept(self) -> bool:
        """Test whether the bounds are kept, their ends included."""
        return self.least <= self.found <= self.most


def share(
    simulation: str,
    setting: str,
    n: int,
    hits: Sequence[float],
    stated: float | None,
    least: float = 0.0,
    most: float = 100.0,
) -> Result:
    """Return the share of the repeats that are hits, in percent.

    Args:
        simulation: the question.
        setting: under which it is asked.
        n: seeds of the variant, at most.
        hits: one a repeat, true or false, at least one; the standard error is binomial.
        stated: percent that theory gives; None: nothing is stated.
        least: percent that the share may not fall below.
        most: percent that it may not exceed.
    """
    return Result(
        simulation=simulation,
        setting=setting,
        n=n,
        repeats=len(hits),
        stated=float("nan") if stated is None else stated,
        found=round(100 * float(np.mean(hits)), 6),  # as a table on disk holds it
        error=100 * float(np.std(hits) / np.sqrt(len(hits))),
        least=least,
        most=most,
    )


def mean(simulation: str, setting: str, n: int, stated: float, seeds: Sequence[int]) -> Result:
    """Return the mean number of seeds, beside that of a fixed design; it has no bounds to keep.

    Args:
        simulation: the question.
        setting: under which it is asked.
        n: seeds of the variant, at most.
        stated: seeds of the fixed design.
        seeds: of the variant where each repeat stopped.
    """
    return Result(
        simulation=simulation,
        setting=setting,
        n=n,
        repeats=len(seeds),
        stated=stated,
        found=round(float(np.mean(seeds)), 6),
        error=float(np.std(seeds) / np.sqrt(len(seeds))),
        least=0.0,
        most=100.0,
    )
