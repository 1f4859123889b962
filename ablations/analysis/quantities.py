"""The reading of each quantity off a run: errors in percent, time in epochs or seconds.

A run that diverged has no working net. Its errors count as chance level, 100 * (1 -
1 / classes) percent, whatever it reached before: a variant that sometimes fails to train is
worse than one that never does, and leaving the failures out would hide it. The gap between
two chance-level errors is 0. The time of a run that never had the error asked for, or that
diverged, is censored (`time_to_error`): a lower bound, and nowhere taken as exact; that of a run
that had the error at its first observation is an upper one.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablations.analysis import convergence
from ablations.analysis.convergence import chance
from ablations.analysis.pairs import Bound
from ablations.analysis.time_to_error import Time, time_to_error
from ablations.plan import StudyRun
from ablations.study import Quantity
from alexnet_tf.records import EpochResult, Evaluation, Part, RunRecord

#: A net counts as converged when its validation error is this share of the chance-level error.
CONVERGED = 0.5
#: The early stage of learning is this share of the epochs, at least one.
EARLY = 1 / 8


@dataclass(frozen=True, kw_only=True)
class Measure:
    """The words and the unit in which a reader sees a quantity."""

    label: str
    unit: str  # "%", "points", "epochs", "seconds", "times", "mnat", "grey levels" or "index"

    @property
    def unit_of_differences(self) -> str:
        """Percent differ by percentage points; other units stay what they are."""
        return "points" if self.unit == "%" else self.unit


_GOALS: dict[Quantity, int] = {
    "epochs_to_70": 70,
    "epochs_to_60": 60,
    "epochs_to_50": 50,
    "epochs_to_40": 40,
}

MEASURES: dict[Quantity, Measure] = {
    "test_error": Measure(label="test error, one view", unit="%"),
    "test_error_ten_views": Measure(label="test error, ten views", unit="%"),
    "validation_error": Measure(label="validation error", unit="%"),
    "train_error": Measure(label="training error, as at test time", unit="%"),
    "generalisation_gap": Measure(label="validation minus training error", unit="points"),
    "running_train_error": Measure(label="training error of the last epoch", unit="%"),
    "early_train_error": Measure(label="training error, first eighth of the epochs", unit="%"),
    "epochs_to_error": Measure(label="epochs to a training error", unit="epochs"),
    "epochs_to_converge": Measure(label="epochs to half the chance-level error", unit="epochs"),
    "seconds_per_epoch": Measure(label="seconds an epoch", unit="seconds"),
    "kernel_colour_split": Measure(label="split of colour between the towers", unit="index"),
    "shuffled_colour_split": Measure(label="split of the same kernels, shuffled", unit="index"),
    "fc7_neighbour_agreement": Measure(label="neighbours in fc7 of the same label", unit="%"),
    "pixel_neighbour_agreement": Measure(label="neighbours in pixels of the same label", unit="%"),
    "dropout_mean_error": Measure(label="test error, mean of nets with dropout", unit="%"),
    "dropout_kl_halved": Measure(
        label="divergence of halved outputs from the nets' mean", unit="mnat"
    ),
    "dropout_kl_unhalved": Measure(label="divergence of outputs not halved", unit="mnat"),
    "dropout_kl_one_mask": Measure(label="divergence of one net with dropout", unit="mnat"),
    "dropout_kl_arithmetic": Measure(label="divergence of the arithmetic mean", unit="mnat"),
    "colour_split_chance": Measure(label="deals with as large a split of colour", unit="%"),
    "fc7_neighbour_pixel_rank": Measure(label="images nearer in pixels than in fc7", unit="%"),
    **{
        name: Measure(label=f"epochs to a validation error of {goal} %", unit="epochs")
        for name, goal in _GOALS.items()
    },
    "epochs_to_settle": Measure(label="epochs until 95 % of the fall is done", unit="epochs"),
    "rate_divisions": Measure(label="divisions of the learning rate", unit="times"),
    "decay_pull": Measure(label="pull of the decay over the training", unit="index"),
    "norm_spread": Measure(label="relative spread of a norm's factor", unit="%"),
    "units_kept": Measure(label="units kept in training", unit="%"),
    "views_moved": Measure(label="images not shown as their centre", unit="%"),
    "colour_shift": Measure(label="colour shift by jitter", unit="grey levels"),
}

#: Quantities that are times, of which a run may give only a bound.
TIMES = frozenset(name for name, item in MEASURES.items() if item.unit == "epochs")

_EVALUATED: dict[Quantity, tuple[Part, int]] = {
    "test_error": ("test", 1),
    "test_error_ten_views": ("test", 10),
    "validation_error": ("validation", 1),
    "train_error": ("train", 1),
}


def label(quantity: str, threshold: float | None = None) -> str:
    """Return what a reader calls a quantity; times to an error name it, 0 to 1, where given.

    >>> label("epochs_to_error", 0.25), label("train_error")
    ('epochs to 25 % training error', 'training error, as at test time')
    """
    if quantity == "epochs_to_error" and threshold is not None:
        return f"epochs to {100 * threshold:g} % training error"
    return next((item.label for name, item in MEASURES.items() if name == quantity), quantity)


def value(run: StudyRun, quantity: Quantity, threshold: float | None = None) -> float | None:
    """Return the quantity of a run in the unit of `MEASURES`.

    None where the run has no outcome or the quantity was not measured. A net that sees whole
    images has no error from ten views: its error from one is not put in its place.

    Args:
        run: with its record, and the inspection of its net where the quantity needs one.
        quantity: a name of `MEASURES`.
        threshold: the training error, 0 to 1, that `epochs_to_error` counts to; other
            quantities do without.
    """
    record = run.record
    if record is None or record.status == "failed":
        return None
    diverged = record.status == "diverged"
    if quantity in TIMES:
        found = time(run, quantity, threshold)
        return None if found is None else found.epochs
    if quantity in _EVALUATED:
        return chance(record.experiment) if diverged else _error(record, *_EVALUATED[quantity])
    match quantity:
        case "generalisation_gap":
            return 0.0 if diverged else _gap(record)
        case "running_train_error" | "early_train_error" if diverged:
            return chance(record.experiment)
        case "running_train_error":
            return 100 * record.curve[-1].train_error if record.curve else None
        case "early_train_error":
            return _early(record)
        case "rate_divisions":
            return None if diverged else float(convergence.rate_divisions(record))
        case "decay_pull":
            return None if diverged else convergence.decay_pull(record)
        case "seconds_per_epoch":
            return _seconds(record.curve)
    return run.inspection.get(quantity)


def at_chance_level(run: StudyRun) -> bool:
    """Say whether a finished net errs within a point of chance level, or more.

    The error is that of the test images from one view.
    """
    if run.record is None or run.record.status != "done":
        return False
    error = _error(run.record, "test", 1)
    return error is not None and error > chance(run.record.experiment) - 1.0


def bound(run: StudyRun, quantity: Quantity, threshold: float | None = None) -> Bound:
    """Return how the value lies to the true one; only a time may be a bound, as `Time` says.

    The errors of a diverged run count as chance level and as exact.

    Args:
        run: with its record.
        quantity: a name of `MEASURES`.
        threshold: as of `value`.
    """
    found = time(run, quantity, threshold)
    return "exact" if found is None else found.bound


def time(run: StudyRun, quantity: Quantity, threshold: float | None = None) -> Time | None:
    """Return the time that a quantity is, in epochs, and whether it was reached.

    Args:
        run: with its record.
        quantity: a name of `MEASURES`.
        threshold: as of `value`.

    Returns:
        None for a quantity that is no time, and for a run without an outcome.
    """
    record = run.record
    if record is None or record.status == "failed" or quantity not in TIMES:
        return None
    if quantity == "epochs_to_error":
        return None if threshold is None else time_to_error(record, threshold)
    goal = _goal(record, quantity)
    return None if goal is None else convergence.epochs_to(record, goal)


def mistakes(run: StudyRun, quantity: Quantity) -> np.ndarray | None:
    """Return (images,) whether each test image is wrong; None where that is not known.

    Known of the two test errors of a run that did not diverge; the order of the images is
    the same in every run.
    """
    record, known = run.record, ("test_error", "test_error_ten_views")
    if record is None or record.status != "done" or quantity not in known:
        return None
    found = evaluation(record, *_EVALUATED[quantity])
    packed = np.frombuffer(base64.b64decode(found.wrong if found else ""), np.uint8)
    return np.unpackbits(packed)[: found.images].astype(bool) if found and len(packed) else None


def evaluation(record: RunRecord, part: Part, views: int) -> Evaluation | None:
    """Return the record's evaluation of a part from 1 or 10 views, where there is one."""
    matching = [e for e in record.evaluations if (e.part, e.views) == (part, views)]
    return matching[0] if matching else None


