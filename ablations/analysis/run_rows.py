"""The rows that a run has in the tables of a study: itself, and each of its epochs."""

from __future__ import annotations

from collections.abc import Sequence

from ablations.analysis import quantities
from ablations.analysis.time_to_error import time_to_error
from ablations.plan import StudyRun
from ablations.study import Quantity
from alexnet_tf.records import RunRecord

Row = dict[str, object]

#: Quantities that every run has a column of.
OF_A_RUN: tuple[Quantity, ...] = (
    "test_error",
    "test_error_ten_views",
    "validation_error",
    "train_error",
    "generalisation_gap",
)


def run_row(run: StudyRun, threshold: float | None) -> Row:
    """Return what was measured of a planned run, a row of the table `runs`.

    Args:
        run: without a record its status is "new", and whatever is measured is None or 0.
        threshold: training error, 0 to 1, whose time is given; None: no times.

    Returns:
        Errors in percent, times in epochs and updates (None where the error was not reached),
        seconds of wall time in training epochs.
    """
    experiment = run.planned.experiment
    record = run.record or RunRecord(experiment=experiment, status="failed")
    last = record.curve[-1] if record.curve else None
    return {
        **_identity(run),
        "status": run.record.status if run.record else "new",
        **_time(record, threshold),
        "learning_rate": experiment.train.learning_rate,
        "budget_epochs": experiment.train.epochs,
        "epochs_done": last.epoch if last else 0,
        **{quantity: quantities.value(run, quantity) for quantity in OF_A_RUN},
        "final_train_error": 100 * last.train_error if last else None,
        "final_train_loss": last.train_loss if last else None,
        "parameters": experiment.model.parameters(),
        "mflops": experiment.model.flops() / 1e6,
        "seconds": record.seconds,
        "images_per_second": record.images_per_second,
        "resumes": record.resumes,
        "reason": record.reason,
    }


def _identity(run: StudyRun) -> Row:
    planned = run.planned
    experiment = planned.experiment
    return {
        "run_id": experiment.run_id,
        "arm": planned.arm,
        "role": planned.role,
        "seed": experiment.seed,
    }


def _time(record: RunRecord, threshold: float | None) -> Row:
    """Return when the run came to the threshold, in epochs and updates."""
    time = None if threshold is None else time_to_error(record, threshold)
    return {
        "epochs_to_threshold": time.epochs if time and time.reached else None,
        "censored": time is not None and not time.reached,
        "updates_to_threshold": time.updates if time else None,
    }


def curve_columns(runs: Sequence[StudyRun]) -> dict[str, list[object]]:
    """Return the epochs of the runs with an outcome; a failed run's part of a curve is none.

    Errors are in percent. The training error is the mean over an epoch while it was presented,
    so it belongs to `epoch_midpoint`; the validation error belongs to the end, `epoch`.

    Returns:
        Columns of equal length, an entry per epoch, the runs in the order given.
    """
    ended = [run for run in runs if run.record and run.record.status != "failed"]
    curves = [(run, run.record.curve) for run in ended if run.record]
    points = [point for _, curve in curves for point in curve]
    columns: dict[str, list[object]] = {
        name: [value for (_, curve), value in zip(curves, values, strict=True) for _ in curve]
        for name, values in _columns([_identity(run) for run in ended]).items()
    }
    return columns | {
        "epoch": [point.epoch for point in points],
        "epoch_midpoint": [point.epoch - 0.5 for point in points],
        "updates": [point.updates for point in points],
        "train_error": [100 * point.train_error for point in points],
        "train_loss": [point.train_loss for point in points],
        "validation_error": [
            None if point.validation_error is None else 100 * point.validation_error
            for point in points
        ],
    }


def _columns(rows: Sequence[Row]) -> dict[str, list[object]]:
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
