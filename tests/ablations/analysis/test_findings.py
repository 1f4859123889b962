"""Findings of a study hold what their tables hold, in words a reader knows."""

from __future__ import annotations

import math

from fake_runs import error
from made_up import difference, run, runs, study
from made_up_times import RELU, STUDY, study_runs

from ablations import study as studies
from ablations.analysis.findings import findings
from ablations.analysis.study_analysis import analyse
from ablations.report.numbers import stated
from ablations.study import Ensemble

ERRORS = {"paper": [30.0, 30.4, 29.8, 30.1, 30.2], "b": [31.4, 31.9, 31.3, 31.4, 31.7]}


def test_a_finding_of_speed_is_its_comparison():
    analysis = analyse(STUDY, study_runs(RELU, [6.1 * r for r in RELU]), budget="standard")
    (found,) = findings(analysis)
    row = analysis.comparisons.iloc[0]
    assert (found.estimate, found.low, found.high) == (row.estimate, row.low, row.high)
    assert (found.paper, found.paper_text, found.unit, found.scale) == (
        6.0,
        "6\u202f×",
        "x",
        "ratio",
    )
    assert (found.smallest, found.n, found.power) == (1.5, 5, row.power)
    assert (found.verdict, found.reason) == (row.verdict, row.reason)
    assert (
        found.label == "tanh, as in 2012, against ReLU, as in 2012: epochs to 25 % training error"
    )
    assert not found.exploratory and found.family == "primary"
    quick = analyse(STUDY, study_runs(RELU, RELU), budget="quick")
    assert findings(quick)[0].exploratory


def test_later_comparisons_of_speed_are_secondary():
    given = studies.load("relu_vs_tanh")
    found = findings(analyse(given, [], budget="standard"))
    assert [one.family for one in found] == ["primary", "secondary"]
    assert all(math.isnan(one.estimate) and one.n == 0 for one in found)


def test_a_finding_of_scores_is_its_comparison():
    items = (
        difference(paper=1.4),
        difference(name="interaction", interaction=("c", "d"), family="secondary"),
        difference(name="views", variant="paper", baseline_quantity="test_error_ten_views"),
    )
    made = runs(ERRORS)
    analysis = analyse(study(*items), made, budget="standard")
    first, second, third = findings(analysis)
    row = analysis.comparisons.iloc[0]
    for name in ("estimate", "low", "high", "n", "power", "verdict", "reason", "smallest"):
        assert getattr(first, name) == row[name]
    assert (first.paper, first.paper_text, first.unit) == (1.4, "+1.4 points", "points")
    assert first.label == "with b, against the net: test error, one view"
    assert (first.study, first.claim_ids, first.budget) == ("made_up", ("C00",), "standard")
    assert (second.paper, second.paper_text, second.family) == (None, "no number", "secondary")
    assert "interaction: less the effect of with d, against with c" in second.label
    assert third.label == "test error, one view, against test error, ten views"


def test_texts_of_the_papers_numbers():
    items = (
        difference(
            name="ratio", quantity="seconds_per_epoch", scale="ratio", smallest=1.1, paper=2
        ),
        difference(name="index", quantity="kernel_colour_split", paper=0.25),
        difference(name="lower", claimed="lower", paper=-2.0),
        difference(name="bound", paper=1.0, paper_is="at least"),
        difference(name="question", claimed="none", family="secondary"),
    )
    *found, last = findings(analyse(study(*items), [], budget="quick"))
    assert [one.paper_text for one in found] == ["2\u202f×", "+0.25", "−2 points", "over +1 points"]
    assert last.paper_text == "no claim"
    assert study(items[3]).paper_value == "over +1 points"
    assert stated(found[-1].paper, "points", found[-1].paper_is) == "over +1 points"
    assert all(one.exploratory for one in [*found, last])


def test_an_ensemble_has_a_finding_for_every_size():
    given = study(ensemble=Ensemble(arm="paper", sizes=(1, 2, 5), smallest=0.5, paper=-2.6))
    made = [run("paper", 0, error("test", 10, 30.0))]
    found = findings(analyse(given, made, budget="standard"))
    assert [one.family for one in found] == ["secondary", "primary"]
    assert found[1].label == "5 nets averaged, against 1 net: test error, ten views"
    assert (found[1].paper_text, found[0].paper_text) == ("−2.6 points", "no number")
    assert given.paper_value == "−2.6 points"


def test_an_order_is_a_finding_of_chance():
    given = study(difference(family="secondary"), order=("b", "c"))
    made = runs({**ERRORS, "c": [30.1, 30.2, 30.0, 30.3, 30.1]})
    found = findings(analyse(given, made, budget="standard"))[-1]
    assert (found.family, found.unit, found.paper) == ("primary", "chance", None)
    assert found.paper_text == "an order" and found.verdict == "agrees"
    assert found.label == "probability of the paper's order of effects: with b, with c"


def test_every_study_has_findings_with_distinct_labels():
    for name in studies.names():
        given = studies.load(name)
        found = findings(analyse(given, [], budget="standard"))
        labels = [one.label for one in found]
        assert found and len(set(labels)) == len(labels), name
        assert all(one.verdict in ("inconclusive", "open") for one in found)
