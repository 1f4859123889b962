"""Times at which a run's error first falls to a goal, and their censoring: the one place of it.

A run that never has the error asked for is right-censored: all that is known is that its time
is beyond its last observation. Of one that has it at its first observation all that is known is
that its time is no later. Where an observation stands is the curve's to say: a training error in
the middle of its epoch, over which it is a mean, a validation error at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablations.analysis.pairs import Bound
from alexnet_tf.records import RunRecord


@dataclass(frozen=True, kw_only=True)
class Time:
    """The time at which one run first had the error asked for.

    Where it was not reached, `epochs` is the censoring time and `updates` is NaN.
    """

    epochs: float  # at least 0
    updates: float  # weight updates
    bound: Bound  # at least: not reached by then; at most: reached before the first observation

    @property
    def reached(self) -> bool:
        """Whether the run had the error."""
        return self.bound != "at least"


def time_to_error(record: RunRecord, threshold: float) -> Time | None:
    """Return when the run's training error first falls to `threshold`.

    The error of epoch e is its mean while the epoch was presented, so it stands at e - 0.5. A
    first epoch that is already at the threshold has a time of at most 0.5, the first observation.

    Args:
        record: of a run.
        threshold: training error, a fraction from 0 to 1.

    Returns:
        As `first_time`.
    """
    ends = np.array([0, *(point.updates for point in record.curve)], dtype=float)
    return first_time(
        record,
        threshold,
        errors=[point.train_error for point in record.curve],
        epochs=[point.epoch - 0.5 for point in record.curve],
        updates=(ends[:-1] + ends[1:]) / 2,
    )


def first_time(
    record: RunRecord,
    goal: float,
    *,
    errors: Sequence[float],
    epochs: Sequence[float],
    updates: Sequence[float] | np.ndarray,
) -> Time | None:
    """Return when a curve of straight lines first falls to `goal`, or where it is censored.

    A diverged run has no working net at the end, whatever its curve was: it never reaches the
    goal within its budget, where it is censored. A run that trained to its end without reaching
    the goal is censored at its last observation: the line to the next one might have crossed
    right behind it.

    Args:
        record: its `epochs` are the censoring time where it diverged.
        goal: in the unit of `errors`.
        errors: (n,), the observations.
        epochs: (n,), where they stand, ascending.
        updates: (n,), the same in weight updates.

    Returns:
        None for a run without an outcome: it failed, or has no observation.
    """
    if record.status == "diverged":
        budget = float(record.experiment.train.epochs)
        return Time(epochs=budget, updates=float("nan"), bound="at least")
    if record.status == "failed" or not errors:
        return None
    hits = [index for index, error in enumerate(errors) if error <= goal]
    if not hits:
        return Time(epochs=float(epochs[-1]), updates=float("nan"), bound="at least")
    return Time(
        epochs=_crossing(epochs, errors, hits[0], goal),
        updates=_crossing(updates, errors, hits[0], goal),
        bound="exact" if hits[0] or not epochs[0] else "at most",
    )


def _crossing(
    x: Sequence[float] | np.ndarray, errors: Sequence[float], index: int, goal: float
) -> float:
    """Return where the line into point `index`, the first at the goal, crosses it."""
    if index == 0:
        return float(x[0])
    above, below = errors[index - 1], errors[index]
    share = (above - goal) / (above - below)
    return float(x[index - 1] + share * (x[index] - x[index - 1]))
