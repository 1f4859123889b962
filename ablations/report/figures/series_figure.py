"""A quantity over the number that the arms of a series differ in. Drawing only."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from ablations.analysis.quantities import MEASURES
from ablations.analysis.study_analysis import Analysis
from ablations.report.figures.drawing import BASELINE, INK, PAPER, clean, settle, styled
from ablations.study import Series

#: An arm's number, its mean and the ends of its interval; NaN where not known.
Point = tuple[float, float, float, float]


def draw(analysis: Analysis, *, stacked: bool = False) -> Figure:
    """Return the figure: a panel per series, beside each other or `stacked` for a phone.

    Args:
        analysis: its table `summary` has every arm of every series.
        stacked: 4 inches wide in place of 9.8.
    """
    series = analysis.study.series
    count = len(series)
    shape = (count, 1) if stacked else (1, count)
    size = (4.0, 2.6 * count) if stacked else (9.8, 3.2)
    same = len({item.quantity for item in series}) == 1
    with styled():
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(*shape, sharey=same, squeeze=False)
        for axes, item in zip(panels.flat, series, strict=True):
            _panel(axes, item, points(analysis, item), slope(analysis, item))
        settle(figure)
    return figure


def points(analysis: Analysis, series: Series) -> list[Point]:
    """Return the points of a series that have a mean, by rising number."""
    table = analysis.summary.loc[analysis.summary["metric"] == series.quantity]
    found = {row["arm"]: row for row in table.to_dict("records") if row["n"]}
    return [
        (value, found[arm]["mean"], found[arm]["ci_low"], found[arm]["ci_high"])
        for arm, value in zip(series.arms, series.numbers, strict=True)
        if arm in found
    ]


def slope(analysis: Analysis, series: Series) -> float:
    """Return the measured slope per doubling; NaN where none is declared or measured."""
    names = [item.name for item in analysis.study.comparisons if item.slope_over == series]
    table = analysis.comparisons
    rows = table.loc[table["comparison"].isin(names), "estimate"]
    return float(rows.iloc[0]) if len(rows) else math.nan


def lowest(found: Sequence[Point]) -> float:
    """Return the number of the lowest mean, the first of equal ones; NaN of no points."""
    return min(found, key=lambda point: point[1])[0] if found else math.nan


def words(analysis: Analysis) -> str:
    """Return what the figure shows, for those who cannot see it."""
    parts = []
    for item in analysis.study.series:
        listed = ", ".join(f"{mean:.2f} at {value:g}" for value, mean, *_ in points(analysis, item))
        measure = MEASURES[item.quantity]
        parts.append(f"{measure.label} in {measure.unit} over {item.name}: {listed or 'nothing'}")
    return f"{'; '.join(parts)}."


def _panel(axes: Axes, series: Series, found: Sequence[Point], change: float) -> None:
    """Draw the means of a series over the logarithm of its number."""
    measure = MEASURES[series.quantity]
    axes.set_xscale("log", base=2)
    axes.set_xlabel(clean(series.axis))
    first = axes.get_subplotspec()
    if first is None or first.is_first_col():
        axes.set_ylabel(f"{measure.label.capitalize()}, {measure.unit}")
    axes.grid(axis="y")
    values = series.numbers
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(values[0] / 1.25, values[-1] * 1.25)
    if not found:
        return
    x, y, low, high = np.array(found).T
    known = np.isfinite(low) & np.isfinite(high)
    axes.vlines(x[known], low[known], high[known], color=BASELINE, linewidth=1.6)
    if math.isfinite(change) and len(found) == len(values):
        places = np.log2(x)
        axes.plot(x, y.mean() + change * (places - places.mean()), color=INK, linewidth=0.9)
    for value, mean in zip(x, y, strict=True):
        face = BASELINE if value == lowest(found) else PAPER
        axes.plot(value, mean, "o", color=BASELINE, mfc=face, ms=6.5, mew=1.6)
