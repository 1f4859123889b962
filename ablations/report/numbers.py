"""Numbers in words: the same everywhere, whatever the locale."""

from __future__ import annotations

import math
from typing import Any

from ablations.analysis.wording import off_scale
from ablations.study import paper_text

#: Stands for what is not known.
UNKNOWN = "–"


def number(value: float | None, digits: int = 1) -> str:
    """Format to `digits` decimals; a dash for what is not known.

    >>> number(1234.567), number(None)
    ('1,234.6', '–')
    """
    return f"{value:,.{digits}f}" if value is not None and math.isfinite(value) else UNKNOWN


def signed(value: float | None, digits: int = 2) -> str:
    """Format to `digits` decimals with a sign, a true minus; a dash for what is not known.

    What rounds to 0 has no sign.
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    text = f"{value:+,.{digits}f}"
    return text[1:] if float(text.replace(",", "")) == 0 else text.replace("-", "\u2212")


def effect(value: float | None, unit: str) -> str:
    """Format a difference with its sign, a ratio (unit "x"), or a probability, with its unit.

    Args:
        value: in points or another unit, a factor, or a probability from 0 to 1.
        unit: as in the table of comparisons; "chance" is printed in percent.

    >>> effect(-1.5, "points")
    '−1.50 points'
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if unit == "chance":
        return chance(value)
    return f"{number(value, 2)}\u202f×" if unit == "x" else f"{signed(value)} {unit}".strip()


def bounded(value: float | None, unit: str, bound: str) -> str:
    """Format an effect with the sign of a bound before it, where it is one.

    >>> bounded(2.0, "points", "at least")
    '≥ +2.00 points'
    """
    sign = {"at least": "≥ ", "at most": "≤ ", "unknown": "~ "}.get(bound, "")
    text = effect(value, unit)
    return text if text == UNKNOWN else sign + text


def stated(value: float | None, unit: str, paper_is: str = "about") -> str:
    """Format what the paper says, with as many digits as it gives; "at least" is a bound.

    >>> stated(1.4, "points"), stated(1.0, "points", "at least")
    ('+1.4 points', 'over +1 points')
    """
    known = value is not None and math.isfinite(value)
    return paper_text(value, unit, paper_is) if known else UNKNOWN


def effect_interval(low: float, high: float, unit: str) -> str:
    """Format the ends of the interval of an effect, without their unit.

    An infinite end is left open in words, as of an effect of which only a bound is known. One
    beyond 100 points, of which no difference of errors is, is not written out.

    >>> effect_interval(-0.2, 1.0, "points"), effect_interval(0.1, float("inf"), "points")
    ('−0.20 to +1.00', '+0.10 or more')
    >>> effect_interval(-659.46, 12, "points")
    'below −100 to +12.00'
    """
    if unit == "x":
        return interval(low, high, 2)
    if math.isfinite(low) and high == math.inf:
        return f"{_end(low, unit)} or more"
    if low == -math.inf and math.isfinite(high):
        return f"{_end(high, unit)} or less"
    known = math.isfinite(low) and math.isfinite(high)
    return f"{_end(low, unit)} to {_end(high, unit)}" if known else UNKNOWN


def _end(value: float, unit: str) -> str:
    return off_scale(value, unit) or signed(value)


def p_value(value: float) -> str:
    """Format a p value, never as 0: four decimals, or "< 0.0001"."""
    return "< 0.0001" if value < 0.0001 else number(value, 4)


def chance(value: float) -> str:
    """Format a probability as a percentage that is never 0 or 100.

    >>> chance(0.834), chance(0.9999)
    ('83 %', '> 99 %')
    """
    if value != value:
        return UNKNOWN
    return "> 99 %" if value > 0.99 else "< 1 %" if value < 0.01 else percent(value, 0)


def percent(value: float | None, digits: int = 1) -> str:
    """Format a fraction, 0 to 1, as a percentage of `digits` decimals."""
    return f"{number(value * 100, digits)} %" if value is not None and value == value else UNKNOWN


def interval(low: float, high: float, digits: int = 1) -> str:
    """Format the ends of an interval; an end that is no bound is left open in words.

    For values that are not below 0, such as errors, times and factors: a low end of 0 is no bound.

    >>> interval(1.0, 2.0), interval(0.0, 2.0)
    ('1.0 to 2.0', '2.0 or less')
    """
    if low == 0 and math.isfinite(high):
        return f"{number(high, digits)} or less"
    if low > 0 and high == math.inf:
        return f"{number(low, digits)} or more"
    known = math.isfinite(low) and math.isfinite(high)
    return f"{number(low, digits)} to {number(high, digits)}" if known else UNKNOWN


def duration(seconds: float | None) -> str:
    """Format seconds as hours and minutes, or less.

    >>> duration(90), duration(600), duration(6720)
    ('90 s', '10 min', '1 h 52 min')
    """
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    if seconds < 120:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def plain(value: Any) -> str:
    """Format any value of a spec or a record; a dash for None, NaN and infinity."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return UNKNOWN
    return f"{value:g}" if isinstance(value, float) else str(value)
