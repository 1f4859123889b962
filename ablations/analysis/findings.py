"""One shape for what a study found, whichever kind it is: a line of the suite's index."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ablations.analysis.quantities import MEASURES
from ablations.analysis.ranking import UNIT
from ablations.analysis.score_analysis import ScoreAnalysis
from ablations.analysis.speed_analysis import Analysis
from ablations.study import Comparison, Difference, Family, Quantity, Scale, ScoreStudy, SpeedStudy


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One comparison of a study, with what a reader needs to judge it.

    Numbers are in `unit` (factors for `scale="ratio"`) and NaN where they are not known.
    """

    study: str
    title: str
    section: str
    claim: str
    claim_ids: tuple[str, ...]
    comparison: str
    family: Family
    label: str  # what is compared, for readers
    paper: float | None
    paper_text: str  # "+1.4 points", "over +1 points", "6x", "an order", "no number" or "no claim"
    paper_is: str  # "about"; or "at least", of this size or larger
    estimate: float
    low: float
    high: float
    unit: str
    scale: Scale
    smallest: float  # effect that would matter; of a speed, the factor around the paper's ratio
    n: int
    power: float
    verdict: str
    reason: str
    dataset: str
    synthetic: bool
    budget: str
    exploratory: bool


def findings(analysis: Analysis | ScoreAnalysis) -> tuple[Finding, ...]:
    """Return a finding for every comparison of the study, the claim's own first."""
    rows = [dict(row) for row in analysis.comparisons.to_dict("records")]
    if isinstance(analysis, ScoreAnalysis):
        return tuple(_of_score(analysis, row) for row in rows)
    pairs = zip(analysis.study.comparisons, rows, strict=True)
    return tuple(_of_speed(analysis, item, row) for item, row in pairs)


def _of_score(analysis: ScoreAnalysis, row: dict[Any, Any]) -> Finding:
    paper = None if math.isnan(row["paper"]) else float(row["paper"])
    return Finding(
        **_shared(analysis, row),
        family=row["family"],
        label=_score_label(analysis.study, row),
        paper=paper,
        paper_text=(
            "no claim"
            if row["claimed"] == "none"
            else _paper_text(paper, row["unit"], row["scale"], row["paper_is"])
        ),
        paper_is=row["paper_is"],
        estimate=row["estimate"],
        low=row["low"],
        high=row["high"],
        unit=row["unit"],
        scale=row["scale"],
        smallest=row["smallest"],
    )


def _of_speed(analysis: Analysis, item: Comparison, row: dict[Any, Any]) -> Finding:
    study = analysis.study
    error = f"{100 * study.outcome.threshold:g} % training error"
    return Finding(
        **_shared(analysis, row),
        family="primary" if item is study.comparisons[0] else "secondary",
        label=f"{_against(study, item.baseline, item.variant)}: epochs to {error}",
        paper=item.paper_ratio,
        paper_text=_paper_text(item.paper_ratio, "x", "ratio"),
        paper_is="about",
        estimate=row["ratio"],
        low=row["ratio_low"],
        high=row["ratio_high"],
        unit="x",
        scale="ratio",
        smallest=item.margin,
    )


def _shared(analysis: Analysis | ScoreAnalysis, row: dict[Any, Any]) -> dict[str, Any]:
    """Return the fields that do not depend on the kind of study."""
    study = analysis.study
    entry = study.budgets.get(analysis.budget)
    return {
        "study": study.name,
        "title": study.title,
        "section": study.section,
        "claim": study.claim,
        "claim_ids": study.claim_ids,
        "comparison": row["comparison"],
        "n": row["n"],
        "power": row["power"],
        "verdict": row["verdict"],
        "reason": row["reason"],
        "dataset": analysis.dataset,
        "synthetic": analysis.synthetic,
        "budget": analysis.budget,
        "exploratory": entry is not None and entry.exploratory,
    }


def _paper_text(paper: float | None, unit: str, scale: Scale, paper_is: str = "about") -> str:
    if unit == UNIT:
        return "an order"
    if paper is None:
        return "no number"
    text = f"{paper:g}x" if scale == "ratio" else f"{paper:+g} {unit}".removesuffix(" index")
    return f"over {text}" if paper_is == "at least" else text


def _score_label(study: ScoreStudy, row: dict[Any, Any]) -> str:
    """Say what is compared; one arm with itself is compared in two quantities."""
    if row["unit"] == UNIT:
        arms = ", ".join(study.labels.get(arm, arm) for arm in study.order)
        return f"chance that the effects fall in the paper's order: {arms}"
    item = next((item for item in study.differences if item.name == row["comparison"]), None)
    quantity: Quantity = row["quantity"]
    what = MEASURES[quantity].label
    if item is None:
        return f"{row['variant']} averaged, against {row['baseline']}: {what}"
    if item.baseline == item.variant:
        against = f"{what}, against {MEASURES[row['baseline_quantity']].label}"
        other = item.baseline != study.baseline
        return f"{study.labels[item.baseline]}: {against}" if other else against
    return f"{_against(study, item.baseline, item.variant)}{_beside(study, item)}: {what}"


def _against(study: SpeedStudy | ScoreStudy, baseline: str, variant: str) -> str:
    return f"{study.labels.get(variant, variant)}, against {study.labels.get(baseline, baseline)}"


def _beside(study: ScoreStudy, item: Difference) -> str:
    """Name the other half of an interaction."""
    if item.interaction is None:
        return ""
    baseline, variant = item.interaction
    return f"; less the same of {_against(study, baseline, variant)}"
