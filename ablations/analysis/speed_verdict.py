"""The verdict on a claim: the measured ratio held against the paper's, in full sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from ablations.analysis.time_to_error import Pair, Ratio
from ablations.study import Budget, Comparison, SpeedStudy

#: Pairs of seeds below which no verdict is given.
MIN_SEEDS = 5

Verdict = Literal["agrees", "disagrees", "inconclusive"]


def objections(
    entry: Budget | None,
    budget: str,
    *,
    synthetic: bool,
    n: int,
    needed: int = MIN_SEEDS,
    counted: str = "pairs of seeds",
) -> list[str]:
    """Return why `n` pairs of this budget and data give no verdict, however they turn out.

    Args:
        entry: the budget of this name; None for one that the study does not have.
        needed: how many of what is `counted` a verdict needs.
    """
    found = []
    if n < needed:
        found.append(f"{n} of the {needed} {counted} that a verdict needs are there")
    if entry is None:
        found.append(f"the study has no budget '{budget}'")
    elif entry.exploratory:
        found.append(f"the budget '{budget}' is exploratory")
    if synthetic:
        found.append("the built-in images cannot decide a claim about CIFAR-10")
    return found


def judge(
    study: SpeedStudy,
    comparison: Comparison,
    pairs: Sequence[Pair],
    ratio: Ratio,
    *,
    power: float,
    objections: Sequence[str],
) -> tuple[Verdict, str]:
    """Hold the ratio against the paper's and say in full sentences what follows.

    The range that counts as the paper's is its ratio, divided and multiplied by the margin.
    A ratio agrees when its whole interval lies inside that range and disagrees when it
    lies outside. A pair in which neither run reached the threshold leaves the ratio
    open: without it the remaining pairs would be a selection by their outcome.

    Args:
        power: 0 to 1, or NaN where it is not known.
        objections: reasons against any verdict; with one or more it is inconclusive.
    """
    low = comparison.paper_ratio / comparison.margin
    high = comparison.paper_ratio * comparison.margin
    paper = f"the range {low:.3g} to {high:.3g} that counts as the paper's {_paper(comparison)}"
    whole = ratio.n_known == ratio.n
    verdict: Verdict = "inconclusive"
    if objections:
        finding = f"No verdict: {'; '.join(objections)}."
    elif whole and low <= ratio.low and ratio.high <= high:
        verdict, finding = "agrees", f"All of the interval lies within {paper}."
    elif whole and (ratio.low > high or ratio.high < low):
        side = "above" if ratio.low > high else "below"
        direction = _direction(comparison, ratio)
        verdict, finding = "disagrees", f"All of the interval lies {side} {paper}. {direction}"
    elif ratio.n_censored:
        finding = f"That leaves open how the ratio lies to {paper}."
    else:
        finding = (
            f"The interval is too wide for a verdict: part of it lies within {paper}, part outside."
        )
    doubt = _doubt(study, comparison, pairs, ratio) if ratio.n_censored else ""
    texts = (_measured(ratio), doubt, finding, _footing(comparison, ratio, power))
    return verdict, " ".join(text for text in texts if text)


def _paper(comparison: Comparison) -> str:
    return f"{comparison.paper_ratio:.3g}"


def _measured(ratio: Ratio) -> str:
    """State the ratio and its interval, as bounds where they are bounds."""
    if not np.isfinite(ratio.estimate):
        return "No ratio was measured."
    bounds = ratio.low == 0, np.isinf(ratio.high)
    least = "at least " if ratio.is_lower_bound else "at most " if ratio.is_upper_bound else ""
    text = f"The measured ratio is {least}{ratio.estimate:.3g}"
    if bounds == (True, True):
        return f"{text} by bounds in both directions, so it has no interval."
    if np.isnan(ratio.low):
        return f"{text}."
    interval = {
        (False, False): f"{ratio.low:.3g} to {ratio.high:.3g}",
        (False, True): f"{ratio.low:.3g} or more",
        (True, False): f"{ratio.high:.3g} or less",
    }[bounds]
    return f"{text} (95 % interval {interval})."


def _direction(comparison: Comparison, ratio: Ratio) -> str:
    """Say which arm is the faster one, where the interval shows it."""
    if ratio.low > 1:
        return f"{comparison.baseline} is still the faster one: the interval excludes 1."
    if ratio.high < 1:
        return f"{comparison.variant} is the faster one: the interval excludes 1."
    return "The interval includes 1, so neither arm is shown to be faster."


def _doubt(study: SpeedStudy, comparison: Comparison, pairs: Sequence[Pair], ratio: Ratio) -> str:
    """Say which runs were censored and what that leaves of the ratio."""
    arms = {
        comparison.variant: [pair.variant for pair in pairs if not pair.variant.reached],
        comparison.baseline: [pair.baseline for pair in pairs if not pair.baseline.reached],
    }
    late = [f"{len(times)} of {ratio.n} {arm} runs" for arm, times in arms.items() if times]
    epochs = max(time.epochs for times in arms.values() for time in times)
    known = "not known"
    if ratio.n_known == ratio.n and ratio.is_lower_bound:
        known = f"only known to be at least {ratio.estimate:.3g}"
    elif ratio.n_known == ratio.n and ratio.is_upper_bound:
        known = f"only known to be at most {ratio.estimate:.3g}"
    goal = f"{100 * study.outcome.threshold:g} % after {epochs:g} epochs"
    return f"{' and '.join(late)} had not reached {goal}, so the ratio is {known}."


def _footing(comparison: Comparison, ratio: Ratio, power: float) -> str:
    """State the number of pairs, what a test of it can show, and the power."""
    n = ratio.n_known
    text = f"n = {ratio.n} paired seeds"
    if n != ratio.n:
        text += f", {n} of known ratio"
    if 1 <= n < 6:
        text += f"; with n = {n} an exact sign-flip test cannot go below p = {ratio.min_p:.4g}"
    if np.isnan(power):
        return f"{text}; the power is not known."
    chance = f"{100 * power:.0f} %"
    if not 0.01 <= power <= 0.99:
        chance = "less than 1 %" if power < 0.5 else "more than 99 %"
    return (
        f"{text}; power: a true ratio of {_paper(comparison)} would be confirmed in {chance} "
        "of such studies."
    )
