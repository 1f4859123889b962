"""The findings of a study, one comparison each: a line of the suite's index."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ablations.analysis import quantities
from ablations.analysis.pairs import Bound
from ablations.analysis.ranking import UNIT
from ablations.analysis.study_analysis import Analysis
from ablations.study import Comparison, Family, Quantity, Scale, Study, paper_text


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One comparison of a study, with what a reader needs to judge it.

    Numbers are in `unit` (factors for `scale="ratio"`) and NaN where they are not known.

    Attributes:
        comparison: name; "order" and "ensemble_5" are those of an order and an ensemble.
        paper: the paper's size in `unit`; None where it gives none.
        estimate: variant minus baseline, or over it; of an order a probability, 0 to 1.
        bound: of the estimate: "exact", "at least", "at most" or "unknown".
        low: end of the 95 % interval of this comparison alone, as `high`.
        n: seeds of the variant, pairs of seeds, or nets of an ensemble.
        n_baseline: seeds of the baseline.
        power: probability to decide where the paper's effect is true, 0 to 1.
        verdict: as `ablations.analysis.verdict.Verdict`.
        reason: full sentences.
        dataset: name of the images; `synthetic` ones carry no verdict.
        budget: its name, with what was changed by hand; `exploratory` ones carry no verdict.
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
    paper_text: str  # "+1.4 points", "over +1 points", "6 ×", "an order", "no number" or "no claim"
    paper_is: str  # "about"; or "at least", of this size or larger
    estimate: float
    bound: Bound
    low: float
    high: float
    low_suite: float = math.nan  # an interval that holds for all claims of the suite at once
    high_suite: float = math.nan
    unit: str
    scale: Scale
    smallest: float  # effect that would matter; of a claimed size, the factor around it
    n: int
    n_baseline: int
    power: float
    verdict: str
    reason: str
    dataset: str
    synthetic: bool
    budget: str
    exploratory: bool


def findings(analysis: Analysis) -> tuple[Finding, ...]:
    """Return a finding for every comparison of the study, the claim's own first.

    The order is that of the table of comparisons: as declared, then an ensemble's sizes, then an
    order. The intervals for the whole suite are not filled in here.
    """
    return tuple(_finding(analysis, dict(row)) for row in analysis.comparisons.to_dict("records"))


def _finding(analysis: Analysis, row: dict[Any, Any]) -> Finding:
    study = analysis.study
    entry = study.budgets.get(analysis.budget)
    paper = None if math.isnan(row["paper"]) else float(row["paper"])
    words = "an order" if row["unit"] == UNIT else paper_text(paper, row["unit"], row["paper_is"])
    copied = (
        "comparison family paper_is estimate bound low high unit scale smallest n n_baseline "
        "power verdict reason"
    )
    return Finding(
        study=study.name,
        title=study.title,
        section=study.section,
        claim=study.claim,
        claim_ids=study.claim_ids,
        label=_label(study, row),
        paper=paper,
        paper_text="no claim" if row["claimed"] == "none" else words,
        **{name: row[name] for name in copied.split()},
        dataset=analysis.dataset,
        synthetic=analysis.synthetic,
        budget=analysis.budget,
        exploratory=entry is not None and entry.exploratory,
    )


def _label(study: Study, row: dict[Any, Any]) -> str:
    """Say what is compared; one arm with itself is compared in two quantities."""
    if row["unit"] == UNIT:
        arms = ", ".join(study.labels.get(arm, arm) for arm in study.order)
        return f"probability of the paper's order of effects: {arms}"
    item = next((item for item in study.comparisons if item.name == row["comparison"]), None)
    quantity: Quantity = row["quantity"]
    what = quantities.label(quantity, study.threshold)
    if item is None:
        return f"{row['variant']} averaged, against {row['baseline']}: {what}"
    if item.baseline == item.variant:
        against = f"{what}, against {quantities.label(row['baseline_quantity'])}"
        other = item.baseline != study.baseline
        return f"{study.labels.get(item.baseline, item.baseline)}: {against}" if other else against
    return f"{_against(study, item.baseline, item.variant)}{_beside(study, item)}: {what}"


def _against(study: Study, baseline: str, variant: str) -> str:
    return f"{study.labels.get(variant, variant)}, against {study.labels.get(baseline, baseline)}"


def _beside(study: Study, item: Comparison) -> str:
    """Name the other half of an interaction."""
    if item.interaction is None:
        return ""
    baseline, variant = item.interaction
    return f"; interaction: less the effect of {_against(study, baseline, variant)}"
