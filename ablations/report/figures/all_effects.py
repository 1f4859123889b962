"""The place of every deciding effect on one scale: the geometry of the index's forest plot.

Effects in percentage points share one linear axis, ratios one logarithmic axis; other units
are on no axis with them. The template draws; all places are in the drawing's own units,
which are pixels at full size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ablations.analysis.effects import distance
from ablations.analysis.findings import Finding
from ablations.analysis.wording import off_scale
from ablations.report import numbers
from ablations.report.figures.axis import Axis, scale
from ablations.report.headline import decided

#: Units with an axis, in the order of their panels -> what stands under it.
UNITS: Mapping[str, str] = {
    "points": "effect, percentage points",
    "x": "effect as a ratio, logarithmic scale",
}


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Measures of a drawing, in its own units."""

    width: float
    left: float  # end of the axis; numbers of what lies beyond it stand outside
    right: float
    row: float  # height of a row
    marks: float  # how far above its lower end its marks stand
    above: bool  # the label stands above its marks, as on a phone; else left of them
    letters: int  # of a label; the rest is cut


WIDE = Layout(width=1104, left=480, right=890, row=24, marks=12, above=False, letters=66)
NARROW = Layout(width=360, left=52, right=296, row=46, marks=16, above=True, letters=36)

_LETTER = 6.5  # width of a letter of a tick's text
_HEAD, _FOOT = 26.0, 44.0  # above the first row, and below the last, for ticks and the unit


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A value beyond the end of the axis: it is written there, beside an arrow."""

    x: float
    left: bool
    text: str
    strong: bool  # the estimate; else an end of the interval


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A row: horizontal places of what is known of an effect, None for what is not."""

    finding: Finding
    label: str
    y: float
    decided: bool
    band: tuple[float, float] | None
    interval: tuple[float, float] | None
    estimate: float | None
    paper: float | None
    cuts: tuple[Cut, ...]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The rows of one unit over one axis."""

    unit: str
    layout: Layout
    height: float
    none: float  # place of no effect
    ticks: tuple[tuple[float, str], ...]
    heads: tuple[tuple[float, str], ...]  # heights and titles of the groups
    marks: tuple[Mark, ...]

    @property
    def axis(self) -> str:
        """Name of what the axis shows, with its unit."""
        return UNITS[self.unit]


@dataclass(frozen=True, kw_only=True)
class Row:
    """An effect to be drawn: its group, its label, and what counts as none or as the paper's."""

    group: str
    short: str  # tells it from others of its study; may be empty
    finding: Finding
    band: tuple[float, float] | None  # in the unit of the finding


def panels(rows: Sequence[Row], layout: Layout) -> list[Panel]:
    """Return a panel per unit that has an axis and something to draw on it."""
    found = []
    for unit in UNITS:
        drawn = [row for row in rows if row.finding.unit == unit and _known(row.finding)]
        if drawn:
            found.append(_panel(drawn, unit, layout))
    return found


def undrawn(rows: Sequence[Row]) -> list[Row]:
    """Return the rows in a unit without an axis."""
    return [row for row in rows if row.finding.unit not in UNITS]


def band(finding: Finding) -> tuple[float, float] | None:
    """Return the range below the smallest effect of interest, in the unit of the finding."""
    smallest = finding.smallest
    if not math.isfinite(smallest) or smallest <= 0:
        return None
    return (1 / smallest, smallest) if finding.unit == "x" else (-smallest, smallest)


def _known(finding: Finding) -> bool:
    """Test whether there is anything to draw."""
    return finding.paper is not None or math.isfinite(finding.estimate)


# --- the rows -----------------------------------------------------------------------------


def _panel(rows: Sequence[Row], unit: str, layout: Layout) -> Panel:
    """Lay out the rows of a unit, a title above each group."""
    effects = [(row.finding, row.band) for row in rows]
    axis = scale(effects, unit, layout.left, layout.right)
    y, heads, marks, group = _HEAD, [], [], None
    for row in rows:
        if row.group != group:
            group = row.group
            heads.append((y + 22, group))
            y += 30
        marks.append(_mark(row, axis, y + layout.row - layout.marks, layout.letters))
        y += layout.row
    return Panel(
        unit=unit,
        layout=layout,
        height=y + _FOOT,
        none=axis.place(1.0 if unit == "x" else 0.0),
        ticks=tuple(_ticks(axis)),
        heads=tuple(heads),
        marks=tuple(marks),
    )


def _ticks(axis: Axis) -> list[tuple[float, str]]:
    """Return place and text of each tick; where texts would touch, only every second has one."""
    texts = [_tick(value, axis.unit) for value in axis.ticks]
    places = [axis.place(value) for value in axis.ticks]
    room = min(after - before for before, after in pairwise(places))
    every = math.ceil((_LETTER * max(map(len, texts)) + 8) / room)
    first = [abs(distance(value, axis.unit)) < 1e-9 for value in axis.ticks].index(True)
    return [
        (place, "" if (number - first) % every else text)
        for number, (place, text) in enumerate(zip(places, texts, strict=True))
    ]


def _tick(value: float, unit: str) -> str:
    if unit == "x":
        return f"{value:g}\u202f×"
    return f"{value:+g}".replace("-", "\u2212") if value else "0"


def _mark(row: Row, axis: Axis, y: float, letters: int) -> Mark:
    found = row.finding
    low, high = found.low, found.high
    known = not (math.isnan(low) or math.isnan(high))
    measured = math.isfinite(found.estimate)
    inside = measured and axis.holds(found.estimate)
    return Mark(
        finding=found,
        label=fitted(found.title, row.short, letters),
        y=y,
        decided=decided(found),
        band=None if row.band is None else (axis.place(row.band[0]), axis.place(row.band[1])),
        interval=(axis.place(low), axis.place(high)) if known else None,
        estimate=axis.place(found.estimate) if inside else None,
        paper=None if found.paper is None else axis.place(found.paper),
        cuts=tuple(_cuts(found, axis)),
    )


def _cuts(found: Finding, axis: Axis) -> list[Cut]:
    """Return what is written beyond the ends: the estimate, or else ends of the interval."""
    unit = axis.unit
    values = [(found.estimate, True), (found.low, False), (found.high, False)]
    cuts: dict[bool, Cut] = {}
    for value, strong in values:
        if math.isnan(value) or axis.holds(value):
            continue
        left = distance(value, unit) < axis.low
        exact = strong and math.isfinite(value)
        words = numbers.bounded(value, unit, found.bound).removesuffix(" points")
        text = words if exact else _end(value, unit)
        cut = Cut(x=axis.place(value), left=left, text=text, strong=strong)
        cuts.setdefault(left, cut)
    return list(cuts.values())


def _end(value: float, unit: str) -> str:
    """Format an end of an interval shortly."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞"
    if unit == "x":
        return f"{value:,.2f}\u202f×"
    return off_scale(value, unit, ("<", ">")) or numbers.signed(value, 0)


def fitted(title: str, short: str, letters: int) -> str:
    """Return title and what tells rows of it apart; of what is too long the title is cut first."""
    if short:
        kept = max(letters - len(short) - 2, letters // 3)
        title = f"{_cut(title, kept)}: {short}"
    return _cut(title, letters)


def _cut(text: str, letters: int) -> str:
    """Return the text, or as much of it as fits with a sign that it goes on."""
    return text if len(text) <= letters else f"{text[: letters - 1].rstrip(' ,:(')}…"
