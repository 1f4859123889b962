"""A made-up study of four arms, and runs of it with the errors that a test asks for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import fake_runs
from fake_runs import error

from ablations.plan import StudyRun
from ablations.studies.lrn import STUDY as LRN
from ablations.study import Budget, Comparison, Study
from alexnet_tf.records import Evaluation, Status
from alexnet_tf.spec import Experiment, replace

_NET = replace(LRN.arms["paper"], {"train.epochs": 30, "train.changes": ()})

ARMS: dict[str, Experiment] = {
    "paper": _NET,
    **{
        name: replace(_NET, {"model.output_weight_decay": 0.001 * number})
        for number, name in enumerate(("b", "c", "d"), start=1)
    },
}


def difference(**changes: Any) -> Comparison:
    """A difference of test errors between `paper` and `b`."""
    values: dict[str, Any] = {
        **{"name": "b", "baseline": "paper", "variant": "b"},
        **{"claimed": "higher", "smallest": 0.5, "quantity": "test_error"},
        "pairing": "seed",
    }
    return Comparison(**{**values, **changes})


def study(*items: Comparison, **changes: Any) -> Study:
    """A study of four arms, with these differences."""
    values: dict[str, Any] = {
        **{"name": "made_up", "title": "Made up", "claim": "A claim.", "claim_ids": ("C00",)},
        **{"section": "0", "limits": "All of it.", "arms": ARMS},
        "labels": {"paper": "the net", "b": "with b", "c": "with c", "d": "with d"},
        "budgets": {
            "standard": Budget(seeds=5, epochs=None),
            "quick": Budget(seeds=5, epochs=None, exploratory=True),
        },
        "comparisons": items,
    }
    return Study(**{**values, **changes})


def run(
    arm: str,
    seed: int,
    *evaluations: Evaluation,
    inspection: Mapping[str, float] | None = None,
    folder: Path | None = None,
    settings: Mapping[str, Any] | None = None,
    curve: Sequence[float] = (0.9, 0.5, 0.4),
    validation: Sequence[float | None] | None = None,
    **changes: Any,
) -> StudyRun:
    """Return one run with these evaluations; `changes` are fields of its record."""
    experiment = replace(ARMS[arm], {**(settings or {}), "seed": seed})
    seconds = [float(epoch) for epoch in range(1, len(curve) + 1)]
    points = fake_runs.curve(curve, validation, updates=10, seconds=seconds)
    values = {"curve": points, "seconds": 6.0}
    made = fake_runs.record(experiment, evaluations=evaluations, **{**values, **changes})
    return fake_runs.run(arm, experiment, made, folder=folder, inspection=inspection)


def new(arm: str, seed: int) -> StudyRun:
    """A run that is still to be computed."""
    return dataclasses.replace(run(arm, seed), record=None)


def runs(errors: Mapping[str, Sequence[float | Status]], **changes: Any) -> list[StudyRun]:
    """Runs with these test errors in percent, one and ten views alike, or this status."""
    made = []
    for arm, values in errors.items():
        for seed, value in enumerate(values):
            if isinstance(value, str):
                made.append(run(arm, seed, status=value, **changes))
            else:
                both = (error("test", 1, value), error("test", 10, value))
                made.append(run(arm, seed, *both, **changes))
    return made
