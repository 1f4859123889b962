"""Test errors of the CNN and of the baselines over the number of training images. Drawing only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from ablations.analysis.baselines import Error
from ablations.report.figures.drawing import ARMS, settle, styled

#: Name of what is measured -> (training images, error) of each point, ascending.
Lines = Mapping[str, Sequence[tuple[int, Error]]]

_MARKS = ("o", "s", "D")


def draw(lines: Lines) -> Figure:
    """Return the figure: a line for each, its points with their 95 % intervals where known."""
    with styled():
        figure = Figure(figsize=(6.4, 3.8), layout="constrained")
        axes = figure.add_subplot()
        for (name, points), colour, mark in zip(lines.items(), ARMS, _MARKS, strict=False):
            images = [count for count, _ in points]
            values = np.array([error.value for _, error in points])
            below = np.nan_to_num(values - [error.low for _, error in points])
            above = np.nan_to_num([error.high for _, error in points] - values)
            axes.errorbar(
                images,
                values,
                yerr=np.stack([below, above]) if len(points) else None,
                color=colour,
                marker=mark,
                markersize=5,
                capsize=3,
                label=name,
            )
        axes.set_xscale("log")
        ticks = sorted({count for points in lines.values() for count, _ in points})
        axes.set_xticks(ticks, [f"{count:,}" for count in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("Training images")
        axes.set_ylabel("Test error, %")
        axes.grid(axis="y")
        axes.legend()
        settle(figure)
    return figure


def words(lines: Lines) -> str:
    """Return what the figure shows, for those who cannot see it."""
    parts = [
        f"{name}: "
        + ", ".join(f"{error.value:.2f} % of {count:,} images" for count, error in points)
        for name, points in lines.items()
        if points and not math.isnan(points[0][1].value)
    ]
    return f"Test errors over the number of training images. {'; '.join(parts)}."
