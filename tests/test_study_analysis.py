"""Effects, ensembles, orders and verdicts of studies of scores, from records made by hand."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from score_runs import (
    ARMS,
    IMAGES,
    difference,
    error,
    evaluated,
    new,
    probabilities,
    run,
    runs,
    study,
    synthetic_facts,
)

from ablations import study as studies
from ablations.analysis import ensembling
from ablations.analysis.ranking import chance_of_order, reversal_p
from ablations.analysis.study_analysis import Analysis, analyse
from ablations.study import Ensemble, Study

TABLES = "runs curves summary comparisons pairs differences checks order".split()
PAPER = [30.0, 30.4, 29.8, 30.1, 30.2]
CLEAR = [31.4, 31.9, 31.3, 31.4, 31.7]  # 1.44 points above, interval 1.30 to 1.58


def analysed(item, errors, **changes):
    return analyse(study(item), runs(errors, **changes), budget="standard")


def judged(b, budget="standard", **changes):
    """The comparison of errors `b` with those of the paper's net."""
    result = analyse(
        study(difference(**changes)), runs({"paper": PAPER[: len(b)], "b": b}), budget=budget
    )
    return result.comparisons.iloc[0]


def shifted(*changes: float) -> list[float]:
    return [p + c for p, c in zip(PAPER, changes, strict=True)]


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
    assert row.sign_flip_p == row.min_p == 0.0625
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
    assert row.detectable > 1 and row.verdict == "agrees" and "2x lies within" in row.reason


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"paper": 4.0}, "of the paper's size, +4.00 points, lies outside the interval"),
        ({"paper": 2.0}, ""),
        (
            {"paper": -4.0, "claimed": "lower"},
            "of the paper's size, \u22124.00 points, lies outside",
        ),
        ({"paper": -0.5, "claimed": "lower"}, ""),
        (
            {"paper": 4.0, "paper_is": "at least"},
            "as large as the paper says, +4.00 points, lies outside the interval",
        ),
        ({"paper": 1.0, "paper_is": "at least"}, ""),
        ({}, ""),
    ],
)
def test_an_open_sign_does_not_hide_that_the_papers_size_is_excluded(changes, said):
    row = judged(shifted(3.0, -2.0, 1.0, 2.5, -1.0), **changes)
    assert row.verdict == "inconclusive" and "A difference is not shown" in row.reason
    assert ("lies outside" in row.reason) == bool(said) and said in row.reason


def test_what_only_the_correction_leaves_open_names_the_excluded_size_too():
    errors = {"paper": PAPER, "b": shifted(1.6, 0.2, 1.5, 0.4, 1.2), "c": shifted(9, -9, 5, -4, 1)}
    items = [difference(paper=4.0), difference(name="c", variant="c")]
    row = analyse(study(*items), runs(errors), budget="standard").comparisons.iloc[0]
    assert row.verdict == "inconclusive" and "The interval alone excludes" in row.reason
    assert "+4.00 points, lies outside the interval" in row.reason


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
    assert result.pairs.baseline_value.tolist() == pytest.approx(second.tolist())
    assert result.pairs.variant_value.tolist() == pytest.approx(first.tolist())
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
    assert "a true difference of +0.30 points" in with_paper.reason
    assert "a true difference of 0.10 points" in without.reason


def test_one_run_may_be_both_arms():
    item = difference(variant="paper", baseline_quantity="test_error_ten_views")
    made = [
        run("paper", seed, error("test", 1, 32.0 + 0.1 * seed), error("test", 10, 30.0))
        for seed in range(5)
    ]
    result = analyse(study(item), made, budget="standard")
    assert result.pairs.difference.tolist() == pytest.approx([2.0, 2.1, 2.2, 2.3, 2.4])
    assert list(result.summary.metric) == ["test_error_ten_views", "test_error"]
    assert not len(result.differences)


