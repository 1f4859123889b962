"""The verdict on a comparison: what was measured compared with the claim, in sentences.

A difference counts when its corrected t test does. That none is shown is never taken for
there being none: only an equivalence test can say that. Where the paper's size and a range
around it are the claim, the interval decides. What only bounds are known of is never taken
as exact: its size is not compared with the paper's then.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from ablations.analysis.effects import Effect
from ablations.analysis.paired_tests import LEVEL
from ablations.analysis.wording import (
    amount,
    equivalent,
    footing,
    measured,
    number,
    p,
    tests,
    undecided,
    untestable,
)

#: open: runs of a look are missing, or more looks are planned. "differs" answers a question on
#: which the paper claims nothing; so does "no difference", which also stands where the paper
#: claims an effect without a number, and none that matters is there.
Verdict = Literal[
    "agrees",
    "agrees in direction",
    "disagrees",
    "inconclusive",
    "differs",
    "no difference",
    "open",
]


def judge(
    effect: Effect, *, objections: Sequence[str], doubts: Sequence[str] = ()
) -> tuple[Verdict, str]:
    """Compare a corrected effect with the claim and say in full sentences what follows.

    A test counts below an adjusted p-value of 5 %; no verdict is "open" here.

    Args:
        effect: after `effects.correct`.
        objections: reasons against any verdict; with one or more it is inconclusive.
        doubts: full sentences of caution, such as of runs that diverged.
    """
    verdict: Verdict = "inconclusive"
    if objections:
        finding = f"No verdict: {'; '.join(objections)}."
    elif effect.claimed == "within":
        verdict, finding = _within(effect)
    elif math.isnan(effect.t_p) or math.isnan(effect.p_adjusted):
        finding = untestable(effect)
    elif effect.claimed == "equal":
        verdict, finding = _equal(effect)
    elif effect.claimed == "none":
        verdict, finding = _unclaimed(effect)
    else:
        verdict, finding = _directed(effect)
    texts = [measured(effect), *doubts, finding, tests(effect), footing(effect)]
    return verdict, " ".join(text for text in texts if text)


def _directed(effect: Effect) -> tuple[Verdict, str]:
    """Judge a claim that the variant is higher, or lower.

    That an effect is smaller than the smallest of interest refutes a claim of one at least as
    large, and no other: not that of an effect without a number, nor one whose size lies in
    the printed interval.
    """
    as_claimed = (effect.size(effect.estimate) > 0) == (effect.claimed == "higher")
    too_small = effect.equivalence_adjusted < LEVEL
    if effect.p_adjusted < LEVEL:
        if not as_claimed:
            return "disagrees", "The difference is significant, against the claimed direction."
        return _sizes(effect, too_small)
    if too_small and _refuted(effect):
        return "disagrees", (
            f"{equivalent(effect)}, whereas the paper has {amount(effect, effect.paper)}."
        )
    if too_small and math.isnan(effect.paper):
        return "no difference", f"{equivalent(effect)}; the paper gives no number."
    if too_small:
        paper = amount(effect, effect.paper)
        return "inconclusive", f"{equivalent(effect)}, but the paper's {paper} may be as small."
    if _excludes_none(effect):
        none = "1" if effect.scale == "ratio" else "0"
        corrected = f" after correction for {effect.tests} comparisons" if effect.tests > 1 else ""
        return "inconclusive", (
            f"The uncorrected 95 % interval excludes {none}, but the difference is not "
            f"significant{corrected}.{_without_the_papers(effect)}"
        )
    return "inconclusive", f"{undecided(effect)}{_without_the_papers(effect)}"


def _refuted(effect: Effect) -> bool:
    """Test the paper's size: at least the smallest of interest, and outside the interval."""
    if math.isnan(effect.paper) or effect.low <= effect.paper <= effect.high:
        return False
    return abs(effect.size(effect.paper)) >= effect.size(effect.smallest)


def _within(effect: Effect) -> tuple[Verdict, str]:
    """Judge a claim of a size: the whole interval lies in the range around it, or outside."""
    low, high = effect.range_low, effect.range_high
    ends = f"{number(effect, low)} to {number(effect, high)}"
    paper = f"the range {ends} that counts as the paper's {amount(effect, effect.paper)}"
    if math.isnan(effect.low) or effect.bound == "unknown":
        return "inconclusive", f"Whether it lies in {paper} is open."
    if effect.error == 0:
        return "inconclusive", untestable(effect)
    if low <= effect.low and effect.high <= high:
        return "agrees", f"All of the interval lies within {paper}."
    if effect.low > high or effect.high < low:
        side = "above" if effect.low > high else "below"
        return "disagrees", f"All of the interval lies {side} {paper}. {_direction(effect)}"
    if effect.bound != "exact":
        return "inconclusive", f"Whether it lies in {paper} is open."
    return "inconclusive", (
        f"The interval is too wide for a verdict: part of it lies within {paper}, part outside."
    )


