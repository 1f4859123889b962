"""The order of several effects, and how likely the paper's order is the true one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ablations.differences import t_interval
from ablations.effects import Pair

#: Draws of the effects, by a fixed generator.
DRAWS = 20_000


def order_rows(pairs: Mapping[str, Sequence[Pair]]) -> list[dict[str, object]]:
    """Return the effect of each arm and its place in the order, from the seeds common to all.

    Args:
        pairs: arm -> its pairs with the baseline, the arms in the paper's order, the
            largest effect first.
    """
    changes = {
        arm: {pair.seed: pair.change("difference") for pair in of_arm}
        for arm, of_arm in pairs.items()
    }
    common = sorted(set.intersection(*(set(of_arm) for of_arm in changes.values())))
    vectors = np.array([[of_arm[seed] for of_arm in changes.values()] for seed in common])
    vectors = vectors.reshape(len(common), len(changes))
    chance = chance_of_order(vectors)
    places = np.argsort(np.argsort(-vectors.mean(axis=0), kind="stable")) if common else None
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


def chance_of_order(vectors: np.ndarray) -> float:
    """Return the probability that the true effects fall from the first column to the last.

    Args:
        vectors: (seeds, arms), the effects that one seed gave.

    The effects are drawn together from a multivariate t distribution around their means,
    with seeds - 1 degrees of freedom: each alone has the t interval's distribution, and
    effects that share the chance in the baseline share it here. NaN below two seeds.
    """
    n = len(vectors)
    if n < 2:
        return float("nan")
    generator = np.random.default_rng(0)
    mean = vectors.mean(axis=0)
    # Weighted by normal numbers, the centred seeds have the covariance of the mean.
    normal = generator.standard_normal((DRAWS, n)) @ (vectors - mean) / np.sqrt(n * (n - 1))
    scale = np.sqrt(generator.chisquare(n - 1, DRAWS) / (n - 1))
    drawn = mean + normal / scale[:, None]
    return float(np.mean(np.all(np.diff(drawn, axis=1) < 0, axis=1)))
