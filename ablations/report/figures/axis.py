"""One axis for many effects: from tick to tick, far enough for all but the farthest of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ablations.analysis.effects import distance
from ablations.analysis.findings import Finding

#: A finding, and the range that is drawn behind it, in its unit.
Effect = tuple[Finding, tuple[float, float] | None]

# An axis ends at this many times the usual effect, so that a far one does not hide the others.
_FARTHEST = 5.0
# It is at least this long: points, or the logarithm of a ratio.
_LEAST = 0.01
# Steps between ticks, times a power of ten; of ratios, ticks within a power of ten.
_STEPS, _RATIOS = (1.0, 2.0, 2.5, 5.0), (1.0, 2.0, 5.0)
_TICKS = 10


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Places of values between two ends; of ratios by their logarithm."""

    unit: str
    low: float  # ends as distances from no effect
    high: float
    ticks: tuple[float, ...]  # values, the ends among them
    left: float  # places of the ends
    right: float

    def place(self, value: float) -> float:
        """Return the horizontal place of a value; beyond an end it stands at the end."""
        share = (distance(value, self.unit) - self.low) / (self.high - self.low)
        return round(self.left + min(max(share, 0.0), 1.0) * (self.right - self.left), 2)

    def holds(self, value: float) -> bool:
        """Say whether a value lies between the ends."""
        return self.low - 1e-9 <= distance(value, self.unit) <= self.high + 1e-9


def scale(effects: Sequence[Effect], unit: str, left: float, right: float) -> Axis:
    """Return the axis that shows every value of the paper and all but the farthest of ours."""
    low, high = _reach(effects, unit)
    if unit == "x":
        ticks = _of_ratios(low, high)
    else:
        step = _step(high - low)
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        ticks = [step * number for number in range(first, last + 1)]
    ends = [distance(value, unit) for value in (ticks[0], ticks[-1])]
    return Axis(unit=unit, low=ends[0], high=ends[1], ticks=tuple(ticks), left=left, right=right)


def _reach(effects: Sequence[Effect], unit: str) -> tuple[float, float]:
    """Return the least and the greatest distance from no effect that is to be shown."""
    papers = [distance(item.paper, unit) for item, _ in effects if item.paper is not None]
    ours = [distance(item.estimate, unit) for item, _ in effects]
    sizes = [abs(value) for value in (*papers, *ours) if math.isfinite(value) and value]
    bands = [abs(distance(end, unit)) for _, band in effects for end in band or ()]
    limit = max([_FARTHEST * (median(sizes) if sizes else 1.0), *map(abs, papers), *bands, _LEAST])
    ends = [value for item, band in effects for value in (item.low, item.high, *(band or ()))]
    shown = [*papers, *ours, *(distance(value, unit) for value in ends)]
    shown = [value for value in shown if math.isfinite(value)]
    low, high = max(-limit, min([0.0, *shown])), min(limit, max([0.0, *shown]))
    return (low, high) if high - low >= _LEAST else (-limit, limit)


def _step(width: float) -> float:
    """Return a round step of which there are at most ten in the width."""
    power = 10 ** math.floor(math.log10(width / _TICKS))
    return next(step * power for step in (*_STEPS, 10.0) if step * power >= width / _TICKS)


def _of_ratios(low: float, high: float) -> list[float]:
    """Return round ratios from exp(low) or less to exp(high) or more, 1 among them."""
    first, last = math.floor(low / math.log(10)), math.ceil(high / math.log(10))
    steps = _RATIOS if last - first <= 3 else (1.0,)
    apart = 1 + (last - first) // _TICKS
    powers = range(apart * (first // apart), last + apart + 1, apart)
    marks = [step * 10.0**power for power in powers for step in steps]
    below = max(value for value in marks if math.log(value) <= low + 1e-9)
    above = min(value for value in marks if math.log(value) >= high - 1e-9)
    return [value for value in marks if below <= value <= above]
