"""The learning rate that each arm is trained with: the best of its search runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ablations.analysis.paired_tests import t_interval
from ablations.analysis.time_to_error import time_to_error
from ablations.plan import StudyRun
from ablations.study import Study

#: Of the search runs of one rate, the first of these that occurs is the rate's status.
_WORST = ("failed", "new", "diverged", "done")


@dataclass(frozen=True, kw_only=True)
class _Rate:
    """The search runs of one arm and learning rate; NaN where a number is not known."""

    arm: str
    learning_rate: float
    n: int  # finished runs
    status: str
    epochs: float  # mean to the threshold, where every run reached it
    error: float  # mean of the final training errors


def choose_learning_rates(study: Study, runs: Sequence[StudyRun]) -> Mapping[str, float]:
    """Return arm -> the best learning rate among its finished search runs.

    Best is the fewest mean epochs to the threshold among the rates whose runs all reached
    it; where there is none, the lowest mean final training error. A rate with a diverged
    run comes last, and the smaller rate wins a tie. An arm without search runs, or with
    one that failed or is still to be computed, is absent.

    Args:
        study: gives the arms and the threshold.
        runs: of any role; only search runs count. No test image has a part in the choice.
    """
    rates = _rates(study, runs)
    finished = {rate.arm for rate in rates} - {
        rate.arm for rate in rates if rate.status in ("failed", "new")
    }
    return {
        arm: min((rate for rate in rates if rate.arm == arm), key=_rank).learning_rate
        for arm in study.arms
        if arm in finished
    }


def _rates(study: Study, runs: Sequence[StudyRun]) -> list[_Rate]:
    """Return the search runs by arm, in the study's order, and by ascending rate."""
    search = [run for run in runs if run.planned.role == "search"]
    found = {(run.planned.arm, run.planned.experiment.train.learning_rate) for run in search}
    return [
        _rate(study.threshold, search, arm, rate)
        for arm in study.arms
        for rate in sorted(rate for name, rate in found if name == arm)
    ]


def _rate(
    threshold: float | None, search: Sequence[StudyRun], arm: str, learning_rate: float
) -> _Rate:
    of_rate = [
        run
        for run in search
        if (run.planned.arm, run.planned.experiment.train.learning_rate) == (arm, learning_rate)
    ]
    statuses = [run.record.status if run.record else "new" for run in of_rate]
    records = [run.record for run in of_rate if run.record and run.record.status != "failed"]
    records = sorted(records, key=lambda record: record.experiment.seed)
    times = [time_to_error(record, threshold) for record in records if threshold is not None]
    reached = [time.epochs for time in times if time and time.reached]
    errors = [record.curve[-1].train_error for record in records if record.curve]
    return _Rate(
        arm=arm,
        learning_rate=learning_rate,
        n=len(records),
        status=next(status for status in _WORST if status in statuses),
        epochs=t_interval(reached)[0] if len(reached) == len(of_rate) else float("nan"),
        error=t_interval(errors)[0],
    )


def _rank(rate: _Rate) -> tuple[int, float, float]:
    """Return a key that is smallest for the best rate."""
    if rate.status == "diverged":
        return 2, 0.0, rate.learning_rate
    if np.isfinite(rate.epochs):
        return 0, rate.epochs, rate.learning_rate
    return 1, rate.error if np.isfinite(rate.error) else float("inf"), rate.learning_rate


def search_rows(study: Study, runs: Sequence[StudyRun]) -> list[dict[str, object]]:
    """Return one row per arm and learning rate tried, for the table `search`.

    `epochs_to_threshold` is a mean over seeds, NaN where one did not reach it;
    `final_train_error` is a mean in percent. `at_edge` marks a chosen rate that is the smallest
    or largest of its grid: a better one may lie outside.
    """
    rates = _rates(study, runs)
    best = choose_learning_rates(study, runs)
    grids = {arm: [rate.learning_rate for rate in rates if rate.arm == arm] for arm in study.arms}
    rows: list[dict[str, object]] = []
    for rate in rates:
        chosen = best.get(rate.arm) == rate.learning_rate
        grid = grids[rate.arm]
        rows.append(
            {
                "comparison": next(
                    (c.name for c in study.comparisons if rate.arm in (c.baseline, c.variant)), ""
                ),
                "arm": rate.arm,
                "learning_rate": rate.learning_rate,
                "n": rate.n,
                "epochs_to_threshold": rate.epochs,
                "final_train_error": 100 * rate.error,
                "status": rate.status,
                "chosen": chosen,
                "at_edge": chosen and rate.learning_rate in (min(grid), max(grid)),
            }
        )
    return rows
