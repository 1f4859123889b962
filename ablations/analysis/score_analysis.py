"""Statistics of a study of scores: records in, tables out. No TensorFlow, no drawing.

Errors are in percent and their differences in points. Seeds are taken in ascending order and
arms in the study's, so that no number depends on the order of the runs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from ablations.analysis import checks, effects, frames, quantities
from ablations.analysis.effects import Effect, Pair
from ablations.analysis.paired_tests import spread, t_interval
from ablations.analysis.ranking import order_rows
from ablations.analysis.score_comparisons import comparison_rows
from ablations.analysis.speed_verdict import objections
from ablations.plan import StudyRun
from ablations.study import Difference, Quantity, ScoreStudy
from alexnet_tf.records import RunRecord


@dataclass(frozen=True, kw_only=True)
class ScoreAnalysis:
    """Every table of a report.

    runs: one row per planned run in plan order: run_id, arm, seed, status
        (done|diverged|failed|new), learning_rate, budget_epochs, epochs_done, test_error,
        test_error_ten_views, validation_error, train_error, generalisation_gap,
        final_train_error (of the last epoch as it ran), final_train_loss, parameters, mflops
        (10^6 operations of an image's forward pass), seconds, images_per_second, resumes,
        reason
    curves: one row per epoch of a run: run_id, arm, seed, epoch, epoch_midpoint, updates,
        train_error, train_loss, validation_error
    summary: one row per arm and quantity that the study uses of it: study, arm, n, metric,
        mean, ci_low, ci_high, unit, n_censored (0), paper_value (NaN), dataset, precision,
        sd, n_planned, n_diverged, n_failed, parameters, mflops, budget
    comparisons: one row per difference, then one an ensemble's size, then one for the order:
        study and every field of `effects.Effect` (estimate, low, high, ..., tests), verdict
        (agrees|agrees in direction|disagrees|inconclusive|differs|no difference), reason
    pairs: one row per seed of a difference: comparison, seed, baseline_value, variant_value,
        difference (or the ratio); of an interaction, the two differences and theirs
    differences: one row per differing spec field of a difference's arms: comparison, field,
        baseline_value, variant_value
    checks: one row per check of the study: study, arm, quantity, unit, least and most (NaN: no
        limit), n runs of which it was measured, n_failing of them outside, mean, lowest,
        highest, held (yes|no|not measured)
    order: one row per arm of the study's order, as the paper has it: arm, effect, low, high,
        rank_paper, rank_measured (0: not known), chance_of_paper_order
    """

    study: ScoreStudy
    budget: str
    dataset: str
    synthetic: bool
    runs: pd.DataFrame
    curves: pd.DataFrame
    summary: pd.DataFrame
    comparisons: pd.DataFrame
    pairs: pd.DataFrame
    differences: pd.DataFrame
    checks: pd.DataFrame
    order: pd.DataFrame


_OF_A_RUN: tuple[Quantity, ...] = (
    "test_error",
    "test_error_ten_views",
    "validation_error",
    "train_error",
    "generalisation_gap",
)
_EFFECT = tuple(field.name for field in dataclasses.fields(Effect))

#: Columns of every table, in order; `frames.frame` knows their types.
COLUMNS = {
    "runs": f"run_id arm seed status learning_rate budget_epochs epochs_done {' '.join(_OF_A_RUN)} "
    "final_train_error final_train_loss parameters mflops seconds images_per_second resumes reason",
    "curves": "run_id arm seed epoch epoch_midpoint updates train_error train_loss "
    "validation_error",
    "summary": "study arm n metric mean ci_low ci_high unit n_censored paper_value dataset "
    "precision sd n_planned n_diverged n_failed parameters mflops budget",
    "comparisons": f"study {' '.join(_EFFECT)} verdict reason",
    "pairs": "comparison seed baseline_value variant_value difference",
    "differences": "comparison field baseline_value variant_value",
    "checks": checks.COLUMNS,
    "order": "arm effect low high rank_paper rank_measured chance_of_paper_order",
}
_NUMBERS = {"pairs": ("baseline_value", "variant_value")}


def analyse_scores(study: ScoreStudy, runs: Sequence[StudyRun], *, budget: str) -> ScoreAnalysis:
    """Compute every table of the study's report from its records.

    `budget` is the name of the budget the runs were planned with; one that the study does
    not have carries no verdict. No runs at all give tables without numbers.
    """
    dataset, synthetic = frames.dataset(study, runs)
    label = f"{dataset} (synthetic)" if synthetic else dataset
    by_arm = {arm: frames.reported(runs, arm) for arm in study.arms}
    against = partial(objections, study.budgets.get(budget), budget, synthetic=synthetic)
    pairs = {item.name: effects.pair(by_arm, item) for item in study.differences}
    treated = checks.rows(study, by_arm)
    rows = {
        "runs": [_run_row(run) for run in frames.of_role(runs, "reported")],
        "curves": [row for run in frames.of_role(runs, "reported") for row in _curve_rows(run)],
        "summary": [
            _summary_row(study, runs, arm, quantity) | {"dataset": label, "budget": budget}
            for arm, quantity in study.used
        ],
        "comparisons": comparison_rows(study, by_arm, pairs, against, treated),
        "pairs": [_pair_row(item, one) for item in study.differences for one in pairs[item.name]],
        "differences": [
            row
            for item in study.differences
            for row in frames.difference_rows(study, runs, item.name, item.baseline, item.variant)
        ],
        "checks": treated,
        "order": order_rows({arm: effects.pair(by_arm, study.ordered(arm)) for arm in study.order})
        if study.order
        else [],
    }
    made = {
        name: frames.frame(COLUMNS[name], found, _NUMBERS.get(name, ()))
        for name, found in rows.items()
    }
    return ScoreAnalysis(study=study, budget=budget, dataset=dataset, synthetic=synthetic, **made)


def _run_row(run: StudyRun) -> dict[str, object]:
    experiment = run.planned.experiment
    record = run.record or RunRecord(experiment=experiment, status="failed")
    last = record.curve[-1] if record.curve else None
    return {
        **_identity(run),
        "status": run.record.status if run.record else "new",
        "learning_rate": experiment.train.learning_rate,
        "budget_epochs": experiment.train.epochs,
        "epochs_done": last.epoch if last else 0,
        **{quantity: quantities.value(run, quantity) for quantity in _OF_A_RUN},
        "final_train_error": 100 * last.train_error if last else None,
        "final_train_loss": last.train_loss if last else None,
        "parameters": experiment.model.parameters(),
        "mflops": experiment.model.flops() / 1e6,
        "seconds": record.seconds,
        "images_per_second": record.images_per_second,
        "resumes": record.resumes,
        "reason": record.reason,
    }


def _identity(run: StudyRun) -> dict[str, object]:
    experiment = run.planned.experiment
    return {"run_id": experiment.run_id, "arm": run.planned.arm, "seed": experiment.seed}


def _curve_rows(run: StudyRun) -> list[dict[str, object]]:
    """Return the epochs of a run with an outcome; a failed run's part of a curve is none."""
    if run.record is None or run.record.status == "failed":
        return []
    return [
        {
            **_identity(run),
            **vars(point),
            "epoch_midpoint": point.epoch - 0.5,
            "train_error": 100 * point.train_error,
            "validation_error": (
                None if point.validation_error is None else 100 * point.validation_error
            ),
        }
        for point in run.record.curve
    ]


def _summary_row(
    study: ScoreStudy, runs: Sequence[StudyRun], arm: str, quantity: Quantity
) -> dict[str, object]:
    experiment = frames.experiment(study, runs, arm)
    planned = frames.reported(runs, arm)
    statuses = [run.record.status for run in planned if run.record]
    values = [quantities.value(run, quantity) for run in planned]
    known = [value for value in values if value is not None]
    mean, low, high = t_interval(known)
    unit = quantities.MEASURES[quantity].unit
    if unit == "%":
        low, high = (float(np.clip(end, 0, 100)) for end in (low, high))
    return {
        "study": study.name,
        "arm": arm,
        "n": len(known),
        "metric": quantity,
        "mean": mean,
        "ci_low": low,
        "ci_high": high,
        "unit": unit,
        "n_censored": 0,
        "paper_value": None,
        "precision": experiment.train.precision,
        "sd": spread(known),
        "n_planned": len(planned),
        "n_diverged": statuses.count("diverged"),
        "n_failed": statuses.count("failed"),
        "parameters": experiment.model.parameters(),
        "mflops": experiment.model.flops() / 1e6,
    }


def _pair_row(item: Difference, pair: Pair) -> dict[str, object]:
    return {
        "comparison": item.name,
        "seed": pair.seed,
        "baseline_value": pair.baseline,
        "variant_value": pair.variant,
        "difference": pair.change(item.scale),
    }
