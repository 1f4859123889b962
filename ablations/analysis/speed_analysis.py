"""Statistics of a study: numbers in, tables out. No TensorFlow, no drawing, no files.

Only runs with an outcome (done or diverged) give numbers; a failed run and one that is
still to be computed are counted and otherwise left out. Seeds are taken in ascending
order and arms in the study's, so the numbers do not depend on the order of the runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ablations.analysis import frames
from ablations.analysis.learning_rates import search_rows
from ablations.analysis.paired_tests import t_interval
from ablations.analysis.speed_verdict import judge, objections
from ablations.analysis.time_to_error import (
    Pair,
    Ratio,
    Time,
    estimate_ratio,
    median,
    power,
    time_to_error,
)
from ablations.plan import StudyRun
from ablations.study import Comparison, SpeedStudy
from alexnet_tf.records import RunRecord


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """Every table of a report. Errors are in percent; epochs are floats.

    runs: one row per planned run (reported first, then search, in plan order): run_id, arm,
        role, seed, learning_rate, status (done|diverged|failed|new), epochs_to_threshold
        (NaN when never reached), censored (bool), budget_epochs, updates_to_threshold,
        final_train_error, final_train_loss, epochs_done, validation_error, test_error,
        seconds, images_per_second, resumes, reason
    curves: one row per epoch of a run: run_id, arm, role, seed, epoch, epoch_midpoint,
        updates, train_error, train_loss
    summary: one row per arm: study, arm, n, metric, mean, ci_low, ci_high, unit, n_censored,
        paper_value, paper_quantity, dataset, precision, learning_rate, budget_epochs,
        median, n_planned, n_diverged, n_failed, budget
        (mean = restricted mean of min(T, budget_epochs); t interval)
    comparisons: one row per comparison: study, comparison, baseline, variant, n, ratio,
        ratio_low, ratio_high, ratio_is_lower_bound (bool), paper_ratio, margin, log_sd,
        pair_correlation, sign_flip_p, min_p, power, faster_seeds (seeds in which the
        baseline was faster), n_censored, verdict (agrees|disagrees|inconclusive), reason
    pairs: one row per seed of a comparison: comparison, seed, baseline_epochs,
        variant_epochs, ratio, kind (exact|at least|at most|unknown)
    sensitivity: one row per comparison and threshold: comparison, threshold, n, ratio,
        ratio_low, ratio_high, ratio_is_lower_bound, baseline_mean, variant_mean,
        n_censored
    search: one row a (arm, learning rate): comparison, arm, learning_rate, n,
        epochs_to_threshold, final_train_error, status, chosen (bool), at_edge (bool: chosen,
        and the smallest or largest rate tried)
    differences: one row per differing spec field of a comparison's arms: comparison, field,
        baseline_value, variant_value
    """

    study: SpeedStudy
    budget: str
    dataset: str
    synthetic: bool
    runs: pd.DataFrame
    curves: pd.DataFrame
    summary: pd.DataFrame
    comparisons: pd.DataFrame
    pairs: pd.DataFrame
    sensitivity: pd.DataFrame
    search: pd.DataFrame
    differences: pd.DataFrame


#: Columns of every table, in order; `frames.frame` knows their types.
COLUMNS = {
    "runs": "run_id arm role seed learning_rate status epochs_to_threshold censored budget_epochs "
    "updates_to_threshold final_train_error final_train_loss epochs_done validation_error "
    "test_error seconds images_per_second resumes reason",
    "curves": "run_id arm role seed epoch epoch_midpoint updates train_error train_loss",
    "summary": "study arm n metric mean ci_low ci_high unit n_censored paper_value paper_quantity "
    "dataset precision learning_rate budget_epochs median n_planned n_diverged n_failed budget",
    "comparisons": "study comparison baseline variant n ratio ratio_low ratio_high "
    "ratio_is_lower_bound paper_ratio margin log_sd pair_correlation sign_flip_p min_p power "
    "faster_seeds n_censored verdict reason",
    "pairs": "comparison seed baseline_epochs variant_epochs ratio kind",
    "sensitivity": "comparison threshold n ratio ratio_low ratio_high ratio_is_lower_bound "
    "baseline_mean variant_mean n_censored",
    "search": "comparison arm learning_rate n epochs_to_threshold final_train_error status chosen "
    "at_edge",
    "differences": "comparison field baseline_value variant_value",
}
#: Columns of `runs` that are fields of the record.
_COPIED = (
    "seconds",
    "images_per_second",
    "resumes",
    "reason",
)


def analyse(study: SpeedStudy, runs: Sequence[StudyRun], *, budget: str) -> Analysis:
    """Compute every table of the study's report from its records.

    `budget` is the name of the budget the runs were planned with; a name that the study
    does not have carries no verdict. No runs at all give tables without numbers.
    """
    threshold = study.outcome.threshold
    thresholds = sorted({threshold, *study.outcome.sensitivity})
    dataset, synthetic = frames.dataset(study, runs)
    label = f"{dataset} (synthetic)" if synthetic else dataset
    pairs = {c.name: _pairs(runs, c, threshold) for c in study.comparisons}
    ordered = [*frames.of_role(runs, "reported"), *frames.of_role(runs, "search")]
    rows = {
        "runs": [_run_row(run, threshold) for run in ordered],
        "curves": [row for run in ordered for row in _curve_rows(run)],
        "summary": [_summary_row(study, runs, arm, label, budget) for arm in study.arms],
        "comparisons": [
            _comparison_row(study, c, pairs[c.name], budget, synthetic) for c in study.comparisons
        ],
        "pairs": [_pair_row(c, pair) for c in study.comparisons for pair in pairs[c.name]],
        "sensitivity": [
            _sensitivity_row(runs, c, value) for c in study.comparisons for value in thresholds
        ],
        "search": search_rows(study, runs),
        "differences": [
            row
            for name, baseline, variant in study.compared
            for row in frames.difference_rows(study, runs, name, baseline, variant)
        ],
    }
    made = {name: frames.frame(COLUMNS[name], found) for name, found in rows.items()}
    return Analysis(study=study, budget=budget, dataset=dataset, synthetic=synthetic, **made)


def _times(runs: Sequence[StudyRun], arm: str, threshold: float) -> dict[int, Time]:
    """Return seed -> time of the arm's reported runs that have an outcome, by seed."""
    records = [run.record for run in frames.reported(runs, arm) if run.record]
    found = {record.experiment.seed: time_to_error(record, threshold) for record in records}
    return {seed: time for seed, time in found.items() if time}


