"""Averages of nets of two arms against averages of nets of one (section 6, Table 2).

As in `ensembling` there is one set of nets, so that the interval is over test images: each counts
with its mean over the mixed averages, less its mean over those of one arm.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from ablations.analysis.effects import Effect
from ablations.analysis.ensembling import SUBSETS, Nets, averaged, of_images, subsets, wrong
from ablations.study import Family, Joined


def families(joined: Joined) -> dict[int, Family]:
    """Return size of the average of one arm -> family; the smaller is the claim."""
    beside, together = joined.against
    return {beside: "primary", together: "secondary"}


def measure(joined: Joined, nets: Nets, others: Nets, counted: Sequence[Family]) -> list[Effect]:
    """Return the effect of the mixed averages against each of `Joined.against`.

    Args:
        joined: what the study declares.
        nets: of the ensemble's arm.
        others: of the arm that joins; of other images than `nets` they count as not there.
        counted: families of every comparison of the study, these among them.

    Returns:
        Effects in points, below 0 where the other arm's nets help; NaN where nets are missing.
    """
    mixed, found = mistakes(joined, nets, others), []
    for size, family in families(joined).items():
        known = mixed is not None and len(nets.probabilities) >= size
        gains = 100 * (mixed - averaged(nets, size)) if known else np.empty(0)
        is_claim = size == joined.beside
        found.append(
            Effect(
                comparison=f"{joined.beside}_and_{joined.count}_against_{size}",
                family=family,
                baseline=f"{size} nets",
                variant=f"{joined.beside} + {joined.count} nets",
                n=len(nets.probabilities) + len(others.probabilities),
                n_baseline=len(nets.probabilities),
                seeds_as_claimed=0,
                **of_images(
                    gains,
                    smallest=joined.smallest,
                    paper=joined.paper if is_claim else None,
                    paper_source=joined.paper_source if is_claim else "",
                    tests=counted.count(family),
                ),
            )
        )
    return found


def mistakes(joined: Joined, nets: Nets, others: Nets) -> np.ndarray | None:
    """Return (images,) the share of the mixed averages that are wrong; None without enough nets.

    Args:
        joined: how many of each arm are averaged.
        nets: of the ensemble's arm.
        others: of the arm that joins, of the same images.
    """
    counts = len(nets.probabilities), len(others.probabilities)
    few = counts[0] < joined.beside or counts[1] < joined.count
    if few or not np.array_equal(nets.labels, others.labels):
        return None
    total = np.zeros(len(nets.labels))
    chosen = mixtures(counts, (joined.beside, joined.count))
    for first, second in chosen:
        summed = nets.probabilities[list(first)].sum(axis=0)
        summed = summed + others.probabilities[list(second)].sum(axis=0)
        total += wrong(summed, nets.labels)
    return total / len(chosen)


def mixtures(
    counts: tuple[int, int], sizes: tuple[int, int]
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Return every pair of subsets of two arms, or `SUBSETS` different ones where there are more.

    Args:
        counts: nets of each arm.
        sizes: of the subsets, 1 to the number of nets.

    >>> mixtures((2, 1), (1, 1))
    [((0,), (0,)), ((1,), (0,))]
    """
    both = list(zip(counts, sizes, strict=True))
    if math.prod(math.comb(count, size) for count, size in both) <= SUBSETS:
        return list(itertools.product(subsets(*both[0]), subsets(*both[1])))
    generator = np.random.default_rng(0)
    drawn: dict[tuple[tuple[int, ...], tuple[int, ...]], None] = {}
    while len(drawn) < SUBSETS:
        first, second = (
            tuple(sorted(int(net) for net in generator.choice(count, size, replace=False)))
            for count, size in both
        )
        drawn[first, second] = None
    return sorted(drawn)
