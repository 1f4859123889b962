"""Runs of Figure 1 that reach 25 % after epochs a test asks for."""

import dataclasses
import math

import fake_runs
from hypothesis import settings

from ablations.analysis import effects, stopping
from ablations.analysis.pairs import Values
from ablations.analysis.samples import Samples
from ablations.analysis.study_analysis import analyse
from ablations.plan import Role, StudyRun
from ablations.studies.relu_vs_tanh import STUDY
from alexnet_tf.records import RunRecord, Status
from alexnet_tf.spec import Experiment, replace

PAPER = STUDY
STUDY = dataclasses.replace(
    PAPER,
    comparisons=PAPER.comparisons[:1],
    budgets={**PAPER.budgets, "standard": dataclasses.replace(PAPER.budgets["standard"], seeds=5)},
)
UPDATES = 100  # an epoch
slow = settings(max_examples=60, deadline=None)


def record(experiment: Experiment, errors, status: Status = "done") -> RunRecord:
    curve = fake_runs.curve(errors, updates=UPDATES)
    return fake_runs.record(experiment, curve=curve, status=status)


def crossing_at(epochs: float, threshold=0.25) -> list[float]:
    """Errors on a straight line that is at `threshold` after `epochs`."""
    return [threshold + (epochs - (e - 0.5)) * 0.01 for e in range(1, math.ceil(epochs + 0.5) + 1)]


def run(
    arm, seed, epochs, status: Status = "done", role: Role = "reported", changes=None
) -> StudyRun:
    """One run that reaches 25 % after `epochs`; None: never; "new": no record."""
    experiment = replace(STUDY.arms[arm], {**(changes or {}), "seed": seed})
    errors = [0.6] * experiment.train.epochs
    if isinstance(epochs, float | int):
        errors = crossing_at(epochs)
    made = None if epochs == "new" else record(experiment, errors, status)
    return fake_runs.run(arm, experiment, made, role=role)


def study_runs(relu, tanh) -> list[StudyRun]:
    pairs = enumerate(zip(relu, tanh, strict=True))
    return [r for s, (a, b) in pairs for r in (run("relu", s, a), run("tanh", s, b))]


def verdict(relu, tanh, budget="standard", study=STUDY):
    return analyse(study, study_runs(relu, tanh), budget=budget).comparisons.iloc[0]


def samples_of(pairs, item=STUDY.comparisons[0]) -> Samples:
    """Pairs of times as the samples of a comparison; None: not reached by epoch 60."""

    def side(place: int) -> Values:
        times = (one[place] for one in pairs)
        return {
            seed: (60.0, "at least") if time is None else (float(time), "exact")
            for seed, time in enumerate(times)
        }

    ended = frozenset(range(len(pairs)))
    return Samples(item=item, values=(side(0), side(1)), settled=(ended, ended))


def ratio_of(pairs) -> effects.Effect:
    return effects.measure(stopping.course(samples_of(pairs), (), 1))


RELU = [5.0, 5.5, 6.0, 5.2, 5.8]
