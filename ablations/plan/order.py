"""What a run costs in operations and epochs."""

from __future__ import annotations

from ablations.plan.runs import PlannedRun
from ablations.study import Study
from alexnet_tf.spec import Experiment

#: Training images of each data set, validation images included.
PUBLISHED = {"cifar10": 50_000, "builtin": 25_000, "imagenet": 1_281_167}


def epoch_work(experiment: Experiment) -> float:
    """Return the operations of one epoch's forward passes."""
    data = experiment.data
    images = data.train_images or PUBLISHED[data.dataset] - data.validation_images
    return images * experiment.model.flops()


def expected_epochs(study: Study, run: PlannedRun, name: str) -> float:
    """Return how many epochs a run will take: as measured for its arm, at most its limit."""
    limit = run.experiment.train.epochs
    if run.role == "search" or name not in study.budgets:
        return limit
    return min(limit, study.budgets[name].expected_epochs.get(run.arm, limit))
