"""Manipulation checks: their words, and that a comparison without one is open."""

from __future__ import annotations

import pytest
from fake_runs import error
from hypothesis import given
from hypothesis import strategies as st
from made_up import difference, run, runs, study

from ablations.analysis import checks
from ablations.analysis.study_analysis import analyse
from ablations.study import Check
from alexnet_tf.errors import SpecError

PAPER, B = [30.0, 30.4, 29.8, 30.1, 30.2], [31.4, 31.9, 31.3, 31.4, 31.7]


def test_a_comparison_whose_treatment_failed_in_one_run_has_no_verdict():
    made = study(
        difference(), checks=(Check(arm="b", quantity="test_error", least=31.35, most=99),)
    )
    analysis = analyse(made, runs({"paper": PAPER, "b": B}), budget="standard")
    row, check = analysis.comparisons.iloc[0], analysis.checks.iloc[0]
    assert row["verdict"] == "inconclusive"
    assert (
        "the manipulation check of “with b” failed in 1 of 5 runs: test error, one view 31.3 to "
        "31.9 %, needed 31.4 to 99" in row["reason"]
    )
    assert (check["held"], check["n"], check["n_failing"]) == ("no", 5, 1)
    assert check["mean"] == pytest.approx(sum(B) / 5)


def test_other_arms_keep_their_verdict_and_a_check_that_holds_changes_nothing():
    items = difference(), difference(name="c", variant="c")
    failing = Check(arm="c", quantity="test_error", most=1)
    holding = Check(arm="b", quantity="test_error", least=31.3)
    values = {"paper": PAPER, "b": B, "c": B}
    plain, checked = (
        analyse(study(*items, checks=given), runs(values), budget="standard").comparisons
        for given in ((), (failing, holding))
    )
    assert checked.iloc[0].equals(plain.iloc[0]) and plain.iloc[0]["verdict"] == "agrees"
    assert checked.iloc[1]["verdict"] == "inconclusive" != plain.iloc[1]["verdict"]


def test_what_was_not_measured_is_said_and_forbids_a_verdict():
    made = study(difference(), checks=(Check(arm="b", quantity="norm_spread", least=10),))
    analysis = analyse(made, runs({"paper": PAPER, "b": B}), budget="standard")
    row = analysis.checks.to_dict("records")[0]
    assert row["held"] == "not measured"
    judged = analysis.comparisons.iloc[0]
    assert judged["verdict"] == "inconclusive"
    assert "the manipulation check of “with b” is not measured (relative spread" in judged["reason"]
    assert checks.words(row) == (
        "b: relative spread of a norm's factor not measured, needed at least 10"
    )


def test_a_check_in_words():
    made = study(difference(), checks=(Check(arm="b", quantity="rate_divisions", least=3, most=3),))
    given = [run("b", seed, error("test", 1, 30)) for seed in range(2)]
    (row,) = checks.rows(made, {"b": given})
    assert checks.words(row) == (
        "b: divisions of the learning rate 0 times, needed 3: not in 2 of 2 runs"
    )


@given(st.floats(-9, 9), st.floats(-9, 9) | st.none(), st.floats(-9, 9) | st.none())
def test_limits_belong_to_what_is_allowed(value, least, most):
    if least is None and most is None:
        with pytest.raises(SpecError, match="`least`, `most` or both"):
            Check(arm="b", quantity="test_error")
        return
    if least is not None and most is not None and least > most:
        with pytest.raises(SpecError, match="holds for no value"):
            Check(arm="b", quantity="test_error", least=least, most=most)
        return
    check = Check(arm="b", quantity="test_error", least=least, most=most)
    low, high = (-10 if least is None else least), (10 if most is None else most)
    assert check.holds(value) == (sorted([low, value, high])[1] == value and low <= high)


def test_a_check_is_of_an_arm_of_the_study():
    with pytest.raises(SpecError, match="no arm 'bb' for 'checks'"):
        study(difference(), checks=(Check(arm="bb", quantity="test_error", most=1),))