def test_seeds_are_paired_and_incomplete_ones_left_out():
    made = runs({"paper": PAPER, "b": CLEAR[:3]})
    extra = run("b", 7, error("test", 1, 33.0))
    without = run("b", 3, error("test", 10, 33.0))
    result = analyse(study(difference()), [extra, *made, without], budget="standard")
    assert result.pairs.seed.tolist() == [0, 1, 2]
    reason = result.comparisons.reason[0]
    assert '1 of 5 runs have no value of "test error, one view"' in reason
    assert "3 of the 5 pairs" in reason


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


# --- verdicts -------------------------------------------------------------------------

#: A comparison on which the paper claims nothing.
QUESTION = {"claimed": "none", "family": "secondary"}


@pytest.mark.parametrize(
    ("b", "changes", "expected", "words"),
    [
        (CLEAR, {}, "agrees", ["the paper gives no number"]),
        (CLEAR, {"paper": 1.4}, "agrees", ["the paper's +1.40 points lies within the interval"]),
        (
            CLEAR,
            {"paper": 3.0, "paper_source": "top-1, ILSVRC-2012 validation"},
            "agrees in direction",
            [
                "smaller by 1.56 points than the paper's +3.00 points",
                "is of: top-1, ILSVRC-2012 validation.",
            ],
        ),
        (CLEAR, {"paper": 0.6}, "agrees in direction", ["larger by 0.84 points"]),
        (CLEAR, {"claimed": "lower"}, "disagrees", ["against the claimed direction"]),
        (
            shifted(0.2, 0.21, 0.19, 0.2, 0.22),
            {},
            "agrees in direction",
            ["smaller than the 0.50 points that would matter"],
        ),
        (
            shifted(0.1, -0.1, 0.05, 0.0, -0.05),
            {},
            "disagrees",
            ["Any difference is smaller than the 0.50 points", "equivalence p"],
        ),
        (
            shifted(0.1, -0.1, 0.05, 0.0, -0.05),
            {"paper": 0.3},
            "inconclusive",
            ["Any difference is smaller than the 0.50 points", "so is the paper's"],
        ),
        (
            shifted(0.2, 0.21, 0.19, 0.2, 0.22),
            {"paper": 1.4},
            "disagrees",
            ["it is smaller than the 0.50 points", "where the paper's is +1.40 points"],
        ),
        (CLEAR, QUESTION, "differs", ["the paper claims nothing of it"]),
        (
            shifted(0.1, -0.1, 0.05, 0.0, -0.05),
            QUESTION,
            "no difference",
            ["Any difference is smaller than the 0.50 points"],
        ),
        (
            shifted(0.2, 0.21, 0.19, 0.2, 0.22),
            QUESTION,
            "no difference",
            ["Any difference is smaller than the 0.50 points"],
        ),
        (
            shifted(3.0, -2.0, 1.0, 2.5, -1.0),
            QUESTION,
            "inconclusive",
            ["Neither a difference is shown"],
        ),
        (shifted(3.0, -2.0, 1.0, 2.5, -1.0), {}, "inconclusive", ["A difference is not shown"]),
        (shifted(0.1, -0.1, 0.05, 0.0, -0.05), {"claimed": "equal"}, "agrees", ["equivalence p"]),
        (
            CLEAR,
            {"paper": 1.0, "paper_is": "at least"},
            "agrees",
            ["the paper says over 1.00 points, and the interval reaches that"],
        ),
        (
            CLEAR,
            {"paper": 1.5, "paper_is": "at least"},
            "agrees",
            ["the paper says over 1.50 points"],
        ),
        (
            CLEAR,
            {"paper": 3.0, "paper_is": "at least", "paper_source": "top-1"},
            "agrees in direction",
            ["but the paper says over 3.00 points, and the interval does not", "is of: top-1"],
        ),
        (
            CLEAR,
            {"claimed": "equal"},
            "disagrees",
            ["significant, and its whole interval is larger than the 0.50 points"],
        ),
        (
            shifted(0.4, 0.8, 0.5, 0.9, 0.7),
            {"claimed": "equal"},
            "inconclusive",
            ["The difference is significant, but its interval holds values smaller than the 0.50"],
        ),
        (
            shifted(3.0, -2.0, 1.0, 2.5, -1.0),
            {"claimed": "equal"},
            "inconclusive",
            ["Neither a difference is shown"],
        ),
    ],
)
def test_verdict_of_five_pairs(b, changes, expected, words):
    row = judged(b, **changes)
    assert row.verdict == expected
    for text in [*words, "n = 5 paired seeds", "cannot go below p = 0.0625", "power: a true"]:
        assert text in row.reason
    assert row.reason.endswith("80 %.") and "nan" not in row.reason
    assert "no effect" not in row.reason