def _pairs(runs: Sequence[StudyRun], comparison: Comparison, threshold: float) -> list[Pair]:
    baseline = _times(runs, comparison.baseline, threshold)
    variant = _times(runs, comparison.variant, threshold)
    return [
        Pair(seed=seed, baseline=time, variant=variant[seed])
        for seed, time in baseline.items()
        if seed in variant
    ]


def _identity(run: StudyRun) -> dict[str, object]:
    planned = run.planned
    experiment = planned.experiment
    return {
        "run_id": experiment.run_id,
        "arm": planned.arm,
        "role": planned.role,
        "seed": experiment.seed,
        "learning_rate": experiment.train.learning_rate,
        "budget_epochs": experiment.train.epochs,
    }


def _run_row(run: StudyRun, threshold: float) -> dict[str, object]:
    blank = RunRecord(experiment=run.planned.experiment, status="failed")
    record = run.record or blank
    time = time_to_error(record, threshold)
    last = record.curve[-1] if record.curve else None
    return {
        **_identity(run),
        "status": run.record.status if run.record else "new",
        "epochs_to_threshold": time.epochs if time and time.reached else None,
        "censored": time is not None and not time.reached,
        "updates_to_threshold": time.updates if time else None,
        "final_train_error": 100 * last.train_error if last else None,
        "final_train_loss": last.train_loss if last else None,
        "epochs_done": last.epoch if last else 0,
        "validation_error": _percent(record.validation_error),
        "test_error": _percent(record.test_error),
        **{name: getattr(record, name) for name in _COPIED},
    }


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
        }
        for point in run.record.curve
    ]


