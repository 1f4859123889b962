"""The time of one training step, measured in a process of its own before any training."""

from __future__ import annotations

from ablations.execution.training import StoppedError
from alexnet_tf.benchmark.measure import measure
from alexnet_tf.benchmark.rows import Row
from alexnet_tf.benchmark.settings import Settings
from alexnet_tf.errors import ENVIRONMENT
from alexnet_tf.spec import Experiment

_SECONDS = 1.0  # of each timing, at least one step
_REPEATS = 3


def images_per_second(experiment: Experiment, threads: int) -> float:
    """Return the median rate of training steps on one batch that stays in memory.

    A process of its own times forward pass, backward pass and update three times, for about
    a second each, on random numbers.

    Args:
        experiment: gives the net, the batch size and the precision.
        threads: of the process.

    Raises:
        StoppedError: the net cannot be trained here; the message says why.
    """
    settings = Settings(
        experiment,
        batch=experiment.train.batch_size,
        threads=threads,
        repeats=_REPEATS,
        seconds=_SECONDS,
        matrix=256,  # its rate is not used here
    )
    row = Row("train", "alexnet_tf", experiment.train.precision)
    (found,) = measure([row], settings, {}, lambda words: None)
    if not found.values:
        raise StoppedError(found.reason, ENVIRONMENT)
    return sorted(found.values)[len(found.values) // 2]
