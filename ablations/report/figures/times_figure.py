"""The figure of a study of times, in the form of the paper's Figure 1. Drawing only, no statistics.

Every comparison is one panel: training error rate over epochs, the baseline solid and
the variant dashed, each seed thin. The thick line is a mean over seeds taken along the
epoch axis: at each error it shows the mean epoch at which the seeds first fell to it. It
so meets the threshold at the mean time that the tables report, and it ends at the lowest
error that every seed reached, since an average over the successful seeds alone would flatter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from ablations.analysis.study_analysis import Analysis
from ablations.report import shown
from ablations.report.figures.drawing import (
    BASELINE,
    FAINT,
    PAPER,
    VARIANT,
    clean,
    readable,
    settle,
    styled,
)
from ablations.study import Comparison

_BESIDE: Any = {"textcoords": "offset points", "va": "center", "fontweight": "bold"}


def draw(analysis: Analysis, *, stacked: bool = False) -> Figure:
    """Return the figure: panels side by side, or `stacked` for a narrow page.

    Args:
        analysis: of a study whose comparisons are all of epochs to an error, at least one.
        stacked: 4.6 inches wide; else 4.9 inches for each comparison, and 9.8 for one alone: a
            page gives every figure its whole width, and letters should be of one size on it.
    """
    comparisons = analysis.study.comparisons
    count = len(comparisons)
    width = 4.9 * max(2, count)
    grid, size = ((count, 1), (4.6, 3.9 * count)) if stacked else ((1, count), (width, 4.2))
    with styled():
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(*grid, sharey=True, squeeze=False).flat
        for number, (comparison, axes) in enumerate(zip(comparisons, panels, strict=True)):
            _panel(axes, analysis, comparison, number)
            if stacked or axes is figure.axes[0]:
                axes.set_ylabel("Training error rate")
        reported = analysis.curves.loc[analysis.curves["role"] == "reported"]
        highest = max(reported["train_error"], default=0.0)
        figure.axes[0].set_ylim(0, min(100, max(75, 5 * np.ceil(highest / 5 + 2))))
        settle(figure)
    return figure


def lines(analysis: Analysis) -> list[dict[str, Any]]:
    """Return every drawn curve of a seed: its panel, its arm's place, its seed and its points.

    Returns:
        Dicts of panel, arm, seed, x (middles of epochs) and y (training error in percent), of
        reported runs alone; an arm of two comparisons has its curves in both panels.
    """
    arms, found = list(analysis.study.arms), []
    for panel, comparison in enumerate(analysis.study.comparisons):
        for arm in (comparison.baseline, comparison.variant):
            by_seed = list(_reported(analysis.curves, arm).groupby("seed", sort=True))
            for seed, curve in by_seed[: drawn_seeds(analysis)]:
                x = curve["epoch_midpoint"].round(4).tolist()
                y = curve["train_error"].round(4).tolist()
                line = {"panel": panel, "arm": arms.index(arm), "seed": int(str(seed))}
                found.append({**line, "x": x, "y": y})
    return found


def drawn_seeds(analysis: Analysis) -> int:
    """Return how many seeds of an arm have a curve, the first ones; an arm's mean is of all."""
    curves = analysis.curves
    return shown.curves(curves.loc[curves["role"] == "reported"], 1)


def _panel(axes: Axes, analysis: Analysis, comparison: Comparison, number: int) -> None:
    """Draw one comparison; ids name panel, arm and mark for the page's script."""
    axes.set_gid(f"panel-{number}")
    axes.set_title(readable(comparison.name))
    axes.set_xlabel("Epochs")
    axes.yaxis.set_major_formatter(PercentFormatter(100, decimals=0, symbol=" %"))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True, steps=[1, 2, 5, 10]))
    axes.tick_params(labelleft=True)
    axes.grid(axis="y")
    _threshold(axes, 100 * (analysis.study.threshold or 0.0))
    # at two heights, so that the numbers of two near crossings do not meet
    arms = (
        (comparison.baseline, BASELINE, "-", 13),
        (comparison.variant, VARIANT, (0, (4, 2)), 7),
    )
    for arm, colour, dashes, height in arms:
        label = clean(analysis.study.labels.get(arm, arm)) + _censoring(analysis, arm)
        axes.plot([], [], color=colour, linestyle=dashes, linewidth=2.2, label=label)
        before = set(axes.get_children())
        _curves(axes, analysis, arm, colour, dashes)
        _crossings(axes, analysis, arm, colour, height)
        place = list(analysis.study.arms).index(arm)
        drawn = [artist for artist in axes.get_children() if artist not in before]
        for mark, artist in enumerate(drawn):
            artist.set_gid(f"panel-{number}-arm-{place}-{mark}")
    # Room on the right for the number beside the last crossing.
    axes.set_xlim(0, _last_epoch(analysis, comparison) * 1.1)
    legend = axes.legend(loc="upper right", handlelength=2.8, borderaxespad=0.2, alignment="left")
    named = zip(arms, legend.get_texts(), legend.legend_handles, strict=True)
    for (arm, *_), text, handle in named:
        place = list(analysis.study.arms).index(arm)
        text.set_gid(f"panel-{number}-legend-{place}-text")
        if handle is not None:
            handle.set_gid(f"panel-{number}-legend-{place}-line")


