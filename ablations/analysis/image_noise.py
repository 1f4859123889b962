"""The part of the noise in an effect that the choice of test images adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ablations.analysis import paired_tests, quantities
from ablations.analysis.stopping import Course
from ablations.plan import StudyRun


def error(by_arm: Mapping[str, Sequence[StudyRun]], course: Course) -> float:
    """Return the standard error over test images in points; NaN where mistakes are not known.

    Each image counts with the mean over an arm's seeds, so that the error is that of the effect of
    these nets on a new sample of as many images.

    Args:
        by_arm: arm -> its runs.
        course: the seeds of its look that is shown are used.

    Returns:
        NaN too for ratios, for quantities that are no test error, and where nets were tested
        on different numbers of images.
    """
    item, shown = course.samples.item, course.shown
    if item.scale == "ratio":
        return float("nan")
    total: np.ndarray | None = None
    for (arm, quantity), weight, of_arm in zip(item.used, item.weights, shown.values, strict=True):
        wrong = [
            quantities.mistakes(run, quantity)
            for run in by_arm[arm]
            if run.planned.experiment.seed in of_arm
        ]
        known = [each for each in wrong if each is not None]
        if len({len(each) for each in known}) != 1:  # not known, or not the same images
            return float("nan")
        mean = weight * np.mean(known, axis=0)
        if total is not None and len(total) != len(mean):
            return float("nan")
        total = mean if total is None else total + mean
    return float("nan") if total is None else 100 * paired_tests.image_se(total[None, :])
