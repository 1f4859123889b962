"""The time at which a net had converged, and its rate's divisions, read off a record's curve.

Between the ends of epochs the validation error is a straight line, from the chance-level error
before the first. A net that never falls to the error asked for is censored, as every time is:
`time_to_error`.
"""

from __future__ import annotations

import itertools

import numpy as np

from ablations.analysis.time_to_error import Time, first_time
from alexnet_tf.records import RunRecord
from alexnet_tf.spec import Experiment
from alexnet_tf.train.schedule import rates

#: A net has settled when this share is left of its fall from chance level to where it ends.
LEFT = 0.05
#: It ends at the mean over this share of the epochs, the last ones, at least one.
END = 0.1


def chance(experiment: Experiment) -> float:
    """Return the error in percent of random guessing: 90 for ten classes."""
    return 100 * (1 - 1 / experiment.model.classes)


def epochs_to(record: RunRecord, goal: float) -> Time | None:
    """Return after how many epochs the validation error first is `goal` percent.

    It stands at the end of its epoch, so that the last observation is the end of the last one.

    Args:
        record: of a run.
        goal: percent, 0 to 100.

    Returns:
        Epochs, not rounded: 2.5 is halfway through the third. 0 where chance level is good enough.
        A bound as of `time_to_error.first_time`; None also where the error was not measured
        after every epoch.
    """
    errors = _validated(record)
    return first_time(
        record,
        goal,
        errors=[chance(record.experiment), *errors] if errors else [],
        epochs=[0.0, *(float(point.epoch) for point in record.curve)],
        updates=[0.0, *(float(point.updates) for point in record.curve)],
    )


def end(record: RunRecord) -> float | None:
    """Return the error at which a net counts as settled, in percent; None as `epochs_to`.

    That is where 95 % of the fall is done from the chance-level error to the mean over the last
    tenth of the epochs.
    """
    errors = _validated(record)
    if not errors:
        return None
    last = float(np.mean(errors[-max(1, int(END * len(errors))) :]))
    return last + LEFT * max(0.0, chance(record.experiment) - last)


def rate_divisions(record: RunRecord) -> int:
    """Return how often the learning rate fell before the last epoch that was trained.

    A fall counts where an epoch has a lower rate than the one before it, by a planned change
    or by the rule for a plateau; the paper's nets had three.
    """
    seen = _rates(record)
    return sum(after < before for before, after in itertools.pairwise(seen))


def decay_pull(record: RunRecord) -> float:
    """Return the sum over the updates of learning rate x decay / (1 - momentum).

    It is without a unit: the decay alone would shrink a weight by about a factor of exp(-pull)
    over the training. 0 without a curve.
    """
    train = record.experiment.train
    updates = np.diff([0, *(point.updates for point in record.curve)])
    summed = float(np.dot(_rates(record), updates)) if record.curve else 0.0
    return summed * train.weight_decay / (1 - train.momentum)


def _rates(record: RunRecord) -> list[float]:
    """Return the learning rate of each epoch."""
    experiment, curve = record.experiment, record.curve
    layers = experiment.model.names()
    return [rates(experiment.train, layers, curve[:done]).rate for done in range(len(curve))]


def _validated(record: RunRecord) -> list[float]:
    """Return the validation error in percent after each epoch; empty where one is missing."""
    errors = [point.validation_error for point in record.curve]
    return [100 * error for error in errors if error is not None] if None not in errors else []