def test_at_least_is_mirrored_where_the_claim_is_lower():
    item = difference(
        baseline="b", variant="paper", claimed="lower", paper=-1.0, paper_is="at least"
    )
    errors = {"paper": PAPER, "b": CLEAR}
    row = analysed(item, errors).comparisons.iloc[0]
    assert row.verdict == "agrees" and row.paper_is == "at least"
    assert "the paper says below \u22121.00 points, and the interval reaches" in row.reason
    far = analysed(dataclasses.replace(item, paper=-1.6), errors).comparisons.iloc[0]
    assert far.verdict == "agrees in direction"


@pytest.mark.parametrize(("factor", "expected"), [(1.15, "inconclusive"), (1.3, "disagrees")])
def test_equal_ratios_need_the_whole_interval_beyond_what_matters(factor, expected):
    item = difference(claimed="equal", scale="ratio", smallest=1.1)
    factors = factor * np.array([0.93, 1.05, 0.97, 1.06, 1.0])
    b = [p * f for p, f in zip(PAPER, factors, strict=True)]
    row = analysed(item, {"paper": PAPER, "b": b}).comparisons.iloc[0]
    assert row.verdict == expected and row.p_adjusted < 0.05 and row.estimate > 1.1
    assert (row.low > 1.1) == (expected == "disagrees")


def test_an_interval_beyond_what_matters_is_held_to_the_corrected_level():
    b = shifted(0.55, 0.9, 0.6, 0.95, 0.75)
    items = [difference(claimed="equal")] + [
        difference(name=f"{arm}{i}", variant=arm) for arm in ("c", "d") for i in range(3)
    ]
    alone = judged(b, claimed="equal")
    assert alone.verdict == "disagrees" and alone.low > 0.5
    row = analyse(study(*items), runs({"paper": PAPER, "b": b}), budget="standard")
    first = row.comparisons.iloc[0]
    assert first.verdict == "inconclusive" and first.p_adjusted < 0.05
    assert "interval alone is larger than the 0.50 points" in first.reason
    assert "not after the correction for 7 comparisons" in first.reason


def test_no_p_value_is_stated_as_0():
    b = [p + 5 + c for p, c in zip(PAPER, (0.0, 1e-4, -1e-4, 2e-4, 0.0), strict=True)]
    for claimed in ("higher", "equal"):
        reason = judged(b, claimed=claimed).reason
        assert "p < 0.0001" in reason and "e-" not in reason
    same = judged([p + c for p, c in zip(PAPER, (0.0, 1e-5, -1e-5, 2e-5, 0.0), strict=True)])
    assert "equivalence p < 0.0001" in same.reason and "e-" not in same.reason


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
    assert one.verdict == "inconclusive" and "1 of the 5 pairs of seeds" in one.reason
    assert math.isnan(one.low) and math.isnan(one.t_p)
    four = judged(CLEAR[:4])
    assert four.verdict == "inconclusive" and "4 of the 5 pairs" in four.reason
    assert four.t_p < 0.01
    quick = judged(CLEAR, budget="quick")
    assert quick.verdict == "inconclusive" and "'quick' is exploratory" in quick.reason
    unknown = judged(CLEAR, budget="of my own")
    assert unknown.verdict == "inconclusive" and "no budget 'of my own'" in unknown.reason
    errors = {"paper": PAPER, "b": CLEAR}
    for changes in ({"settings": {"data.dataset": "builtin"}}, {"data": synthetic_facts()}):
        built_in = analysed(difference(), errors, **changes)
        assert built_in.synthetic and "built-in images" in built_in.comparisons.reason[0]
        assert set(built_in.comparisons.verdict) == {"inconclusive"}
    none = judged([])
    assert none.verdict == "inconclusive" and "No difference was measured" in none.reason