def _percent(error: float | None) -> float | None:
    return None if error is None else 100 * error


def _summary_row(
    study: SpeedStudy, runs: Sequence[StudyRun], arm: str, dataset: str, budget: str
) -> dict[str, object]:
    experiment = frames.experiment(study, runs, arm)
    planned = frames.reported(runs, arm)
    statuses = [run.record.status for run in planned if run.record]
    times = list(_times(runs, arm, study.outcome.threshold).values())
    mean, low, high = t_interval([time.epochs for time in times])
    paper = next((c for c in study.comparisons if c.variant == arm), None)
    return {
        "study": study.name,
        "arm": arm,
        "n": len(times),
        "metric": f"epochs_to_{100 * study.outcome.threshold:g}pct_train_error",
        "mean": mean,
        # a mean of times that end at the budget lies between 0 and the budget
        "ci_low": float(np.clip(low, 0, experiment.train.epochs)),
        "ci_high": float(np.clip(high, 0, experiment.train.epochs)),
        "unit": "epochs",
        "n_censored": sum(not time.reached for time in times),
        "paper_value": paper.paper_ratio if paper else None,
        "paper_quantity": f"ratio to {paper.baseline}" if paper else "",
        "dataset": dataset,
        "precision": experiment.train.precision,
        "learning_rate": experiment.train.learning_rate,
        "budget_epochs": experiment.train.epochs,
        "median": median(times),
        "n_planned": len(planned),
        "n_diverged": statuses.count("diverged"),
        "n_failed": statuses.count("failed"),
        "budget": budget,
    }


def _comparison_row(
    study: SpeedStudy, comparison: Comparison, pairs: Sequence[Pair], budget: str, synthetic: bool
) -> dict[str, object]:
    ratio = estimate_ratio(pairs)
    exact = ratio.n_censored == 0
    # The spread of bounds says nothing about the spread of the ratios.
    chance = power(ratio.n, ratio.log_sd, comparison.margin) if exact else float("nan")
    against = objections(study.budgets.get(budget), budget, synthetic=synthetic, n=ratio.n)
    verdict, reason = judge(study, comparison, pairs, ratio, power=chance, objections=against)
    return {
        "study": study.name,
        "comparison": comparison.name,
        "baseline": comparison.baseline,
        "variant": comparison.variant,
        **_ratio_columns(ratio),
        "paper_ratio": comparison.paper_ratio,
        "margin": comparison.margin,
        "log_sd": ratio.log_sd,
        "pair_correlation": ratio.correlation,
        "sign_flip_p": ratio.sign_flip_p,
        "min_p": ratio.min_p,
        "power": chance,
        "faster_seeds": ratio.faster_seeds,
        "verdict": verdict,
        "reason": reason,
    }


def _ratio_columns(ratio: Ratio) -> dict[str, object]:
    return {
        "n": ratio.n,
        "ratio": ratio.estimate,
        "ratio_low": ratio.low,
        "ratio_high": ratio.high,
        "ratio_is_lower_bound": ratio.is_lower_bound,
        "n_censored": ratio.n_censored,
    }


def _pair_row(comparison: Comparison, pair: Pair) -> dict[str, object]:
    return {
        "comparison": comparison.name,
        "seed": pair.seed,
        "baseline_epochs": pair.baseline.epochs,
        "variant_epochs": pair.variant.epochs,
        "ratio": pair.ratio,
        "kind": pair.kind,
    }


def _sensitivity_row(
    runs: Sequence[StudyRun], comparison: Comparison, threshold: float
) -> dict[str, object]:
    """Return the comparison at another threshold; its means are over the paired seeds."""
    pairs = _pairs(runs, comparison, threshold)
    return {
        "comparison": comparison.name,
        "threshold": 100 * threshold,
        **_ratio_columns(estimate_ratio(pairs)),
        "baseline_mean": t_interval([pair.baseline.epochs for pair in pairs])[0],
        "variant_mean": t_interval([pair.variant.epochs for pair in pairs])[0],
    }
