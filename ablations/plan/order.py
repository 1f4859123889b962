"""The cost of a run in operations and epochs."""

from __future__ import annotations

from ablations.plan.runs import PlannedRun
from ablations.study import Study
from alexnet_tf.spec import Experiment

#: Training images of each data set, validation images included.
PUBLISHED = {"cifar10": 50_000, "builtin": 25_000, "imagenet": 1_281_167}


def epoch_work(experiment: Experiment) -> float:
    """Return the operations of one epoch's forward passes: images x 2 x multiply-adds.

    The backward pass costs about twice as much again and is left out: only ratios of this number
    are used. Validation images are not counted.
    """
    data = experiment.data
    images = data.train_images or PUBLISHED[data.dataset] - data.validation_images
    return images * experiment.model.flops()


def expected_epochs(study: Study, run: PlannedRun, name: str) -> float:
    """Return how many epochs a run will take: as measured for its arm, at most its limit.

    A run that stops at an error ends before its limit; `Budget.expected_epochs` holds what was
    seen. A search run, and an arm without such a number, counts with its limit.

    Args:
        study: on the data set of the run.
        run: gives the limit, `train.epochs`.
        name: of the budget; one that the study does not have gives the limit too.
    """
    limit = run.experiment.train.epochs
    if run.role == "search" or name not in study.budgets:
        return limit
    return min(limit, study.budgets[name].expected_epochs.get(run.arm, limit))
