"""Objections to a verdict, corrections, and the words for failures."""

from __future__ import annotations

import dataclasses
import math

import fake_runs
import numpy as np
import pytest
from judged import CLEAR, PAPER, analysed, judged, shifted
from made_up import difference, runs, study

from ablations.analysis.study_analysis import analyse


def test_the_mirrored_study_gets_the_mirrored_verdict():
    item = difference(baseline="b", variant="paper", claimed="lower", paper=-1.4)
    mirrored = analysed(item, {"paper": PAPER, "b": CLEAR}).comparisons.iloc[0]
    straight = judged(CLEAR, paper=1.4)
    assert mirrored.verdict == straight.verdict == "agrees"
    assert mirrored.estimate == pytest.approx(-straight.estimate)
    far = analysed(dataclasses.replace(item, paper=-3.0), {"paper": PAPER, "b": CLEAR})
    assert "smaller by 1.56 points than the paper's \u22123.00" in far.comparisons.reason[0]


def test_no_verdict_from_few_seeds_or_a_quick_budget_or_built_in_images():
    one = judged(CLEAR[:1])
    assert (
        one.verdict == "open"
        and "arm “the net”: 1 of 5 seeds done; arm “with b”: 1 of 5 seeds done" in one.reason
    )
    assert math.isnan(one.low) and math.isnan(one.t_p)
    four = judged(CLEAR[:4])
    assert four.verdict == "open" and "arm “with b”: 4 of 5 seeds done" in four.reason
    assert four.t_p < 0.01
    quick = judged(CLEAR, budget="quick")
    assert quick.verdict == "inconclusive" and "'quick' is exploratory" in quick.reason
    unknown = judged(CLEAR, budget="of my own")
    assert unknown.verdict == "inconclusive" and "no budget 'of my own'" in unknown.reason
    errors = {"paper": PAPER, "b": CLEAR}
    for changes in ({"settings": {"data.dataset": "builtin"}}, {"data": fake_runs.SYNTHETIC}):
        built_in = analysed(difference(), errors, **changes)
        assert built_in.synthetic and "built-in images" in built_in.comparisons.reason[0]
        assert set(built_in.comparisons.verdict) == {"inconclusive"}
    none = judged([])
    assert none.verdict == "open" and "No difference was measured" in none.reason


def test_equal_differences_are_no_certainty():
    both = analysed(difference(claimed="equal"), {"paper": ["diverged"] * 5, "b": ["diverged"] * 5})
    assert both.comparisons.verdict[0] == "inconclusive"
    assert "no spread" in both.comparisons.reason[0]
    assert both.changes.difference.tolist() == [0.0] * 5


def test_failures_are_named_and_divergence_counts_as_chance():
    result = analysed(difference(), {"paper": PAPER, "b": [*CLEAR[:3], "diverged", "failed"]})
    reason = result.comparisons.reason[0]
    assert "Arm “with b”: 1 of 4 finished runs diverged; it counts at chance level." in reason
    assert "Arm “with b”: 1 of 5 ended runs failed and is left out." in reason
    assert result.changes.variant_value.tolist()[-1] == pytest.approx(90.0)
    summary = result.summary.set_index("arm").loc["b"]
    assert (summary.n, summary.n_planned, summary.n_diverged, summary.n_failed) == (4, 5, 1, 1)
    assert list(result.runs.status) == ["done"] * 8 + ["diverged", "failed"]


def test_families_are_corrected_apart():
    b, c, d = CLEAR, shifted(0.9, 0.2, 0.7, 0.5, 0.1), shifted(0.6, 0.1, 0.2, 0.8, -0.1)
    items = [
        difference(),
        difference(name="c", variant="c"),
        difference(name="d", variant="d", family="secondary"),
        difference(name="e", variant="d", baseline="c", family="secondary"),
        difference(name="f", variant="d", baseline="b", family="secondary"),
    ]
    made = runs({"paper": PAPER, "b": b, "c": c, "d": d})
    table = analyse(study(*items), made, budget="standard").comparisons
    p = table.t_p.tolist()
    assert table.p_adjusted[0] == pytest.approx(min(1, 2 * p[0]))
    assert table.p_adjusted[1] == pytest.approx(min(1, 2 * p[1]))
    both = [*p[2:], *table.equivalence_p[2:]]
    ranks = np.argsort(np.argsort(both)) + 1
    scaled = np.array(both) * 3 / np.minimum(ranks, 3)
    stepped = [min(scaled[ranks >= rank]) for rank in ranks]
    assert table.p_adjusted.tolist()[2:] == pytest.approx(np.minimum(stepped, 1)[:3].tolist())
    assert "corrected for 2 comparisons" in table.reason[0]
    alone = judged(b)
    assert table.power[0] < alone.power and table.detectable[0] > alone.detectable


def test_significant_alone_but_not_in_its_family_is_inconclusive():
    b = shifted(0.9, 0.2, 0.7, 0.5, 0.2)
    assert judged(b, smallest=0.05).verdict == "agrees"
    items = [difference(smallest=0.05)] + [
        difference(name=f"{arm}{i}", variant=arm) for arm in ("c", "d") for i in range(3)
    ]
    made = runs({"paper": PAPER, "b": b})
    row = analyse(study(*items), made, budget="standard").comparisons.iloc[0]
    assert row.verdict == "inconclusive" and row.t_p < 0.05 < row.p_adjusted
    assert "not significant after correction for 7 comparisons" in row.reason
