"""An effect in words: what was measured, its tests, its power."""

from __future__ import annotations

import math

from ablations.analysis.effects import Effect
from ablations.analysis.paired_tests import ENOUGH, LEVEL
from ablations.analysis.permutations import ENUMERATED, PATTERNS, drawn
from ablations.analysis.units import is_slope

# points that errors differ by at most
_SCALE = 100


def _word(effect: Effect) -> str:
    """Return what the effect is called: a ratio, a slope or a difference."""
    if effect.scale == "ratio":
        return "ratio"
    return "slope" if is_slope(effect.unit) else "difference"


def measured(effect: Effect) -> str:
    """State the effect and its interval.

    A bound is named as one ("at least"), and its interval has no other end.
    """
    word = _word(effect)
    if not math.isfinite(effect.estimate):
        return f"No {word} was measured."
    least = f"{effect.bound} " if effect.bound in ("at least", "at most") else ""
    text = f"The measured {word} is {least}{amount(effect, effect.estimate)}"
    if effect.bound == "unknown":
        return f"{text} by the values of which a bound is known; it has no interval."
    if math.isnan(effect.low):
        return f"{text}."
    low, high = (_end(effect, value) for value in (effect.low, effect.high))
    interval = {"at least": f"{low} or more", "at most": f"{high} or less"}
    return f"{text} (95 % interval {interval.get(effect.bound, f'{low} to {high}')})."


def _end(effect: Effect, value: float) -> str:
    """Return an end of an interval, without the sign ×."""
    return off_scale(value, effect.unit) or number(effect, value).removesuffix("\u202f×")


def off_scale(value: float, unit: str, words: tuple[str, str] = ("below", "above")) -> str:
    """Return what is written for an end of an interval that no difference of errors reaches.

    Args:
        value: in `unit`; of two seeds as a rule, where it is beyond 100 points.
        unit: of what is not in points every value is written out.
        words: for what is below −100 points, and for what is above 100.

    Returns:
        Empty where the value itself is written.

    >>> off_scale(-659.46, "points"), off_scale(120.0, "points", ("<", ">"))
    ('below −100', '> +100')
    """
    if unit != "points" or abs(value) <= _SCALE:
        return ""
    return f"{words[0]} \u2212{_SCALE}" if value < 0 else f"{words[1]} +{_SCALE}"


def tests(effect: Effect) -> str:
    """State the p-values of a difference, and the smallest that a permutation could give.

    The t test's p-value comes first, then the one corrected for the family, then that of the
    permutations. Empty for a claimed size, which its interval decides, and without a test.
    """
    if math.isnan(effect.t_p) or effect.claimed == "within":
        return ""
    name = "Paired t test" if effect.pairing == "seed" else "Welch's t test"
    if effect.noise == "test images":
        name = "z test over test images"
    over = f" over {effect.looks} looks" if effect.look and effect.looks > 1 else ""
    text = f"{name}{over}: {p(effect.t_p)}"
    if effect.tests > 1:
        text += f", corrected for {effect.tests} comparisons {p(effect.p_adjusted)}"
    if not math.isnan(effect.permutation_p):
        text += f"; {_permutations(effect)}: {p(effect.permutation_p, digits=3)}"
        if effect.min_p > LEVEL:
            text += f", and with n = {effect.n} it cannot go below p = {effect.min_p:.4g}"
    return f"{text}."


def _permutations(effect: Effect) -> str:
    """Name the permutation test, and say of how many permutations it is."""
    if effect.pairing == "seed":
        if effect.n > ENUMERATED:
            return f"sign-flip test ({drawn(effect.n):,} random patterns, seed 0)"
        return "exact sign-flip test"
    if math.comb(effect.n + effect.n_baseline, effect.n) > PATTERNS:
        return f"permutation test ({drawn(effect.n + effect.n_baseline):,} random deals, seed 0)"
    return "exact permutation test"


def p(value: float, digits: int = 2) -> str:
    """State a p-value, never as 0, and never rounded onto the level it is compared with.

    Args:
        value: 0 to 1.
        digits: significant ones; a value near 0.05 gets three.

    >>> p(0.0312), p(0.0496), p(1e-9)
    ('p = 0.031', 'p = 0.0496', 'p < 0.0001')
    """
    if value < 0.0001:
        return "p < 0.0001"
    return f"p = {value:.{digits if abs(value - LEVEL) > LEVEL / 10 else 3}g}"