def test_equal_differences_are_no_certainty():
    both = analysed(difference(claimed="equal"), {"paper": ["diverged"] * 5, "b": ["diverged"] * 5})
    assert both.comparisons.verdict[0] == "inconclusive"
    assert "no spread" in both.comparisons.reason[0]
    assert both.pairs.difference.tolist() == [0.0] * 5


def test_failures_are_named_and_divergence_counts_as_chance():
    result = analysed(difference(), {"paper": PAPER, "b": [*CLEAR[:3], "diverged", "failed"]})
    reason = result.comparisons.reason[0]
    assert "b: 1 of 5 runs diverged; their errors count as those of chance." in reason
    assert "b: 1 of 5 runs failed and are left out." in reason
    assert result.pairs.variant_value.tolist()[-1] == pytest.approx(90.0)
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
    assert table.p_adjusted[1] == pytest.approx(max(p[1], 2 * p[0]))
    expected = stats.false_discovery_control(p[2:], method="bh")
    assert table.p_adjusted.tolist()[2:] == pytest.approx(expected.tolist())
    assert "corrected for 2 comparisons" in table.reason[0]
    alone = judged(b)
    assert table.power[0] < alone.power and table.detectable[0] > alone.detectable
    assert "at least" in table.reason[1]


def test_significant_alone_but_not_in_its_family_is_inconclusive():
    b = shifted(0.9, 0.2, 0.7, 0.5, 0.2)
    assert judged(b, smallest=0.05).verdict == "agrees"
    items = [difference(smallest=0.05)] + [
        difference(name=f"{arm}{i}", variant=arm) for arm in ("c", "d") for i in range(3)
    ]
    made = runs({"paper": PAPER, "b": b})
    row = analyse(study(*items), made, budget="standard").comparisons.iloc[0]
    assert row.verdict == "inconclusive" and row.t_p < 0.05 < row.p_adjusted
    assert "not after the correction for 7 comparisons" in row.reason


# --- ensembles ------------------------------------------------------------------------


