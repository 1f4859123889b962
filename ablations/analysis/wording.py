"""An effect in words: what was measured, its tests, its power."""

from __future__ import annotations

import math

from ablations.analysis.effects import Effect
from ablations.analysis.paired_tests import ENOUGH, ENUMERATED, LEVEL, PATTERNS


def measured(effect: Effect) -> str:
    """State the effect and its interval."""
    word = "ratio" if effect.scale == "ratio" else "difference"
    if not math.isfinite(effect.estimate):
        return f"No {word} was measured."
    least = f"{effect.bound} " if effect.bound in ("at least", "at most") else ""
    text = f"The measured {word} is {least}{amount(effect, effect.estimate)}"
    if effect.bound == "unknown":
        return f"{text} by the pairs of which a bound is known; it has no interval."
    if math.isnan(effect.low):
        return f"{text}."
    low, high = (number(effect, value) for value in (effect.low, effect.high))
    interval = {"at least": f"{low} or more", "at most": f"{high} or less"}
    return f"{text} (95 % interval {interval.get(effect.bound, f'{low} to {high}')})."


def tests(effect: Effect) -> str:
    """State the p-values of a difference, and the smallest that the sign-flip test could give."""
    if math.isnan(effect.t_p) or effect.claimed == "within":
        return ""
    name = "Paired t test" if effect.noise == "seeds" else "z test over test images"
    text = f"{name}: {p(effect.t_p)}"
    if effect.tests > 1:
        text += f", corrected for {effect.tests} comparisons {p(effect.p_adjusted)}"
    if not math.isnan(effect.sign_flip_p):
        kind = "exact sign-flip test"
        if effect.n > ENUMERATED:
            kind = f"sign-flip test ({PATTERNS:,} random patterns, seed 0)"
        text += f"; {kind}: {p(effect.sign_flip_p, digits=3)}"
        if effect.min_p > LEVEL:
            text += f", and with n = {effect.n} it cannot go below p = {effect.min_p:.4g}"
    return f"{text}."


def p(value: float, digits: int = 2) -> str:
    """State a p-value, never as 0, and never rounded onto the level it is compared with."""
    if value < 0.0001:
        return "p < 0.0001"
    return f"p = {value:.{digits if abs(value - LEVEL) > LEVEL / 10 else 3}g}"


def footing(effect: Effect) -> str:
    """State the number of seeds or nets, the power, and what it could have seen."""
    if effect.noise == "test images":
        text = f"n = {effect.n} nets; the interval is over test images only"
    else:
        text = f"n = {effect.n} paired seeds"
    if effect.n_censored:
        text += f", {effect.n_censored} of them bounds"
    if math.isnan(effect.power):
        return f"{text}; the power is not known."
    if effect.claimed == "within":
        word = "ratio" if effect.scale == "ratio" else "difference"
        return (
            f"{text}; power if the true {word} is {amount(effect, effect.paper)}: "
            f"{_chance(effect.power)}."
        )
    wanted = effect.smallest if math.isnan(effect.paper) else effect.paper
    least = "at least " if effect.tests > 1 and 0.01 < effect.power <= 0.99 else ""
    return (
        f"{text}; power if the true {'ratio' if effect.scale == 'ratio' else 'difference'} is "
        f"{amount(effect, wanted, sign=not math.isnan(effect.paper))}: "
        f"{least}{_chance(effect.power)}; minimum detectable effect ({100 * ENOUGH:.0f} % power): "
        f"{amount(effect, effect.detectable, sign=False)}."
    )


def _margin(effect: Effect) -> str:
    """Return the range that counts as no effect: ±0.50 points, or 0.909x to 1.1x."""
    smallest = amount(effect, effect.smallest, sign=False)
    if effect.scale == "ratio":
        return f"{number(effect, 1 / effect.smallest)} to {smallest}"
    return f"±{smallest}"


def equivalent(effect: Effect) -> str:
    """State what the equivalence test shows, without a full stop."""
    word = "ratio" if effect.scale == "ratio" else "difference"
    value = p(effect.equivalence_adjusted)
    return f"The true {word} lies within {_margin(effect)} (TOST, {value})"


def undecided(effect: Effect) -> str:
    """State that neither test shows anything."""
    return f"Neither a difference nor equivalence (within {_margin(effect)}) is shown."


def untestable(effect: Effect) -> str:
    """State why there is no p-value."""
    if effect.bound != "exact":
        return "The bounds are equal, or not all on one side of no difference: nothing is tested."
    if effect.n < 2:
        return "There is nothing to test."
    if effect.noise == "test images":
        return "Every image has the same gain, so that there is no standard error to test with."
    return "The differences of all seeds are equal, so that a t test has no spread to go by."


def _chance(power: float) -> str:
    if not 0.01 <= power <= 0.99:
        return "less than 1 %" if power < 0.5 else "more than 99 %"
    return f"{100 * power:.0f} %"


def amount(effect: Effect, value: float, *, sign: bool = True) -> str:
    """Return a value of the effect with its unit, such as +0.52 points or 1.8x."""
    text = number(effect, value, sign=sign)
    return text if effect.unit in ("x", "index") else f"{text} {effect.unit}"


def number(effect: Effect, value: float, *, sign: bool = True) -> str:
    """Return a value of the effect without its unit, factors with an x."""
    if effect.scale == "ratio":
        return f"{value:.3g}x"
    plus = "+" if sign else ""
    text = f"{value:{plus}.3f}" if effect.unit == "index" else f"{value:{plus}.2f}"
    return text.replace("-", "\u2212")
