"""What is said of runs that give reason to doubt a comparison."""

from __future__ import annotations

from typing import Any

import numpy as np
from fake_runs import error
from made_up import difference, new, run, study

from ablations.analysis import doubts
from ablations.analysis.ensembling import Nets
from ablations.plan import StudyRun
from ablations.study import Quantity


def said(*runs: StudyRun, **changes: Any) -> list[str]:
    item = difference(**changes)
    by_arm = {arm: [one for one in runs if one.planned.arm == arm] for arm in item.arms}
    return doubts.of_runs(study(item), by_arm, item)


def test_planned_runs_that_have_not_ended_are_not_counted():
    guessing = run("b", 0, error("test", 1, 90.0))
    waiting = [new("b", seed) for seed in range(1, 8)]
    assert said(guessing, *waiting) == ["Arm “with b”: 1 of 1 finished run ended at chance level."]
    failed = run("b", 8, status="failed")
    assert said(failed, guessing, *waiting) == [
        "Arm “with b”: 1 of 2 ended runs failed and is left out.",
        "Arm “with b”: 1 of 1 finished run ended at chance level.",
    ]
    assert said(*waiting) == []


def test_two_quantities_that_the_same_runs_lack_are_named_in_one_sentence():
    other: Quantity = "test_error_ten_views"
    one: dict[str, Any] = {"variant": "paper", "baseline_quantity": other}
    both = run("paper", 0, error("test", 1, 30.0), error("test", 10, 29.0))
    nothing = run("paper", 1)
    assert said(both, nothing, **one) == [
        'Arm “the net”: 1 of 2 finished runs has no value of "test error, ten views" or "test '
        'error, one view".'
    ]
    half = run("paper", 2, error("test", 1, 30.0))
    assert said(both, nothing, half, **one) == [
        'Arm “the net”: 2 of 3 finished runs have no value of "test error, ten views".',
        'Arm “the net”: 1 of 3 finished runs has no value of "test error, one view".',
    ]


def test_nets_that_cannot_be_averaged_are_counted():
    empty: dict[str, Any] = {"probabilities": np.empty((0, 0, 0)), "labels": np.empty(0)}
    assert doubts.of_ensemble(Nets(**empty, without=0)) == []
    assert doubts.of_ensemble(Nets(**empty, without=1)) == [
        "1 finished net has no probabilities of the recorded weights."
    ]