def _threshold(axes: Axes, threshold: float) -> None:
    axes.axhline(threshold, color=FAINT, linewidth=0.9)
    axes.annotate(
        f"{threshold:g} %",
        (1, threshold),
        xycoords=("axes fraction", "data"),
        xytext=(3, 0),
        annotation_clip=False,
        **_BESIDE,
    )


def _curves(axes: Axes, analysis: Analysis, arm: str, colour: str, dashes: Any) -> None:
    """Draw every seed thin, a cross where one diverged, and their mean thick."""
    runs, curves = _reported(analysis.runs, arm), _reported(analysis.curves, arm)
    status = dict(zip(runs["run_id"], runs["status"], strict=True))
    seeds = [curve for _, curve in curves.groupby("run_id", sort=False)]
    for seed in seeds[: drawn_seeds(analysis)]:
        x, y = seed["epoch_midpoint"].to_numpy(float), seed["train_error"].to_numpy(float)
        axes.plot(x, y, color=colour, linestyle=dashes, linewidth=0.8, alpha=0.55)
        if status[seed["run_id"].iloc[0]] == "diverged":
            axes.plot(x[-1:], y[-1:], "x", color=colour, markersize=6)
    # A run that diverged in its first epoch has no curve, and its arm then no mean.
    if 0 < len(seeds) == sum(item in ("done", "diverged") for item in status.values()):
        axes.plot(*_mean_line(seeds), color=colour, linestyle=dashes, linewidth=2.2)


def _mean_line(seeds: list[pd.DataFrame]) -> tuple[np.ndarray, np.ndarray]:
    """Return (mean epoch, error) over the errors that every seed reached."""
    highest = min(seed["train_error"].iloc[0] for seed in seeds)
    lowest = max(seed["train_error"].min() for seed in seeds)
    if lowest > highest:
        return np.empty(0), np.empty(0)
    errors = np.linspace(highest, lowest, 120)
    return np.mean([_first_epoch(seed, errors) for seed in seeds], axis=0), errors


def _first_epoch(seed: pd.DataFrame, errors: np.ndarray) -> np.ndarray:
    """Return the epoch at which a curve first falls to each error, between two epochs linear."""
    x, y = seed["epoch_midpoint"].to_numpy(float), seed["train_error"].to_numpy(float)
    after = np.argmax(y[:, None] <= errors + 1e-10, axis=0)
    before = np.maximum(after - 1, 0)
    drop = y[before] - y[after]
    share = np.where(drop > 0, (y[before] - errors) / np.where(drop > 0, drop, 1), 0)
    return x[before] + share * (x[after] - x[before])


def _crossings(axes: Axes, analysis: Analysis, arm: str, colour: str, height: float) -> None:
    """Mark each seed's epoch at the threshold, and the mean with a line to the axis."""
    threshold = 100 * (analysis.study.threshold or 0.0)
    times = _reported(analysis.runs, arm)["epochs_to_threshold"].dropna().to_numpy(float)
    times = times[: shown.SEEDS]
    axes.plot(times, np.full(len(times), threshold), "|", color=colour, ms=9, mew=0.8, zorder=4)
    row = _summary(analysis, arm)
    if not len(times) or row is None or pd.isna(row["mean"]):
        return
    bound = row["bound"] != "exact"
    face = PAPER if bound else colour
    axes.plot(row["mean"], threshold, "o", color=colour, mfc=face, markersize=6.5, zorder=5)
    axes.vlines(row["mean"], 0, threshold, color=colour, linewidth=0.9, linestyle=":")
    axes.annotate(
        f"{'≥ ' if bound else ''}{row['mean']:.1f}",
        (row["mean"], height),
        xytext=(4, 0),
        color=colour,
        fontsize=11,
        **_BESIDE,
    )


def _censoring(analysis: Analysis, arm: str) -> str:
    """Say in words how many seeds never reached the threshold; empty when all did."""
    row = _summary(analysis, arm)
    if row is None or not row["n_censored"]:
        return ""
    n, censored, diverged = (int(row[name]) for name in ("n", "n_censored", "n_diverged"))
    who = "" if censored == n else f"{censored} of {n} seeds "
    ends = f"\n({diverged} diverged)" if diverged else ""
    limit = _reported(analysis.runs, arm)["budget_epochs"].max()
    return f"\n{who}not reached by epoch {limit:g}{ends}"


def _reported(frame: pd.DataFrame, arm: str) -> pd.DataFrame:
    return frame.loc[(frame["arm"] == arm) & (frame["role"] == "reported")]


def _summary(analysis: Analysis, arm: str) -> dict[Any, Any] | None:
    rows = analysis.summary.loc[analysis.summary["arm"] == arm].to_dict("records")
    return rows[0] if rows else None


def _last_epoch(analysis: Analysis, comparison: Comparison) -> float:
    arms = (comparison.baseline, comparison.variant)
    return max((e for arm in arms for e in _reported(analysis.curves, arm)["epoch"]), default=1)
