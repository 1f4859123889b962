"""The verdict on an order of effects: the probability of the paper's order, in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ablations.analysis.effects import Effect
from ablations.analysis.paired_tests import LEVEL
from ablations.analysis.ranking import SHOWN
from ablations.analysis.verdict import Verdict
from ablations.analysis.wording import counted, p


def judge_order(
    effect: Effect,
    means: Mapping[str, float],
    *,
    objections: Sequence[str],
    doubts: Sequence[str] = (),
) -> tuple[Verdict, str]:
    """Judge the paper's order by its probability, and by effects in the opposite order.

    It agrees from a probability of 95 %; it disagrees where two effects are in the opposite order
    with an adjusted p-value below 5 %; else it is inconclusive.

    Args:
        effect: of `ranking.order_effect`.
        means: what a reader calls each arm -> its mean effect in points, in the paper's order.
        objections: reasons against any verdict; with one or more it is inconclusive.
        doubts: full sentences of caution, such as of runs that diverged.

    Returns:
        The verdict, and the sentences that lead to it.
    """
    verdict: Verdict = "inconclusive"
    chance = effect.estimate
    if objections:
        finding = f"No verdict: {'; '.join(objections)}."
    elif math.isnan(chance):
        finding = "There is nothing to judge."
    elif chance >= SHOWN:
        verdict, finding = "agrees", "The paper's order is shown."
    elif effect.p_adjusted < LEVEL:
        verdict, finding = (
            "disagrees",
            (
                "Two effects are significantly in the opposite order: one-sided paired t test, "
                f"corrected for all pairs of arms, {p(effect.p_adjusted)}."
            ),
        )
    else:
        finding = (
            f"That is below {100 * SHOWN:.0f} %, and no two effects are significantly in the "
            "opposite order."
        )
    texts = [_measured(means), *doubts, _chance(chance), finding, _footing(effect)]
    return verdict, " ".join(text for text in texts if text)


def _measured(means: Mapping[str, float]) -> str:
    """Name the arms in the measured order, the largest effect first."""
    if any(math.isnan(mean) for mean in means.values()):
        return "No order was measured."
    arms = list(means)
    falling = np.argsort([-means[arm] for arm in arms], kind="stable")
    texts = [f"{arms[i]} ({means[arms[i]]:+.2f} points)".replace("-", "\u2212") for i in falling]
    same = falling.tolist() == list(range(len(arms)))
    place = "the paper's" if same else f"the paper's is {', '.join(arms)}"
    return f"The measured order is {', '.join(texts)}; {'that is ' if same else ''}{place}."


def _chance(chance: float) -> str:
    if math.isnan(chance):
        return ""
    share = f"{100 * chance:.0f} %"
    if not 0.01 <= chance <= 0.99:
        share = "less than 1 %" if chance < 0.5 else "more than 99 %"
    return (
        f"The probability that the true effects have the paper's order is {share} (multivariate t "
        "around the means)."
    )


def _footing(effect: Effect) -> str:
    seeds = f"n = {counted(effect.n, 'seed')} common to all arms"
    return f"{seeds}; the paper's order in {effect.seeds_as_claimed} of them."
