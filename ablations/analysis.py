"""Statistics of a study: numbers in, tables out. No TensorFlow, no drawing, no files.

CONTRACT (the skeleton; to be filled in)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ablations.plan import StudyRun
from ablations.study import Study


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """Every table of a report. Errors are fractions; epochs are floats.

    runs: one row a planned run (reported first, then search, in plan order): run_id, arm,
        role, seed, learning_rate, status (done|diverged|failed|new), epochs_to_threshold
        (NaN when never reached), censored (bool), budget_epochs, updates_to_threshold,
        final_train_error, final_train_loss, epochs_done, validation_error, test_error,
        seconds, images_per_second, resumes, reason
    curves: one row an epoch of a run: run_id, arm, role, seed, epoch, epoch_midpoint,
        updates, train_error, train_loss, seconds
    summary: one row an arm: study, arm, n, metric, mean, ci_low, ci_high, unit, n_censored,
        paper_value, paper_quantity, dataset, precision, learning_rate, budget_epochs,
        median, n_planned, n_diverged, n_failed, budget
        (mean = restricted mean of min(T, budget_epochs); t interval)
    comparisons: one row a comparison: study, comparison, baseline, variant, n, ratio,
        ratio_low, ratio_high, ratio_is_lower_bound (bool), paper_ratio, margin, log_sd,
        pair_correlation, sign_flip_p, min_p, power, faster_seeds (seeds in which the
        baseline was faster), n_censored, verdict (agrees|disagrees|inconclusive), reason
    pairs: one row a seed of a comparison: comparison, seed, baseline_epochs,
        variant_epochs, ratio, kind (exact|at least|at most|unknown)
    sensitivity: one row a comparison and threshold: comparison, threshold, n, ratio,
        ratio_low, ratio_high, ratio_is_lower_bound, baseline_mean, variant_mean,
        n_censored
    search: one row a (arm, learning rate): comparison, arm, learning_rate, n,
        epochs_to_threshold, final_train_error, status, chosen (bool)
    differences: one row a differing spec field of a comparison's arms: comparison, field,
        baseline_value, variant_value
    """

    study: Study
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


def analyse(study: Study, runs: Sequence[StudyRun], *, budget: str) -> Analysis:
    """Compute every table of the study's report from its records."""
    raise NotImplementedError


def choose_learning_rates(study: Study, runs: Sequence[StudyRun]) -> Mapping[str, float]:
    """Return arm -> the best learning rate among its finished search runs."""
    raise NotImplementedError
