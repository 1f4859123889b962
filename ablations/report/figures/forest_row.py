"""A forest plot of one row, small enough for a table: where an effect lies on its unit's scale."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from ablations.analysis.findings import Finding

#: Size of a plot in its own units; the page's style sheet scales it.
WIDTH, HEIGHT = 180.0, 22.0
_EDGE = 6.0

# An effect farther out than this many times the usual one would hide all the others.
_FARTHEST = 4.0


@dataclass(frozen=True, kw_only=True)
class Forest:
    """Horizontal places of the marks; None where there is nothing to mark.

    Places are in the units of `WIDTH`, from the left.

    Attributes:
        zero: of no effect: a difference of 0, a ratio of 1.
        band: ends of the effects too small to matter.
        interval: ends of the 95 % interval; those outside of the scale stand at its edge.
        estimate: None too where it lies outside of the scale.
        paper: of the paper's value.
    """

    zero: float
    band: tuple[float, float] | None
    interval: tuple[float, float] | None
    estimate: float | None
    paper: float | None
    beyond: Literal["", "left", "right"]  # the edge past which the estimate lies


@dataclass(frozen=True, kw_only=True)
class _Scale:
    """Places of distances from no effect, between `low` and `high`."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Return the horizontal place; what lies outside stands at the edge."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(_EDGE + share * (WIDTH - 2 * _EDGE), 2)

    def beyond(self, value: float) -> Literal["", "left", "right"]:
        """Say past which edge a value lies."""
        return "left" if value < self.low else "right" if value > self.high else ""


def forests(
    findings: Sequence[Finding], *, without_band: Collection[tuple[str, str]] = ()
) -> list[Forest]:
    """Return the plot of each finding; those of one unit share a scale.

    The scale of a unit reaches four times as far as its usual effect at most, so that one large
    effect does not flatten the others; ratios are on a logarithmic one.

    Args:
        findings: of any studies; their order is kept.
        without_band: (study, comparison) of which `smallest` is no distance from no effect.
    """
    findings = [
        dataclasses.replace(f, smallest=math.nan) if (f.study, f.comparison) in without_band else f
        for f in findings
    ]
    units = {finding.unit for finding in findings}
    scales = {unit: _scale([f for f in findings if f.unit == unit]) for unit in units}
    return [_forest(finding, scales[finding.unit]) for finding in findings]


def _distance(finding: Finding, value: float | None) -> float:
    """Return how far a value lies from no effect; of ratios on a logarithmic axis."""
    if value is None or math.isnan(value):
        return math.nan
    if finding.unit != "x":
        return value
    return math.log(value) if value > 0 else -math.inf


def _scale(findings: Sequence[Finding]) -> _Scale:
    """Return the scale that shows all but the farthest effects."""
    marks = [
        [_distance(f, value) for value in (f.paper, f.low, f.high, f.estimate, f.smallest)]
        for f in findings
    ]
    known = [[value for value in row if math.isfinite(value)] for row in marks]
    usual = median([max(map(abs, row)) for row in known if row] or [1.0]) or 1.0
    limit = _FARTHEST * usual
    low = max(-limit, min((value for row in known for value in row), default=0.0))
    high = min(limit, max((value for row in known for value in row), default=0.0))
    return _Scale(low=min(low, -0.2 * usual), high=max(high, 0.2 * usual))


def _forest(finding: Finding, scale: _Scale) -> Forest:
    low, high, estimate, paper, smallest = (
        _distance(finding, value)
        for value in (finding.low, finding.high, finding.estimate, finding.paper, finding.smallest)
    )
    past = scale.beyond(estimate)
    known = not (math.isnan(low) or math.isnan(high))
    return Forest(
        zero=scale.place(0.0),
        band=None if math.isnan(smallest) else (scale.place(-smallest), scale.place(smallest)),
        interval=(scale.place(low), scale.place(high)) if known else None,
        estimate=None if math.isnan(estimate) or past else scale.place(estimate),
        paper=None if math.isnan(paper) else scale.place(paper),
        beyond=past,
    )
