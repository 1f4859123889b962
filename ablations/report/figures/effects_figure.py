"""The figure of a study: its effects, and the curves behind them. Drawing only.

Effects stand as a forest plot, one panel per unit: a dot per seed, their mean with its
interval, the range of effects too small to matter, and the paper's value. Training curves
are thin for a seed and thick for the mean over the seeds of an arm.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from ablations.analysis.ranking import UNIT
from ablations.analysis.study_analysis import Analysis
from ablations.analysis.units import of_axis
from ablations.report import shown
from ablations.report.figures.drawing import (
    ARMS,
    FAINT,
    INK,
    PAPER,
    RULE,
    clean,
    readable,
    settle,
    styled,
)

_WIDE = 20  # between the ends of an axis of ratios

#: A measured error of `curves` -> (its panel's title, the column of its epochs).
_CURVES = {
    "train_error": ("Training error", "epoch_midpoint"),
    "validation_error": ("Validation error", "epoch"),
}

_DASHES: Sequence[Any] = ("-", (0, (4, 2)), (0, (1, 1.2)), (0, (6, 2, 1, 2)))


def draw(analysis: Analysis, *, stacked: bool = False) -> Figure:
    """Return the figure: effects left of the curves, or above them, `stacked` for a phone.

    Args:
        analysis: an order among its comparisons is left out: a probability has no place on an axis.
        stacked: 4 inches wide in place of 9.8.
    """
    drawn = [unit for unit in analysis.comparisons["unit"] if unit != UNIT]
    units = list(dict.fromkeys(drawn))
    rows = len(drawn) + 1.9 * len(units)
    curves = _measured(analysis) or ["train_error"]
    with styled():
        if stacked:
            heights = (0.36 * rows + 0.3, 3.4 * len(curves))
            figure = Figure(figsize=(4.0, sum(heights)), layout="constrained")
            effects, beside = figure.add_gridspec(2, 1, height_ratios=heights)
        else:
            height = max(3.8, 0.34 * rows + 0.3, 2.7 * len(curves))
            figure = Figure(figsize=(9.8, height), layout="constrained")
            effects, beside = figure.add_gridspec(1, 2, wspace=0.06)
        _forests(figure, effects, analysis, units, 0.0 if stacked else figure.get_figheight())
        grid = beside.subgridspec(len(curves), 1)
        for number, name in enumerate(curves):
            _curves(figure.add_subplot(grid[number]), analysis, name, number)
        settle(figure)
    return figure


def lines(analysis: Analysis) -> list[dict[str, Any]]:
    """Return every drawn curve of a seed: its panel, its arm's place, its seed and its points.

    Returns:
        Dicts of panel, arm, seed, x (epochs) and y (percent), of reported runs alone.
    """
    found = []
    for panel, name in enumerate(_measured(analysis)):
        for place, arm in enumerate(analysis.study.arms):
            for seed, curve in _seeds(_of_arm(analysis, arm, name), drawn_seeds(analysis)):
                x, y = (curve[column].round(4).tolist() for column in (_CURVES[name][1], name))
                found.append({"panel": panel, "arm": place, "seed": seed, "x": x, "y": y})
    return found


def drawn_seeds(analysis: Analysis) -> int:
    """Return how many seeds of an arm have a curve, the first ones; an arm's mean is of all."""
    return shown.curves(_reported(analysis), len(_measured(analysis)))


def _measured(analysis: Analysis) -> list[str]:
    """Return the errors of `_CURVES` that some run has for some epoch."""
    curves = _reported(analysis)
    return [name for name in _CURVES if bool(curves[name].notna().to_numpy().any())]


def _reported(analysis: Analysis) -> pd.DataFrame:
    """Return the curves of the runs that count."""
    return analysis.curves.loc[analysis.curves["role"] == "reported"]


# --- effects ------------------------------------------------------------------------------


def _forests(
    figure: Figure,
    place: SubplotSpec,
    analysis: Analysis,
    units: Sequence[str],
    least: float,
) -> None:
    """Draw a panel per unit, one above the other; what they leave of `least` inches stays free."""
    table = analysis.comparisons
    groups = [table.loc[table["unit"] == unit].to_dict("records") for unit in units]
    if not groups:
        return
    heights = [0.42 * len(group) + 0.42 for group in groups]
    spare = [max(0.01, least - sum(heights) - 0.8)]
    grid = place.subgridspec(len(groups) + 1, 1, height_ratios=[*heights, *spare])
    for number, (unit, group) in enumerate(zip(units, groups, strict=True)):
        axes = figure.add_subplot(grid[number])
        _forest(axes, analysis, unit, group)
        if number == 0:
            axes.set_title("Effect of each change")


def _forest(axes: Axes, analysis: Analysis, unit: str, group: Sequence[dict[Any, Any]]) -> None:
    """Draw the comparisons of one unit, the first on top."""
    ratio = unit == "x"
    if ratio:
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, ratio)))
    axes.axvline(1 if ratio else 0, color=FAINT, linewidth=0.9, zorder=1)
    axes.set_xlabel(clean(of_axis(unit)))
    for place, row in enumerate(group):
        _effect(axes, analysis, row, -place)
    axes.set_ylim(-len(group) + 0.45, 0.55)
    axes.set_yticks([-place for place in range(len(group))])
    axes.set_yticklabels([fill(readable(row["comparison"]), 24) for row in group])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.06)
    if ratio:
        low, high = axes.get_xlim()
        # even steps crowd together on a logarithmic axis of several powers of ten
        wide = high / low > _WIDE
        axes.xaxis.set_major_locator(LogLocator(numticks=6) if wide else MaxNLocator(nbins=6))


