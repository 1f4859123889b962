"""The unit of an effect, as the tables and the sentences about it name it."""

from __future__ import annotations

from ablations.analysis.quantities import MEASURES
from ablations.study import Comparison

#: Ends the unit of a slope.
PER_DOUBLING = " per doubling"

_AXES = {"points": "Difference, percentage points", "x": "Ratio", "index": "Difference of index"}


def of_effect(item: Comparison) -> str:
    """Return "x" for a ratio, else the unit of differences of the quantity; slopes have a step.

    >>> from ablations.study import load
    >>> [of_effect(item) for item in load("bigger_and_longer").comparisons[:1]]
    ['points per doubling']
    """
    if item.scale == "ratio":
        return "x"
    unit = MEASURES[item.quantity].unit_of_differences
    return unit if item.slope_over is None else unit + PER_DOUBLING


def is_slope(unit: str) -> bool:
    """Say whether a unit is that of a slope."""
    return unit.endswith(PER_DOUBLING)


def of_axis(unit: str) -> str:
    """Return what stands under an axis of effects in this unit.

    >>> of_axis("points"), of_axis("points per doubling")
    ('Difference, percentage points', 'Slope, points per doubling')
    """
    return _AXES.get(unit, f"{'Slope' if is_slope(unit) else 'Difference'}, {unit}")
