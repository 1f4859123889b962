"""The probability of an order of effects, and its verdict."""

from __future__ import annotations

import math

import fake_runs
import numpy as np
import pytest
from judged import CLEAR, PAPER, judged, shifted
from made_up import difference, runs, study
from scipy import stats

from ablations import study as studies
from ablations.analysis.ranking import chance_of_order, reversal_p
from ablations.analysis.study_analysis import analyse
from ablations.study import Study

# --- order ----------------------------------------------------------------------------


def test_the_order_of_effects():
    items = [difference(name=arm, variant=arm) for arm in ("b", "c", "d")]
    errors = {
        "paper": PAPER,
        "b": shifted(3.0, 3.2, 2.9, 3.1, 3.0),
        "c": shifted(0.1, 0.2, 0.0, 0.1, 0.2),
        "d": shifted(1.0, 1.2, 0.9, 1.1, 1.0),
    }
    made = runs(errors)
    given = study(*items, order=("b", "c", "d"))
    table = analyse(given, made, budget="standard").order
    assert table.arm.tolist() == ["b", "c", "d"] and table.rank_paper.tolist() == [1, 2, 3]
    assert table.rank_measured.tolist() == [1, 3, 2]
    assert set(table.chance_of_paper_order) == {table.chance_of_paper_order[0]}
    assert table.chance_of_paper_order[0] < 0.01
    comparisons = analyse(given, made, budget="standard").comparisons[:3]
    assert table.effect.tolist() == pytest.approx(comparisons.estimate.tolist())
    assert table.low.tolist() == pytest.approx(comparisons.low.tolist())
    right = study(*items, order=("b", "d", "c"))
    assert analyse(right, made, budget="standard").order.chance_of_paper_order[0] > 0.99
    some = analyse(given, made[:15], budget="standard").order
    assert some.rank_measured.tolist() == [0, 0, 0] and some.effect.isna().all()


@pytest.mark.parametrize(
    ("order", "verdict", "words"),
    [
        (("b", "d", "c"), "agrees", ["; that is the paper's.", "more than 99 %", "5 of them"]),
        (("b", "c", "d"), "disagrees", ["the paper's is with b, with c, with d", "less than 1 %"]),
        (
            ("d", "c", "b"),
            "inconclusive",
            ["no two effects are significantly in the opposite order"],
        ),
    ],
)
def test_the_order_is_judged_by_its_chance(order, verdict, words):
    errors = {
        "paper": PAPER,
        "b": shifted(3.0, 3.2, 2.9, 3.1, 3.0),
        "c": shifted(0.1, 0.2, 0.0, 0.1, 0.2),
        "d": shifted(1.0, 1.2, 0.9, 1.1, 1.0),
    }
    if verdict == "inconclusive":
        errors["c"] = shifted(0.9, 1.3, 0.8, 1.1, 1.0)
        errors["b"] = shifted(0.1, 0.2, 0.0, 0.1, 0.2)
    items = [difference(name=arm, variant=arm, family="secondary") for arm in ("b", "c", "d")]
    given = study(*items, order=order)
    result = analyse(given, runs(errors), budget="standard")
    *others, row = (row for _, row in result.comparisons.iterrows())
    assert (row.comparison, row.family, row.unit, row.noise) == (
        *("order", "primary", "chance"),
        "order",
    )
    assert row.estimate == result.order.chance_of_paper_order[0] and row.n == 5
    assert row.verdict == verdict and math.isnan(row.low) and math.isnan(row.high)
    for text in [*words, "The measured order is with ", "n = 5 seeds common to all arms"]:
        assert text in row.reason
    assert "nan" not in row.reason and given.paper_value == "an order"
    assert [one.tests for one in others] == [3, 3, 3]  # the order is in no correction


def test_nets_that_only_guess_are_named():
    learnt = [30.0, 31.0, 88.9, 30.5, 31.5]
    doubt = "ended at chance level."
    assert (
        f"Arm “with b”: 2 of 5 finished runs {doubt}"
        in judged([90.0, 30.0, 89.2, 30.5, 31.0]).reason
    )
    assert doubt not in judged(learnt).reason


def test_an_order_meets_the_same_objections_and_doubts():
    errors = {"paper": PAPER, "b": shifted(3.0, 3.2, 2.9, 3.1, 3.0), "c": CLEAR}
    given = study(difference(family="secondary"), order=("b", "c"))

    def row(made, budget="standard"):
        return analyse(given, made, budget=budget).comparisons.iloc[-1]

    assert row(runs(errors)).verdict == "agrees"
    some = {arm: values[:4] for arm, values in errors.items()}
    for made, budget, why in (
        (runs(some), "standard", "4 of the 5 seeds"),
        (runs(errors), "quick", "'quick' is exploratory"),
        (runs(errors, data=fake_runs.SYNTHETIC), "standard", "built-in images"),
        ([], "standard", "No order was measured"),
    ):
        found = row(made, budget)
        assert found.verdict in ("inconclusive", "open") and why in found.reason
    failed = runs({**errors, "c": [*CLEAR, "failed"]})
    assert "Arm “with c”: 1 of 6 ended runs failed and is left out." in row(failed).reason


def test_the_importance_of_sections_is_judged_as_an_order_alone():
    given = studies.load("importance_order")
    assert isinstance(given, Study) and given.paper_value == "an order"
    table = analyse(given, [], budget="standard").comparisons
    assert table.comparison[table.family == "primary"].tolist() == ["order"]
    papers = {item.name: item.paper for item in given.comparisons}
    assert all(item.smallest <= (papers[item.name] or 9) for item in given.comparisons)


def test_the_chance_of_an_order_of_two_is_a_t_tail():
    vectors = np.random.default_rng(5).normal([0.5, 0.2], 0.3, size=(6, 2))
    gap = vectors[:, 0] - vectors[:, 1]
    expected = stats.t.cdf(gap.mean() / stats.sem(gap), 5)
    assert chance_of_order(vectors) == pytest.approx(expected, abs=0.01)


def test_a_reversal_is_the_strongest_t_test_of_two_effects():
    """Two effects the other way round refute an order; a small probability alone does not."""
    rng = np.random.default_rng(7)
    vectors = rng.normal([0.1, 0.4, 0.2], 0.2, size=(6, 3))
    pairs = [(0, 1), (0, 2), (1, 2)]
    tails = [stats.ttest_rel(vectors[:, b], vectors[:, a], alternative="greater") for a, b in pairs]
    assert reversal_p(vectors) == pytest.approx(min(1, 3 * min(one.pvalue for one in tails)))
    assert reversal_p(np.sort(vectors)[:, ::-1]) == 1.0  # every seed in the order
    assert math.isnan(reversal_p(vectors[:1]))
    equal = rng.normal(0, 0.2, size=(5, 4))
    assert chance_of_order(equal) < 0.2 and reversal_p(equal) > 0.05


def test_equal_effects_have_every_order_alike():
    """With n seeds of effects that differ by chance only, on average 1 of 3! orders holds."""
    rng = np.random.default_rng(6)
    chances = [chance_of_order(rng.normal(0, 1, (6, 3))) for _ in range(200)]
    assert np.mean(chances) == pytest.approx(1 / 6, abs=0.04)
    assert math.isnan(chance_of_order(np.zeros((1, 3))))