def nets(tmp_path, count=5, images=400, classes=4, weights="w"):
    """Runs whose probabilities lie in their folders, with ties; and the arrays."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, images)
    scores = rng.integers(0, 4, (count, images, classes)).astype(np.float32)
    scores += 2 * np.eye(classes, dtype=np.float32)[labels]
    made = []
    for seed in range(count):
        folder = probabilities(tmp_path / str(seed), scores[seed], labels, weights)
        wrong = scores[seed].argmax(axis=1) != labels
        made.append(run("paper", seed, evaluated("test", 10, wrong), folder=folder))
    return made, scores, labels


def mistakes_by_loops(scores, labels):
    """1 where the label is not the first of the highest scores."""
    wrong = []
    for row, label in zip(scores.tolist(), labels.tolist(), strict=True):
        wrong.append(float(row.index(max(row)) != label))
    return wrong


def averaging(sizes=(1, 2, 3, 4, 5), **changes):
    values = {"smallest": 0.5, "paper": -2.6, "paper_source": "top-1, ILSVRC-2012 validation"}
    return study(ensemble=Ensemble(arm="paper", sizes=sizes, **{**values, **changes}))


def test_an_ensemble_by_plain_loops(tmp_path):
    made, scores, labels = nets(tmp_path)
    table = analyse(averaging(), made, budget="standard").comparisons
    assert table.comparison.tolist() == [f"ensemble_{k}" for k in (2, 3, 4, 5)]
    alone = np.mean([mistakes_by_loops(one, labels) for one in scores], axis=0)
    for _, row in table.iterrows():
        size = int(row.comparison[-1])
        together = []
        for chosen in itertools.combinations(range(5), size):
            mean = sum(scores[j] for j in chosen) / np.float32(size)
            together.append(mistakes_by_loops(mean, labels))
        gain = 100 * (np.mean(together, axis=0) - alone)
        assert row.estimate == pytest.approx(gain.mean())
        half = 1.959963985 * stats.sem(gain)
        assert (row.low, row.high) == pytest.approx((gain.mean() - half, gain.mean() + half))
        assert (row.n, row.noise, row.variant) == (5, "test images", f"{size} nets")
        assert row.family == ("primary" if size == 5 else "secondary")
    last = table.iloc[-1]
    assert last.paper == -2.6 and table.paper.isna().sum() == 3
    assert last.verdict in ("agrees", "agrees in direction") and last.estimate < 0
    assert "the interval covers chance in the test images only" in last.reason
    assert 0 < last.seeds_as_claimed <= 5


def test_an_ensemble_needs_all_of_its_nets(tmp_path):
    made, _, _ = nets(tmp_path)
    few = analyse(averaging(), made[:4], budget="standard").comparisons
    assert set(few.verdict) == {"inconclusive"} and "4 of the 5 nets" in few.reason[0]
    assert math.isnan(few.estimate.iloc[-1]) and few.estimate[0] < 0
    six = analyse(averaging(sizes=(1, 6)), made, budget="standard").comparisons
    assert "5 of the 6 nets" in six.reason[0]
    nothing = analyse(averaging(), [], budget="standard").comparisons
    assert set(nothing.verdict) == {"inconclusive"} and set(nothing.n) == {0}


def test_probabilities_of_other_weights_count_as_not_there(tmp_path):
    made, scores, labels = nets(tmp_path)
    probabilities(tmp_path / "0", scores[0], labels, "other")
    (tmp_path / "1" / "test_10.npz").write_bytes(b"PK\x03\x04 no archive")
    (tmp_path / "2" / "test_10.npz").unlink()
    probabilities(tmp_path / "3", scores[3], labels + 1)  # other images than the others'
    kept = ensembling.read(made)
    assert (len(kept.probabilities), kept.without) == (1, 4)
    row = analyse(averaging(), made, budget="standard").comparisons.iloc[-1]
    assert "4 finished nets have no probabilities of their recorded weights" in row.reason
    assert "1 of the 5 nets" in row.reason and row.verdict == "inconclusive"
    diverged = [dataclasses.replace(r, record=dataclasses.replace(r.record, status="diverged"))
                for r in made]  # fmt: skip
    assert ensembling.read(diverged).without == 0


def test_many_subsets_are_drawn_and_all_different():
    assert ensembling.subsets(5, 2) == list(itertools.combinations(range(5), 2))
    drawn = ensembling.subsets(20, 5)
    assert len(drawn) == len(set(drawn)) == 200 and drawn == ensembling.subsets(20, 5)
    assert all(len(set(s)) == 5 and s == tuple(sorted(s)) for s in drawn)


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
        (("d", "c", "b"), "inconclusive", ["neither shown nor refuted"]),
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
    doubt = "ended no better than by guessing."
    assert f"b: 2 of 5 runs {doubt}" in judged([90.0, 30.0, 89.2, 30.5, 31.0]).reason
    assert doubt not in judged(learnt).reason


def test_an_order_meets_the_same_objections_and_doubts():
    errors = {"paper": PAPER, "b": shifted(3.0, 3.2, 2.9, 3.1, 3.0), "c": CLEAR}
    given = study(difference(family="secondary"), order=("b", "c"))

    def row(made, budget="standard"):
        return analyse(given, made, budget=budget).comparisons.iloc[-1]

    assert row(runs(errors)).verdict == "agrees"
    some = {arm: values[:4] for arm, values in errors.items()}
    for made, budget, why in (
        (runs(some), "standard", "4 of the 5 pairs of seeds"),
        (runs(errors), "quick", "'quick' is exploratory"),
        (runs(errors, data=synthetic_facts()), "standard", "built-in images"),
        ([], "standard", "No order was measured"),
    ):
        found = row(made, budget)
        assert found.verdict == "inconclusive" and why in found.reason
    failed = runs({**errors, "c": [*CLEAR, "failed"]})
    assert "c: 1 of 6 runs failed and are left out." in row(failed).reason


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
    """Two effects the other way round refute an order; a small chance alone does not."""
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


# --- tables ---------------------------------------------------------------------------


def score_studies() -> list[Study]:
    found = [studies.load(name) for name in studies.names()]
    return [one for one in found if one.outcome is None]


def dtypes(result: Analysis):
    return {name: getattr(result, name).dtypes.to_dict() for name in TABLES}


def test_tables_keep_their_columns_and_types_whatever_is_there():
    given = study(difference(), order=("b", "c"))
    full = analyse(given, runs({"paper": PAPER, "b": CLEAR, "c": CLEAR}), budget="full")
    for some in ([], [new("paper", 0)], runs({"paper": ["diverged"], "b": ["failed"]})):
        assert dtypes(analyse(given, some, budget="standard")) == dtypes(full)
    documented = (Analysis.__doc__ or "").replace("\n", " ")
    for name in set(TABLES) - {"comparisons"}:
        assert all(column in documented for column in getattr(full, name).columns)


@pytest.mark.parametrize("given", score_studies(), ids=lambda one: one.name)
def test_every_study_of_scores_is_analysed_before_it_has_run(given):
    result = analyse(given, [], budget="standard")
    sizes = [k for k in given.ensemble.sizes if k > 1] if given.ensemble else []
    rows = len(given.comparisons) + len(sizes) + bool(given.order)
    assert len(result.comparisons) == rows > 0
    assert set(result.comparisons.verdict) == {"inconclusive"}
    assert set(result.summary.arm) <= set(given.arms) and len(result.order) == len(given.order)
    assert not result.comparisons.comparison.duplicated().any()


def test_order_of_the_runs_changes_no_number():
    made = runs({"paper": PAPER, "b": CLEAR, "c": [31.0, 30.5, "diverged", 30.9, "failed"]})
    given = study(difference(), difference(name="c", variant="c"), order=("b", "c"))
    a, b = (analyse(given, some, budget="standard") for some in (made, made[::-1]))
    for name in set(TABLES) - {"runs", "curves"}:
        pd.testing.assert_frame_equal(getattr(a, name), getattr(b, name), check_exact=True)


def test_the_tables_of_runs_curves_and_arms():
    made = [
        run("paper", 0, error("train", 1, 20.0), error("validation", 1, 31.0), resumes=2),
        new("b", 0),
    ]
    result = analyse(study(difference()), made, budget="standard")
    first, second = (result.runs.iloc[i] for i in range(2))
    model = ARMS["paper"].model
    assert first.parameters == model.parameters() == 665_226
    assert first.mflops == pytest.approx(model.flops() / 1e6)
    assert (first.train_error, first.validation_error, first.generalisation_gap) == (20, 31, 11)
    assert (first.final_train_error, first.epochs_done, first.resumes) == (40.0, 3, 2)
    assert (second.status, second.epochs_done) == ("new", 0) and math.isnan(second.test_error)
    assert result.curves.train_error.tolist() == pytest.approx([90.0, 50.0, 40.0])
    assert result.curves.epoch_midpoint.tolist() == [0.5, 1.5, 2.5]
    assert result.differences.values.tolist() == [
        ["b", "model.output_weight_decay", "None", "0.001"]
    ]
    summary = analysed(difference(), {"paper": PAPER, "b": CLEAR}).summary.set_index("arm")
    interval = stats.ttest_1samp(PAPER, 0).confidence_interval()
    assert summary.loc["paper", "mean"] == pytest.approx(np.mean(PAPER))
    assert summary.loc["paper", "ci_low"] == pytest.approx(interval.low)
    assert summary.loc["paper", "unit"] == "%" and summary.loc["paper", "n"] == 5