def _error(record: RunRecord, part: Part, views: int) -> float | None:
    found = evaluation(record, part, views)
    return 100 * found.top1_error if found else None


def _gap(record: RunRecord) -> float | None:
    validation, train = _error(record, "validation", 1), _error(record, "train", 1)
    return validation - train if validation is not None and train is not None else None


def _goal(record: RunRecord, quantity: Quantity) -> float | None:
    """Return the validation error in percent that a time is measured to; None: no time is."""
    if quantity == "epochs_to_converge":
        return CONVERGED * chance(record.experiment)
    if quantity == "epochs_to_settle":
        return convergence.end(record) if record.status == "done" else 0.0
    return _GOALS.get(quantity)


def _early(record: RunRecord) -> float | None:
    """Return the mean running training error in percent over the first eighth of the epochs.

    None where the run ended before it: fewer epochs are an earlier stage.
    """
    count = max(1, int(record.experiment.train.epochs * EARLY))
    if len(record.curve) < count:
        return None
    return 100 * float(np.mean([point.train_error for point in record.curve[:count]]))


def _seconds(curve: Sequence[EpochResult]) -> float | None:
    """Return the median time of an epoch; the first one, which builds the graph, is left out."""
    seconds = [point.seconds for point in curve[1:]]
    return float(np.median(seconds)) if seconds else None