def footing(effect: Effect) -> str:
    """State the number of seeds or nets, the look, the power, and what could have been seen.

    The power is the probability to decide where the paper's size is true (the smallest effect of
    interest where it gives none), or, of a claim of equality, where there is no effect. Before
    the first look is complete it is not stated.
    """
    text = _counted(effect)
    if effect.n_censored:
        of_what = "pairs" if effect.pairing == "seed" else "values"
        text += f", {effect.n_censored} of the {of_what} bounds"
    if effect.look and effect.looks > 1:
        text += f"; look {effect.look} of {effect.looks}{'' if effect.stopped else ', open'}"
    if not effect.look:
        return f"{text}; the power is not known yet."
    if math.isnan(effect.power):
        return f"{text}; the power is not known."
    word = _word(effect)
    if effect.claimed == "within":
        return (
            f"{text}; power if the true {word} is {amount(effect, effect.paper)}: "
            f"{_percent(effect.power)}."
        )
    if effect.claimed == "equal":
        return f"{text}; power if there is no {word}: {_percent(effect.power)}."
    wanted = effect.smallest if math.isnan(effect.paper) else effect.paper
    return (
        f"{text}; power if the true {word} is "
        f"{amount(effect, wanted, sign=not math.isnan(effect.paper))}: "
        f"{_percent(effect.power)}; minimum detectable effect ({100 * ENOUGH:.0f} % power): "
        f"{amount(effect, effect.detectable, sign=False)}."
    )


def _counted(effect: Effect) -> str:
    if effect.noise == "test images":
        return f"n = {counted(effect.n, 'net')}; the interval is over test images only"
    if effect.pairing == "seed":
        return f"n = {counted(effect.n, 'paired seed')}"
    if is_slope(effect.unit):
        return f"n = {counted(min(effect.n, effect.n_baseline), 'seed')} of each arm or more"
    return f"n = {counted(effect.n, 'seed')}, {effect.n_baseline} of the baseline"


def counted(count: int, noun: str) -> str:
    """Return a number with what is counted; of anything but one, with an s.

    >>> counted(1, "seed"), counted(0, "run")
    ('1 seed', '0 runs')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _margin(effect: Effect) -> str:
    """Return the range that counts as no effect: ±0.50 points, or 0.91 × to 1.10 ×."""
    smallest = amount(effect, effect.smallest, sign=False)
    if effect.scale == "ratio":
        return f"{number(effect, 1 / effect.smallest)} to {smallest}"
    return f"±{smallest}"


def equivalent(effect: Effect) -> str:
    """State what the equivalence test shows, without a full stop: the range and its p-value."""
    word = _word(effect)
    value = p(effect.equivalence_adjusted)
    return f"The true {word} lies within {_margin(effect)} (TOST, {value})"


def undecided(effect: Effect) -> str:
    """State that neither test shows anything, and whether more seeds may be added."""
    more = "" if effect.stopped else " More seeds may decide: the comparison is open."
    return f"Neither a difference nor equivalence (within {_margin(effect)}) is shown.{more}"


def untestable(effect: Effect) -> str:
    """State why there is no p-value: bounds, too few seeds, or values that are all the same."""
    if effect.bound != "exact":
        return "The bounds are equal, or not all on one side of no difference: nothing is tested."
    if effect.n < 2:
        return "There is nothing to test."
    if effect.noise == "test images":
        return "Every image has the same gain, so that there is no standard error to test with."
    return "All seeds of an arm have one value, so that a t test has no spread to go by."


def _percent(power: float) -> str:
    if not 0.01 <= power <= 0.99:
        return "less than 1 %" if power < 0.5 else "more than 99 %"
    return f"{100 * power:.0f} %"


def amount(effect: Effect, value: float, *, sign: bool = True) -> str:
    """Return a value of the effect with its unit, such as +0.52 points or 1.80 ×.

    Args:
        effect: gives the unit and the scale.
        value: in that unit, a factor for a ratio; NaN is printed as such.
        sign: whether a difference above 0 has its plus.
    """
    text = number(effect, value, sign=sign)
    return text if effect.unit in ("x", "index") else f"{text} {effect.unit}"


def number(effect: Effect, value: float, *, sign: bool = True) -> str:
    """Return a value of the effect without its unit, factors with the sign ×.

    Two decimals of a difference or a factor, three of an index, as on the pages; the
    minus is a true one (U+2212).

    Args:
        effect: gives the unit and the scale.
        value: as of `amount`.
        sign: as of `amount`.
    """
    if effect.scale == "ratio":
        return f"{value:,.2f}\u202f×"
    plus = "+" if sign else ""
    text = f"{value:{plus}.3f}" if effect.unit == "index" else f"{value:{plus}.2f}"
    return text.replace("-", "\u2212")
