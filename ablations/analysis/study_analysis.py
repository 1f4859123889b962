"""Statistics of a study: records in, tables out. No TensorFlow, no drawing.

Errors are in percent and their differences in points. Seeds are taken in ascending order and
arms in the study's, so that no number depends on the order of the runs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from ablations.analysis import checks, effects, frames, look_rows, samples, stopping
from ablations.analysis.comparisons import comparison_rows, courses, ordered_pairs
from ablations.analysis.effects import Effect
from ablations.analysis.learning_rates import search_rows
from ablations.analysis.objections import objections
from ablations.analysis.paired_tests import t_interval
from ablations.analysis.ranking import order_rows
from ablations.analysis.run_rows import OF_A_RUN, curve_columns, run_row
from ablations.analysis.samples import Samples
from ablations.analysis.stopping import Course
from ablations.analysis.summary_rows import summary_row
from ablations.plan import StudyRun
from ablations.study import Study


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """Every table of a report.

    runs: one row per planned run, reported first: run_id, arm, role (reported|search), seed,
        status (done|diverged|failed|new), epochs_to_threshold (NaN when never reached),
        censored (bool), updates_to_threshold, learning_rate, budget_epochs, epochs_done,
        test_error, test_error_ten_views, validation_error, train_error, generalisation_gap,
        final_train_error (of the last epoch as it ran), final_train_loss, parameters, mflops
        (10^6 operations of an image's forward pass), seconds, images_per_second, resumes,
        reason
    curves: one row per epoch of a run: run_id, arm, role, seed, epoch, epoch_midpoint,
        updates, train_error, train_loss, validation_error
    summary: one row per arm and quantity that the study uses of it: study, arm, n, metric,
        mean, ci_low, ci_high, unit, n_censored (runs of which only a bound is known; each
        counts as its bound), paper_value (NaN), dataset, precision, sd, bound (of the mean:
        exact|at least; then the interval has no upper end and sd is NaN), n_planned,
        n_diverged, n_failed, parameters, mflops, budget
    comparisons: one row per comparison, then one per ensemble's size, then one for the order:
        study and every field of `effects.Effect` (estimate, low, high, ..., tests), verdict
        (agrees|agrees in direction|disagrees|inconclusive|differs|no difference|open),
        reason
    changes: one row per seed of a comparison at the look that is shown: comparison, seed,
        baseline_value (of independent arms the mean over seeds), variant_value, difference (or
        the ratio), kind (exact|at least|at most|unknown); of an interaction of pairs, the two
        differences and theirs
    sensitivity: one row per comparison of epochs to an error and threshold: comparison,
        threshold, n, estimate, low, high, bound, baseline_mean, variant_mean, n_censored
    search: one row per arm and learning rate: comparison, arm, learning_rate, n,
        epochs_to_threshold, final_train_error, status, chosen (bool), at_edge (bool: chosen,
        and the smallest or largest rate tried)
    differences: one row per differing spec field of a comparison's arms: comparison, field,
        baseline_value, variant_value
    looks: one row per planned look of a comparison that has several: comparison, look,
        seeds_baseline, seeds (of the variant), time (share of the last look's information),
        spent (of the 5 % of the family, up to this look), estimate, edge_difference and
        edge_equivalence (significant at or beyond the first, equivalent at or within the second;
        logarithms for ratios), state (passed|stopped|next|later|not needed), runs and hours
        that are needed to complete it
    checks: one row per check of the study: study, arm, quantity, unit, least and most (NaN: no
        limit), n runs of which it was measured, n_failing of them outside, mean, lowest,
        highest, held (yes|no|not measured)
    order: one row per arm of the study's order, as the paper has it: arm, effect, low, high,
        rank_paper, rank_measured (0: not known), chance_of_paper_order
    """

    study: Study
    budget: str
    dataset: str
    synthetic: bool
    runs: pd.DataFrame
    curves: pd.DataFrame
    summary: pd.DataFrame
    comparisons: pd.DataFrame
    changes: pd.DataFrame
    sensitivity: pd.DataFrame
    search: pd.DataFrame
    differences: pd.DataFrame
    looks: pd.DataFrame
    checks: pd.DataFrame
    order: pd.DataFrame


_EFFECT = tuple(field.name for field in dataclasses.fields(Effect))

#: Columns of every table, in order; `frames.frame` knows their types.
COLUMNS = {
    "runs": "run_id arm role seed status epochs_to_threshold censored updates_to_threshold "
    f"learning_rate budget_epochs epochs_done {' '.join(OF_A_RUN)} "
    "final_train_error final_train_loss parameters mflops seconds images_per_second resumes reason",
    "curves": "run_id arm role seed epoch epoch_midpoint updates train_error train_loss "
    "validation_error",
    "summary": "study arm n metric mean ci_low ci_high unit n_censored paper_value dataset "
    "precision sd bound n_planned n_diverged n_failed parameters mflops budget",
    "comparisons": f"study {' '.join(_EFFECT)} verdict reason",
    "changes": "comparison seed baseline_value variant_value difference kind",
    "sensitivity": "comparison threshold n estimate low high bound baseline_mean variant_mean "
    "n_censored",
    "search": "comparison arm learning_rate n epochs_to_threshold final_train_error status chosen "
    "at_edge",
    "differences": "comparison field baseline_value variant_value",
    "looks": look_rows.COLUMNS,
    "checks": checks.COLUMNS,
    "order": "arm effect low high rank_paper rank_measured chance_of_paper_order",
}
_NUMBERS = {"changes": ("baseline_value", "variant_value")}


def analyse(study: Study, runs: Sequence[StudyRun], *, budget: str) -> Analysis:
    """Compute every table of the study's report from its records.

    `budget` is the name of the budget the runs were planned with; one that the study does
    not have carries no verdict. No runs at all give tables without numbers.
    """
    dataset, synthetic = frames.dataset(study, runs)
    label = f"{dataset} (synthetic)" if synthetic else dataset
    by_arm = {arm: frames.reported(runs, arm) for arm in study.arms}
    entry = study.budgets.get(budget)
    against = partial(objections, entry, budget, synthetic=synthetic)
    followed = courses(study, entry, by_arm)
    treated = checks.rows(study, by_arm)
    ordered = [*frames.of_role(runs, "reported"), *frames.of_role(runs, "search")]
    rows = {
        "runs": [run_row(run, study.threshold) for run in ordered],
        "curves": curve_columns(ordered),
        "summary": [
            summary_row(study, runs, arm, quantity) | {"dataset": label, "budget": budget}
            for arm, quantity in study.used
        ],
        "comparisons": comparison_rows(study, by_arm, followed, against, treated),
        "changes": [row for item in study.comparisons for row in _change_rows(followed[item.name])],
        "sensitivity": _sensitivity_rows(study, by_arm),
        "search": search_rows(study, runs),
        "differences": [
            row
            for item in study.comparisons
            for row in frames.difference_rows(study, runs, item.name, item.baseline, item.variant)
        ],
        "looks": look_rows.rows(followed, by_arm),
        "checks": treated,
        "order": order_rows(ordered_pairs(study, by_arm)) if study.order else [],
    }
    made = {
        name: frames.frame(COLUMNS[name], found, _NUMBERS.get(name, ()))
        for name, found in rows.items()
    }
    return Analysis(study=study, budget=budget, dataset=dataset, synthetic=synthetic, **made)


def _change_rows(course: Course) -> list[dict[str, object]]:
    """Return the changes of pairs, or of each seed of the variant from the other arms' means."""
    shown, item = course.shown, course.samples.item
    if item.paired:
        found = [
            (one.seed, one.baseline, one.variant, one.change(item.scale), one.bound)
            for one in shown.pairs
        ]
    else:
        found = [
            (seed, _baseline(shown, variant, change), variant, change, bound)
            for seed, change, bound in shown.against_means()
            for variant in [shown.usable[1][seed][0]]
        ]  # fmt: skip
    return [
        {
            "comparison": item.name,
            "seed": seed,
            "baseline_value": baseline,
            "variant_value": variant,
            "difference": float("nan") if kind == "unknown" else change,
            "kind": kind,
        }
        for seed, baseline, variant, change, kind in found
    ]


def _baseline(shown: Samples, variant: float, change: float) -> float:
    """Return what a value of the variant is compared with: of a slope, its first arm's mean."""
    if shown.item.slope_over is not None:
        return float(np.mean([value for value, _ in shown.usable[0].values()]))
    return variant / change if shown.item.scale == "ratio" else variant - change


def _sensitivity_rows(
    study: Study, by_arm: Mapping[str, Sequence[StudyRun]]
) -> list[dict[str, object]]:
    """Return the comparisons of epochs at every threshold; their means are over the pairs."""
    if study.outcome is None:
        return []
    rows = []
    for item in (item for item in study.comparisons if item.quantity == "epochs_to_error"):
        for threshold in sorted({study.outcome.threshold, *study.outcome.sensitivity}):
            found = stopping.course(samples.read(by_arm, item, threshold), (), 1)
            effect, pairs = effects.measure(found), found.shown.pairs
            names = ("n", "estimate", "low", "high", "bound", "n_censored")
            rows.append(
                {
                    "comparison": item.name,
                    "threshold": 100 * threshold,
                    **{name: getattr(effect, name) for name in names},
                    "baseline_mean": t_interval([one.baseline for one in pairs])[0],
                    "variant_mean": t_interval([one.variant for one in pairs])[0],
                }
            )
    return rows
