"""The order of several effects, the probability of the paper's order, reversals."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from ablations.analysis.effects import Effect
from ablations.analysis.paired_tests import above_p, spread, t_interval
from ablations.analysis.pairs import Pair
from ablations.study import Study

#: Draws of the effects, by a fixed generator.
DRAWS = 20_000

#: From this probability on the paper's order is shown.
SHOWN = 0.95

#: Unit of an order's row among the comparisons: a probability, 0 to 1.
UNIT = "chance"

_NAN = float("nan")


def order_rows(pairs: Mapping[str, Sequence[Pair]]) -> list[dict[str, object]]:
    """Return the effect of each arm and its place in the order, from the seeds common to all.

    Args:
        pairs: arm -> its pairs with the baseline, the arms in the paper's order, the
            largest effect first.

    Returns:
        One row per arm: mean effect and its 95 % t interval in points, place in the paper's and
        in the measured order, from 1 (0: not measured), and the same probability in every row.
    """
    vectors = _common(pairs)
    chance = chance_of_order(vectors)
    places = np.argsort(np.argsort(-vectors.mean(axis=0), kind="stable")) if len(vectors) else None
    rows = []
    for rank, arm in enumerate(pairs):
        effect, low, high = t_interval(vectors[:, rank])
        rows.append(
            {
                "arm": arm,
                "effect": effect,
                "low": low,
                "high": high,
                "rank_paper": rank + 1,
                "rank_measured": 0 if places is None else int(places[rank]) + 1,
                "chance_of_paper_order": chance,
            }
        )
    return rows


def _common(pairs: Mapping[str, Sequence[Pair]]) -> np.ndarray:
    """Return (seeds, arms), the effects of the seeds common to all arms."""
    changes = {
        arm: {pair.seed: pair.change("difference") for pair in of_arm}
        for arm, of_arm in pairs.items()
    }
    common = sorted(set.intersection(*(set(of_arm) for of_arm in changes.values())))
    vectors = np.array([[of_arm[seed] for of_arm in changes.values()] for seed in common])
    return vectors.reshape(len(common), len(changes))


def order_effect(study: Study, pairs: Mapping[str, Sequence[Pair]]) -> Effect:
    """Return the probability of the paper's order as one more comparison of the study.

    Its `estimate` is a probability, 0 to 1, without an interval; `p_adjusted` is that of
    `reversal_p`; `seeds_as_claimed` counts the seeds whose own effects fall in that order.

    Args:
        study: has an order.
        pairs: as of `order_rows`.
    """
    vectors = _common(pairs)
    quantity = study.ordered(study.order[0]).quantity
    return Effect(
        comparison="order",
        family="primary",
        baseline=study.baseline,
        variant=" > ".join(study.order),
        baseline_quantity=quantity,
        quantity=quantity,
        scale="difference",
        unit=UNIT,
        n=len(vectors),
        n_baseline=len(vectors),
        estimate=chance_of_order(vectors),
        low=_NAN,
        high=_NAN,
        sd=_NAN,
        noise="order",
        image_se=_NAN,
        t_p=_NAN,
        p_adjusted=reversal_p(vectors),
        equivalence_p=_NAN,
        power=_NAN,
        detectable=_NAN,
        paper=_NAN,
        paper_source="",
        claimed="higher",
        smallest=_NAN,
        seeds_as_claimed=int(np.sum(np.all(np.diff(vectors, axis=1) < 0, axis=1))),
    )


def reversal_p(vectors: np.ndarray) -> float:
    """Return the p-value of two effects standing the other way round, for any two of them.

    A small probability of the order refutes nothing: of four equal effects, each of the 24 orders
    has 4 %. What does is an effect shown to be larger than one that should be above it: the
    least one-sided p over all pairs of arms, times their number (Bonferroni's inequality). NaN
    where none is known.

    Args:
        vectors: (seeds, arms), the effects that one seed gave, in the paper's order.

    >>> seeds = np.array([[2.0, 1.0, 0.1], [2.2, 1.1, 0.2], [1.9, 0.8, 0.0]])
    >>> reversal_p(seeds), round(reversal_p(seeds[:, ::-1]), 4)
    (1.0, 0.0004)
    """
    pairs = list(itertools.combinations(range(vectors.shape[1]), 2))
    found = [above_p(vectors[:, later] - vectors[:, earlier]) for earlier, later in pairs]
    known = [p for p in found if not np.isnan(p)]
    return min(1.0, len(pairs) * min(known)) if known else _NAN


def chance_of_order(vectors: np.ndarray) -> float:
    """Return the probability that the true effects fall from the first column to the last.

    The effects are drawn together from a multivariate t distribution around their means,
    with seeds - 1 degrees of freedom: each alone has the t interval's distribution, and
    effects that share the sampling error of the baseline share it here. NaN below two seeds or two
    arms, and where all seeds have the same effects but for one shift.

    Args:
        vectors: (seeds, arms), the effects that one seed gave.

    Returns:
        The share of `DRAWS` draws of a fixed generator, in steps of 0.00005.
    """
    n, arms = vectors.shape
    if n < 2 or arms < 2 or max(spread(one) for one in np.diff(vectors, axis=1).T) == 0:
        return float("nan")
    generator = np.random.default_rng(0)
    mean = vectors.mean(axis=0)
    # Weighted by normal numbers, the centred seeds have the covariance of the mean.
    normal = generator.standard_normal((DRAWS, n)) @ (vectors - mean) / np.sqrt(n * (n - 1))
    scale = np.sqrt(generator.chisquare(n - 1, DRAWS) / (n - 1))
    drawn = mean + normal / scale[:, None]
    return float(np.mean(np.all(np.diff(drawn, axis=1) < 0, axis=1)))