def _direction(effect: Effect) -> str:
    """Say which arm has the larger value, where the interval shows it."""
    none = "1" if effect.scale == "ratio" else "0"
    if not _excludes_none(effect):
        return f"The interval includes {none}, so neither arm is shown to have the larger value."
    more = effect.variant if effect.size(effect.low) > 0 else effect.baseline
    return f"{more} has the larger value: the interval excludes {none}."


def _without_the_papers(effect: Effect) -> str:
    """Say that the paper's own size is not within the interval, where it is not."""
    if not _falls_short(effect):
        return ""
    least = "as large as the paper says" if effect.paper_is == "at least" else "of the paper's size"
    return f" The interval excludes an effect {least}, {amount(effect, effect.paper)}."


def _falls_short(effect: Effect) -> bool:
    """Test whether the interval lies short of the paper's size, or against its direction."""
    if math.isnan(effect.paper):
        return False
    return effect.high < effect.paper if effect.claimed == "higher" else effect.low > effect.paper


def _sizes(effect: Effect, too_small: bool) -> tuple[Verdict, str]:
    """Compare the size of a difference in the claimed direction with the paper's."""
    shown = "The difference is significant in the claimed direction"
    minor = f" {equivalent(effect)}." if too_small else ""
    if math.isnan(effect.paper):
        verdict = "agrees in direction" if too_small else "agrees"
        return verdict, f"{shown}; the paper gives no number.{minor}"
    if too_small and _refuted(effect):
        paper = amount(effect, effect.paper)
        return "disagrees", f"{shown}, but small, whereas the paper has {paper}.{minor}"
    if effect.bound != "exact" and effect.low <= effect.paper <= effect.high:
        return "agrees in direction", f"{shown}; of its size only a bound is known."
    if effect.paper_is == "at least":
        return _reaches(effect, shown, minor)
    paper = f"the paper's {amount(effect, effect.paper)}"
    if effect.low <= effect.paper <= effect.high:
        return "agrees", f"{shown}, and {paper} lies within the interval.{minor}"
    gap = effect.size(effect.estimate) - effect.size(effect.paper)
    # the size is what differs, whichever sign the claim has
    more = "larger" if gap * effect.size(effect.paper) > 0 else "smaller"
    by = f"a factor of {math.exp(abs(gap)):.2f}"
    if effect.scale == "difference":
        by = amount(effect, abs(gap), sign=False)
    if effect.bound != "exact":
        by = f"at least {by}"
    return "agrees in direction", (
        f"{shown}, but it is {more} by {by} than {paper}, which lies outside the interval."
        f"{_source(effect)}{minor}"
    )


def _reaches(effect: Effect, shown: str, minor: str) -> tuple[Verdict, str]:
    """Compare the size of a difference with the least that the paper says of it."""
    higher = effect.claimed == "higher"
    least = amount(effect, effect.paper, sign=not higher)
    claim = f"the paper says {'over' if higher else 'below'} {least}"
    if effect.high >= effect.paper if higher else effect.low <= effect.paper:
        return "agrees", f"{shown}; {claim}, and the interval reaches that.{minor}"
    return "agrees in direction", (
        f"{shown}, but {claim}, and the interval does not reach that.{_source(effect)}{minor}"
    )


def _source(effect: Effect) -> str:
    """Say on what the paper found its number."""
    if not effect.paper_source:
        return ""
    return f" The paper's number is measured as: {effect.paper_source}."


def _equal(effect: Effect) -> tuple[Verdict, str]:
    """Judge a claim that the arms do not differ."""
    limit = f"the smallest of interest, {amount(effect, effect.smallest, sign=False)}"
    if effect.equivalence_adjusted < LEVEL:
        return "agrees", _small(effect)
    if effect.beyond_adjusted < LEVEL:
        return "disagrees", (
            f"The difference is significant, and its whole interval is larger than {limit} "
            f"({p(effect.beyond_adjusted)})."
        )
    if effect.p_adjusted < LEVEL and effect.beyond_p < LEVEL:
        return "inconclusive", (
            f"The difference is significant. Its uncorrected interval is larger than {limit}; "
            f"after correction for {effect.tests} comparisons it is not shown to be."
        )
    if effect.p_adjusted < LEVEL:
        return "inconclusive", (
            "The difference is significant, but its interval includes values smaller than "
            f"{limit}: whether it is that large is not shown."
        )
    return "inconclusive", undecided(effect)


def _unclaimed(effect: Effect) -> tuple[Verdict, str]:
    """Answer a question on which the paper claims nothing."""
    different = effect.p_adjusted < LEVEL
    if effect.equivalence_adjusted < LEVEL:
        return "differs" if different else "no difference", _small(effect)
    if different:
        return "differs", "The difference is significant; the paper makes no claim about it."
    return "inconclusive", undecided(effect)


def _small(effect: Effect) -> str:
    """Say that the effect is small, and whether it is significant."""
    if effect.p_adjusted < LEVEL:
        return f"The difference is significant, but small. {equivalent(effect)}."
    return f"{equivalent(effect)}."


def _excludes_none(effect: Effect) -> bool:
    return effect.size(effect.low) > 0 or effect.size(effect.high) < 0