def _tick(value: float, ratio: bool) -> str:
    text = f"{value:g}" if ratio else f"{value:+g}".replace("-", "\u2212")
    return "0" if text in ("+0", "\u22120") else text


def _effect(axes: Axes, analysis: Analysis, row: dict[Any, Any], y: float) -> None:
    """Draw one comparison at the height `y`."""
    smallest = row["smallest"]
    band = (1 / smallest, smallest) if row["unit"] == "x" else (-smallest, smallest)
    if row["claimed"] == "within":
        band = row["range_low"], row["range_high"]
    axes.fill_betweenx([y - 0.42, y + 0.42], *band, color=RULE, alpha=0.45, linewidth=0, zorder=0)
    colour = arm_colour(analysis, row["variant"])
    chosen = analysis.changes.loc[analysis.changes["comparison"] == row["comparison"]]
    values = shown.changes(chosen)["difference"].to_numpy(float)
    axes.plot(
        values, np.full(len(values), y - 0.24), "o", color=colour, ms=3, alpha=0.6, mew=0, zorder=3
    )
    if np.isfinite(row["low"]) and np.isfinite(row["high"]):
        axes.hlines(y + 0.08, row["low"], row["high"], color=colour, linewidth=1.8, zorder=4)
    if np.isfinite(row["estimate"]):
        face = colour if row["bound"] == "exact" else PAPER
        axes.plot(row["estimate"], y + 0.08, "o", color=colour, mfc=face, ms=6.5, zorder=5)
    if np.isfinite(row["paper"]):
        axes.plot(row["paper"], y + 0.08, "D", color=INK, mfc=PAPER, ms=5.5, mew=1.3, zorder=6)


def arm_colour(analysis: Analysis, arm: str) -> str:
    """Return the arm's colour; what is no arm, such as several nets, has the baseline's.

    Colours follow the study's order of arms and start again after the last of `drawing.ARMS`.
    """
    names = list(analysis.study.arms)
    return ARMS[names.index(arm) % len(ARMS)] if arm in names else ARMS[0]


# --- curves -------------------------------------------------------------------------------


def _curves(axes: Axes, analysis: Analysis, name: str, number: int) -> None:
    """Draw an error over epochs; ids name panel, arm and line for the page's script."""
    title, column = _CURVES[name]
    axes.set_gid(f"panel-{number}")
    axes.set_title(title)
    axes.set_xlabel("Epochs")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True, steps=[1, 2, 5, 10]))
    axes.grid(axis="y")
    curves = _reported(analysis)
    found = {arm: _of_arm(analysis, arm, name) for arm in analysis.study.arms}
    arms = {place: arm for place, (arm, table) in enumerate(found.items()) if len(table)}
    most = drawn_seeds(analysis)
    for place, arm in arms.items():
        colour, dashes = arm_colour(analysis, arm), _DASHES[place % len(_DASHES)]
        label = fill(clean(analysis.study.labels.get(arm, arm)), 48)
        axes.plot([], [], color=colour, linestyle=dashes, linewidth=2.2, label=label)
        count = len(set(found[arm]["seed"]))
        width, alpha = (0.8, 0.5) if count > 1 else (1.5, None)
        for line, (_, curve) in enumerate(_seeds(found[arm], most)):
            (drawn,) = axes.plot(
                curve[column], curve[name], color=colour, linestyle=dashes, lw=width, alpha=alpha
            )
            drawn.set_gid(f"panel-{number}-arm-{place}-line-{line}")
        if count > 1:
            mean = found[arm].groupby(column)[name].agg(["mean", "size"])
            mean = mean.loc[mean["size"] == count, "mean"]
            (drawn,) = axes.plot(mean.index, mean, color=colour, linestyle=dashes, lw=2.2)
            drawn.set_gid(f"panel-{number}-arm-{place}-mean")
    axes.set_xlim(0, max(curves["epoch"], default=1))
    highest = max(curves[name].dropna(), default=0.0)
    axes.set_ylim(0, min(100.0, 1.05 * float(highest)) or 100.0)
    if not arms:
        return
    legend = axes.legend(loc="best", handlelength=2.8, borderaxespad=0.2, alignment="left")
    legend.set_in_layout(False)
    for place, text, handle in zip(arms, legend.get_texts(), legend.legend_handles, strict=True):
        text.set_gid(f"panel-{number}-legend-{place}-text")
        if handle is not None:
            handle.set_gid(f"panel-{number}-legend-{place}-line")


def _of_arm(analysis: Analysis, arm: str, name: str) -> pd.DataFrame:
    """Return the curves of the arm's runs with an error of this name, by seed."""
    table = _reported(analysis)
    table = table.loc[(table["arm"] == arm) & table[name].notna()]
    return table.sort_values("seed", kind="stable")


def _seeds(table: pd.DataFrame, most: int) -> list[tuple[int, pd.DataFrame]]:
    """Return (seed, curve) of the first seeds of an arm."""
    first = table.loc[table["seed"].isin(sorted(set(table["seed"]))[:most])]
    return [(int(str(seed)), curve) for seed, curve in first.groupby("seed", sort=True)]
