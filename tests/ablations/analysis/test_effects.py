"""Differences, ratios and interactions against SciPy and plain loops."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from fake_runs import IMAGES, error, evaluated
from judged import CLEAR, PAPER, analysed, judged, shifted
from made_up import difference, run, runs, study
from scipy import stats

from ablations.analysis.study_analysis import analyse
from ablations.study import Ensemble

# --- one comparison -------------------------------------------------------------------


def test_a_difference_by_scipy():
    row = judged(CLEAR, paper=1.4, smallest=0.5)
    test = stats.ttest_rel(CLEAR, PAPER)
    interval = test.confidence_interval()
    assert row.estimate == pytest.approx(np.mean(CLEAR) - np.mean(PAPER))
    assert (row.low, row.high) == pytest.approx((interval.low, interval.high))
    assert row.t_p == row.p_adjusted == pytest.approx(test.pvalue)
    assert row.sd == pytest.approx(np.std(np.subtract(CLEAR, PAPER), ddof=1))
    assert row.pair_correlation == pytest.approx(stats.pearsonr(PAPER, CLEAR)[0])
    assert (row.n, row.seeds_as_claimed, row.unit, row.noise) == (5, 5, "points", "seeds")
    assert row.permutation_p == row.min_p == 0.0625
    assert math.isnan(row.image_se) and math.isnan(row.low_new)


def test_a_ratio_is_compared_on_logarithms():
    slow, fast = [9.0, 8.0, 10.0, 9.5, 8.5], [4.0, 4.5, 4.8, 4.1, 4.6]
    item = difference(quantity="seconds_per_epoch", scale="ratio", smallest=1.2, paper=2.0)
    made = []
    for arm, seconds in (("paper", fast), ("b", slow)):
        for seed, value in enumerate(seconds):
            one = run(arm, seed)
            assert one.record is not None
            points = tuple(dataclasses.replace(p, seconds=value) for p in one.record.curve)
            changed = dataclasses.replace(one.record, curve=points)
            made.append(dataclasses.replace(one, record=changed))
    row = analyse(study(item), made, budget="standard").comparisons.iloc[0]
    logs = np.log(slow) - np.log(fast)
    test: Any = stats.ttest_1samp(logs, 0)
    interval = test.confidence_interval()
    assert row.estimate == pytest.approx(stats.gmean(np.divide(slow, fast)))
    assert (row.low, row.high) == pytest.approx((math.exp(interval.low), math.exp(interval.high)))
    assert row.t_p == pytest.approx(test.pvalue) and row.unit == "x"
    back: Any = stats.ttest_1samp(logs, math.log(1.2), alternative="less")
    assert row.equivalence_p == pytest.approx(back.pvalue)
    assert (
        row.detectable > 1 and row.verdict == "agrees" and "2.00\u202f× lies within" in row.reason
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"paper": 4.0}, "excludes an effect of the paper's size, +4.00 points."),
        ({"paper": 2.0}, ""),
        (
            {"paper": -4.0, "claimed": "lower"},
            "excludes an effect of the paper's size, \u22124.00 points.",
        ),
        ({"paper": -0.5, "claimed": "lower"}, ""),
        (
            {"paper": 4.0, "paper_is": "at least"},
            "excludes an effect as large as the paper says, +4.00 points.",
        ),
        ({"paper": 1.0, "paper_is": "at least"}, ""),
        ({}, ""),
    ],
)
def test_an_open_sign_does_not_hide_that_the_papers_size_is_excluded(changes, said):
    row = judged(shifted(3.0, -2.0, 1.0, 2.5, -1.0), **changes)
    assert row.verdict == "inconclusive" and "Neither a difference" in row.reason
    assert ("excludes an effect" in row.reason) == bool(said) and said in row.reason


def test_what_only_the_correction_leaves_open_names_the_excluded_size_too():
    errors = {"paper": PAPER, "b": shifted(1.6, 0.2, 1.5, 0.4, 1.2), "c": shifted(9, -9, 5, -4, 1)}
    items = [difference(paper=4.0), difference(name="c", variant="c")]
    row = analyse(study(*items), runs(errors), budget="standard").comparisons.iloc[0]
    assert (
        row.verdict == "inconclusive" and "The uncorrected 95 % interval excludes 0" in row.reason
    )
    assert "excludes an effect of the paper's size, +4.00 points" in row.reason


def test_a_shown_quantity_is_in_the_summary_of_every_arm_and_in_no_comparison():
    given = study(difference(), shown=("train_error",))
    result = analyse(given, runs({"paper": PAPER, "b": CLEAR}), budget="standard")
    shown = result.summary[result.summary.metric == "train_error"]
    assert list(shown.arm) == list(given.arms)
    assert list(result.comparisons.quantity) == ["test_error"]


def test_an_interaction_is_a_difference_of_differences():
    errors = {
        "paper": PAPER,
        "b": CLEAR,
        "c": shifted(0.1, 0.3, 0.2, 0.0, 0.1),
        "d": shifted(0.9, 1.2, 0.4, 0.8, 1.1),
    }
    item = difference(interaction=("c", "d"), claimed="equal")
    result = analysed(item, errors)
    first, second = (np.subtract(errors[v], errors[b]) for b, v in (("paper", "b"), ("c", "d")))
    test = stats.ttest_rel(first, second)
    row = result.comparisons.iloc[0]
    assert row.estimate == pytest.approx(np.mean(first - second))
    assert row.t_p == pytest.approx(test.pvalue)
    assert result.changes.baseline_value.tolist() == pytest.approx(second.tolist())
    assert result.changes.variant_value.tolist() == pytest.approx(first.tolist())
    assert list(result.summary.arm) == ["paper", "b", "c", "d"]


def test_the_images_of_an_interaction_are_those_of_all_four_arms():
    rng = np.random.default_rng(1)
    wrong = {arm: rng.random((3, IMAGES)) < 0.3 for arm in ("paper", "b", "c", "d")}
    made = [run(arm, s, evaluated("test", 1, wrong[arm][s])) for arm in wrong for s in range(3)]
    item = difference(interaction=("c", "d"))
    row = analyse(study(item), made, budget="standard").comparisons.iloc[0]
    first, second = (
        wrong[variant].mean(axis=0) - wrong[baseline].mean(axis=0)
        for baseline, variant in (("paper", "b"), ("c", "d"))
    )
    assert row.estimate == pytest.approx(100 * np.mean(first - second))
    assert row.image_se == pytest.approx(100 * stats.sem(first - second))


def test_power_is_for_the_papers_effect_or_the_smallest_that_matters():
    without, with_paper = judged(CLEAR, smallest=0.1), judged(CLEAR, smallest=0.1, paper=0.3)
    for row, effect in ((without, 0.1), (with_paper, 0.3)):
        shift, edge = effect / row.sd * math.sqrt(5), stats.t.isf(0.025, 4)
        assert row.power == pytest.approx(stats.nct.sf(edge, 4, shift), abs=1e-4)
    assert "if the true difference is +0.30 points" in with_paper.reason
    assert "if the true difference is 0.10 points" in without.reason


def test_one_run_may_be_both_arms():
    item = difference(variant="paper", baseline_quantity="test_error_ten_views")
    made = [
        run("paper", seed, error("test", 1, 32.0 + 0.1 * seed), error("test", 10, 30.0))
        for seed in range(5)
    ]
    result = analyse(study(item), made, budget="standard")
    assert result.changes.difference.tolist() == pytest.approx([2.0, 2.1, 2.2, 2.3, 2.4])
    assert list(result.summary.metric) == ["test_error_ten_views", "test_error"]
    assert not len(result.differences)


def test_seeds_are_paired_and_incomplete_ones_left_out():
    made = runs({"paper": PAPER, "b": CLEAR[:3]})
    extra = run("b", 7, error("test", 1, 33.0))
    without = run("b", 3, error("test", 10, 33.0))
    result = analyse(study(difference()), [extra, *made, without], budget="standard")
    assert result.changes.seed.tolist() == [0, 1, 2]
    reason = result.comparisons.reason[0]
    assert '1 of 5 finished runs has no value of "test error, one view"' in reason
    assert "arm “with b”: 4 of 5 seeds done" in reason and "3 of" not in reason


def test_the_error_over_test_images_is_of_the_paired_mistakes():
    rng = np.random.default_rng(0)
    hard = rng.random(IMAGES)
    wrong = {arm: rng.random((5, IMAGES)) * 0.6 < hard - shift for arm, shift in
             (("paper", 0.35), ("b", 0.3))}  # fmt: skip
    made = [run(arm, s, evaluated("test", 1, wrong[arm][s])) for arm in wrong for s in range(5)]
    row = analyse(study(difference()), made, budget="standard").comparisons.iloc[0]
    of_images = (wrong["b"].astype(float) - wrong["paper"]).mean(axis=0)
    assert row.image_se == pytest.approx(100 * stats.sem(of_images))
    assert row.estimate == pytest.approx(100 * of_images.mean())
    seeds = row.sd**2 / 5
    total = seeds + row.image_se**2
    half = stats.t.isf(0.025, 4 * (total / seeds) ** 2) * math.sqrt(total)
    assert (row.low_new, row.high_new) == pytest.approx((row.estimate - half, row.estimate + half))


def test_rounding_of_equal_changes_is_no_spread():
    b = [value + 0.1 + 0.2 for value in PAPER]
    c = [value + 0.3 for value in b]
    errors = {"paper": PAPER, "b": b, "c": b, "d": c}
    row = analysed(difference(interaction=("b", "d")), errors).comparisons.iloc[0]
    assert row.sd == 0 and math.isnan(row.t_p) and row.verdict == "inconclusive"
    assert "no spread to go by" in row.reason


def test_seeds_without_a_ratio_are_counted_and_forbid_a_verdict():
    item = difference(scale="ratio", smallest=1.1)
    errors = {"paper": PAPER, "b": [0.0, *CLEAR[1:]]}
    row = analysed(item, errors).comparisons.iloc[0]
    assert row.n == 4 and row.verdict == "inconclusive"
    assert "1 seed has a value that is not above 0, and so no ratio" in row.reason


def test_the_average_of_nets_is_one_of_the_comparisons_corrected_for():
    given = study(difference(), ensemble=Ensemble(arm="paper", sizes=(1, 2, 3), smallest=0.5))
    made = runs({"paper": PAPER, "b": CLEAR})
    table = analyse(given, made, budget="standard").comparisons.set_index("comparison")
    assert table.tests.to_dict() == {"b": 2, "ensemble_2": 1, "ensemble_3": 2}


def test_arms_with_other_test_images_have_no_error_over_images():
    made = [run("paper", s, evaluated("test", 1, [False] * 5)) for s in range(3)]
    made += [run("b", s, evaluated("test", 1, [True] * 6)) for s in range(3)]
    row = analyse(study(difference()), made, budget="standard").comparisons.iloc[0]
    assert math.isnan(row.image_se) and row.estimate == pytest.approx(100)
