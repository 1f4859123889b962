"""Time to a training error: epochs until a run first has it, errors as fractions.

A run that never has the error asked for is right-censored: all that is known is that its time
is beyond the epochs it was given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alexnet_tf.records import RunRecord


@dataclass(frozen=True, kw_only=True)
class Time:
    """The time at which one run first had the error asked for.

    Where `reached` is False, `epochs` is the censoring time and `updates` is NaN.
    """

    epochs: float  # above 0
    updates: float  # weight updates
    reached: bool


def time_to_error(record: RunRecord, threshold: float) -> Time | None:
    """Return when the run's training error first falls to `threshold`.

    The error of epoch e is its mean while the epoch was presented, so the curve is taken
    as straight lines between the points (e - 0.5, error); the time is the first crossing.
    A first epoch that is already at the threshold counts as reached at 0.5, the first
    observation. A diverged run has no working net at the end, whatever its curve was: it
    never reaches the threshold within its budget. A run that trained to its end without
    reaching it is censored at its last observation, the middle of its last epoch: the line to
    the next one might have crossed right behind it.

    Args:
        record: its `epochs` are the censoring time where it diverged.
        threshold: training error, a fraction from 0 to 1.

    Returns:
        None for a run without an outcome: it failed, or has no curve.
    """
    budget = float(record.experiment.train.epochs)
    if record.status == "diverged":
        return Time(epochs=budget, updates=float("nan"), reached=False)
    if record.status == "failed" or not record.curve:
        return None
    errors = np.array([point.train_error for point in record.curve])
    hits = np.flatnonzero(errors <= threshold)
    if hits.size == 0:
        last = record.curve[-1].epoch - 0.5
        return Time(epochs=last, updates=float("nan"), reached=False)
    ends = np.array([0, *(point.updates for point in record.curve)], dtype=float)
    middles = np.array([point.epoch - 0.5 for point in record.curve])
    index = int(hits[0])
    return Time(
        epochs=_crossing(middles, errors, index, threshold),
        updates=_crossing((ends[:-1] + ends[1:]) / 2, errors, index, threshold),
        reached=True,
    )


def _crossing(x: np.ndarray, errors: np.ndarray, index: int, threshold: float) -> float:
    """Return where the line into point `index`, the first at the threshold, crosses it."""
    if index == 0:
        return float(x[0])
    above, below = errors[index - 1], errors[index]
    share = (above - threshold) / (above - below)
    return float(x[index - 1] + share * (x[index] - x[index - 1]))
