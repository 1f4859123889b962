"""Training steps as horizontal bars, one hue a library."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from alexnet_tf.benchmark.results import Result

_INK, _FAINT = "#1b1b1b", "#6f6f6f"
#: Stay apart under every form of colour blindness; a lighter shade of the hue: no LRN.
_HUES = {"alexnet_tf": ("#0072b2", "#8cc4e6"), "torch": ("#b84a00", "#f0b48a")}
_NAMES = {"alexnet_tf": "alexnet_tf (TensorFlow)", "torch": "PyTorch"}
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "benchmark",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": _INK,
    "figure.facecolor": "#ffffff",
    "axes.facecolor": "#ffffff",
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": _INK,
    "ytick.labelcolor": _INK,
    "xtick.color": _FAINT,
    "ytick.color": _FAINT,
    **dict.fromkeys(("axes.spines.top", "axes.spines.right"), False),
    **{"axes.titlelocation": "left", "axes.titleweight": "bold", "axes.titlesize": 10},
}


def draw(found: Sequence[Result], title: str) -> Figure:
    """Return a panel per precision: medians in images/s, whiskers from minimum to maximum.

    Args:
        found: rows without a timing, in milliseconds, or of the pipeline alone are left out.
        title: above the panels.
    """
    timed = [r for r in found if r.median is not None and r.row.unit == "images/s"]
    timed = [r for r in timed if r.row.kind != "pipeline"]
    precisions = list(dict.fromkeys(r.row.precision for r in timed)) or [None]
    counts = [max(1, sum(r.row.precision == p for r in timed)) for p in precisions]
    with style.context(_STYLE, after_reset=True):
        figure = Figure(figsize=(8, 1.4 + 0.32 * sum(counts)), layout="constrained")
        panels = figure.subplots(
            len(counts), 1, sharex=True, squeeze=False, height_ratios=counts
        ).flat
        for axes, precision in zip(panels, precisions, strict=True):
            axes.set_title(precision or "nothing was measured")
            _bars(axes, [r for r in timed if r.row.precision == precision])
        # room on the right for the number beside the longest bar
        figure.axes[-1].set_xlim(0, 1.12 * max((r.highest or 0 for r in timed), default=1))
        figure.axes[-1].set_xlabel("Images per second (median; line: minimum to maximum)")
        figure.suptitle(title, x=0.01, ha="left")
        handles = [Patch(color=_HUES[name][0], label=_NAMES[name]) for name in _NAMES]
        handles.append(Patch(color="#b0b0b0", label="lighter: without LRN"))
        figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return figure


def render(figure: Figure, kind: str) -> bytes:
    """Return the figure as "svg" or "png" (160 dots an inch), the same bytes each time.

    Neither has a date in it, and the ids of an SVG come from a fixed salt.
    """
    buffer = io.BytesIO()
    nameless: dict[str, Any] = {"Date": None, "Creator": None}
    metadata = nameless if kind == "svg" else {"Software": None}
    with style.context(_STYLE, after_reset=True):
        figure.savefig(buffer, format=kind, metadata=metadata, dpi=160)
    return buffer.getvalue()


def _bars(axes: Any, found: Sequence[Result]) -> None:
    for place, result in enumerate(found):
        median, lowest, highest = result.median, result.lowest, result.highest
        if median is None or lowest is None or highest is None:
            continue
        axes.barh(place, median, color=_HUES[result.row.library][not result.row.lrn], height=0.7)
        axes.plot([lowest, highest], [place, place], color=_INK, linewidth=1)
        axes.annotate(
            f"{median:.1f}" if median < 100 else f"{median:.0f}",
            (highest, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
        )
    axes.set_yticks(range(len(found)), [result.row.label for result in found])
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
