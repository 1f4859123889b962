"""The rows of the table `summary`: the mean of a quantity over an arm's seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ablations.analysis import frames, quantities
from ablations.analysis.paired_tests import spread, t_interval
from ablations.analysis.pairs import of_all, opened
from ablations.analysis.samples import values_by_seed
from ablations.plan import StudyRun
from ablations.study import Quantity, Study


def summary_row(
    study: Study, runs: Sequence[StudyRun], arm: str, quantity: Quantity
) -> dict[str, object]:
    """Return an arm's mean over its reported seeds, a row of the table `summary`.

    One bound among the values makes the mean a bound: the interval is then open on its side, as
    that of a comparison, and the standard deviation is not known.

    Args:
        study: gives the arm and the threshold of times.
        runs: of all arms and roles.
        arm: name of the arm.
        quantity: a name of `quantities.MEASURES`, whose unit the numbers have.
    """
    experiment = frames.experiment(study, runs, arm)
    planned = frames.reported(runs, arm)
    statuses = [run.record.status for run in planned if run.record]
    found = list(values_by_seed(planned, quantity, study.threshold).values())
    known = [value for value, _ in found]
    mean, *ends = t_interval(known)
    unit = quantities.MEASURES[quantity].unit
    # a mean of times within the budget lies between 0 and the budget
    most = {"%": 100.0, "epochs": float(experiment.train.epochs)}.get(unit)
    if most is not None:
        ends = [float(np.clip(end, 0, most)) for end in ends]
    bound = of_all(lies for _, lies in found)
    low, high = opened((ends[0], ends[1]), bound)
    return {
        "study": study.name,
        "arm": arm,
        "n": len(known),
        "metric": quantity,
        "mean": mean,
        "ci_low": low,
        "ci_high": high,
        "unit": unit,
        "n_censored": sum(lies == "at least" for _, lies in found),
        "paper_value": None,
        "precision": experiment.train.precision,
        "sd": spread(known) if bound == "exact" else math.nan,
        "bound": bound,
        "n_planned": len(planned),
        "n_diverged": statuses.count("diverged"),
        "n_failed": statuses.count("failed"),
        "parameters": experiment.model.parameters(),
        "mflops": experiment.model.flops() / 1e6,
    }
