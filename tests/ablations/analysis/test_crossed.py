"""Seeds whose runs were computed in environments that do not give the same bits make no pair."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

import pytest
from fake_runs import ENVIRONMENT
from judged import CLEAR, PAPER
from made_up import difference, runs, study

from ablations.analysis.study_analysis import Analysis, analyse
from ablations.plan import StudyRun
from ablations.study import Comparison, Study

ELSEWHERE = dataclasses.replace(ENVIRONMENT, host="another host", cores=64)
OTHER = dataclasses.replace(ENVIRONMENT, onednn="0")


def computed(found: list[StudyRun], others: Collection[tuple[str, int]]) -> list[StudyRun]:
    """The runs with environments: those of (arm, seed) in `others` give other bits."""
    made = []
    for run in found:
        where = (run.planned.arm, run.planned.experiment.seed)
        here = ELSEWHERE if where[1] == 1 else ENVIRONMENT
        environment = OTHER if where in others else here
        assert run.record is not None
        made.append(
            dataclasses.replace(
                run, record=dataclasses.replace(run.record, environment=environment)
            )
        )
    return made


def analysed(given: Study | Comparison, others: Collection[tuple[str, int]]) -> Analysis:
    of = given if isinstance(given, Study) else study(given)
    errors = {"paper": PAPER, "b": CLEAR, "c": [error + 1 for error in CLEAR]}
    found = runs({arm: errors[arm] for arm in of.arms if arm in errors})
    return analyse(of, computed(found, others), budget="standard")


def test_a_seed_of_two_arithmetics_is_no_pair_and_there_is_no_verdict():
    item = difference(pairing="seed")
    row = analysed(item, {("b", 2), ("paper", 4)}).comparisons.iloc[0]
    assert row.n == row.n_baseline == 3 and row.verdict in ("open", "inconclusive")
    assert "of 2 seeds are each of environments that do not give the same bits" in row.reason
    changes = analysed(item, {("b", 2), ("paper", 4)}).changes
    assert list(changes.seed) == [0, 1, 3]


def test_a_seed_that_is_elsewhere_with_all_its_runs_is_a_pair():
    item = difference(pairing="seed")
    row = analysed(item, {("b", 2), ("paper", 2)}).comparisons.iloc[0]
    assert row.n == 5 and "same bits" not in row.reason and row.verdict.startswith("agrees")


def test_independent_arms_are_no_pairs_and_not_affected():
    row = analysed(difference(pairing="none"), {("b", 2)}).comparisons.iloc[0]
    assert row.n == 5 and "same bits" not in row.reason


@pytest.mark.parametrize(("others", "n"), [(set(), 5), ({("c", 3)}, 4)])
def test_an_order_leaves_such_a_seed_out(others, n):
    items = (difference(family="secondary"), difference(name="c", variant="c", family="secondary"))
    row = analysed(study(*items, order=("c", "b")), others).comparisons.iloc[-1]
    assert row.n == n
    assert ("the runs of 1 seed are of environments that do not" in row.reason) == bool(others)
