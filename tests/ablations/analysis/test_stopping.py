"""Looks at a study: when a comparison stops, what then counts, and what it says of itself."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from made_up import ARMS, difference, runs, study
from scipy import stats

from ablations.analysis import looks, sequential, stopping
from ablations.analysis.comparisons import courses
from ablations.analysis.looks import Look
from ablations.analysis.pairs import Values
from ablations.analysis.samples import Samples
from ablations.analysis.study_analysis import Analysis, analyse
from ablations.plan import StudyRun
from ablations.study import Budget, Comparison, Shared
from alexnet_tf.errors import SpecError

BASE = [30.0, 30.4, 29.8, 30.1, 30.2, 29.9, 30.3, 30.0, 30.1, 29.7]
BUDGET = Budget(
    seeds=5, more=(7, 9), shared=Shared(experiment=ARMS["paper"], seeds=10), epochs=None
)


def item(**changes) -> Comparison:
    return difference(pairing="none", **changes)


def analysed(b: Sequence[float], *items: Comparison, **others: Sequence[float]) -> Analysis:
    given = study(*(items or (item(),)), budgets={"standard": BUDGET})
    return analyse(given, runs({"paper": BASE, "b": b, **others}), budget="standard")


def test_looks_are_those_of_the_budget():
    given = study(item(), budgets={"standard": BUDGET})
    found = looks.planned(given, BUDGET, item())
    assert [look.seeds for look in found] == [(10, 5), (10, 7), (10, 9)]
    assert [look.time for look in found] == pytest.approx(
        [(1 / 10 + 1 / 9) / (1 / 10 + 1 / m) for m in (5, 7, 9)]
    )
    assert len(looks.planned(given, BUDGET, item(family="secondary"))) == 1
    own = item(variant="paper", baseline_quantity="test_error_ten_views")
    assert [look.seeds for look in looks.planned(given, BUDGET, own)] == [(10, 10)]
    paired = difference(baseline="b", variant="c")
    assert [look.time for look in looks.planned(given, BUDGET, paired)] == [5 / 9, 7 / 9, 1]
    with pytest.raises(SpecError, match="must rise"):
        Budget(seeds=8, more=(8, 12), epochs=None)


def test_one_look_of_independent_arms_is_welchs_test():
    b = [31.4, 31.9, 31.3, 31.4, 31.7]
    row = analysed(b, item(family="secondary")).comparisons.iloc[0]
    test: Any = stats.ttest_ind(b, BASE, equal_var=False)
    interval = test.confidence_interval()
    assert (row.estimate, row.t_p) == pytest.approx((np.mean(b) - np.mean(BASE), test.pvalue))
    assert (row.low, row.high) == pytest.approx((interval.low, interval.high))
    assert (row.n, row.n_baseline, row.interval, row.look, row.looks) == (5, 10, "fixed", 1, 1)
    assert row.pairing == "none" and math.isnan(row.pair_correlation)
    assert "Welch's t test" in row.reason and "n = 5 seeds, 10 of the baseline" in row.reason


def test_a_comparison_stops_at_the_first_significant_look_and_later_seeds_do_not_count():
    b = [31.4, 31.9, 31.3, 31.4, 31.7]
    first = analysed(b).comparisons.iloc[0]
    assert (first.look, first.looks, first.stopped, first.verdict) == (1, 3, True, "agrees")
    assert first.interval == "final" and first.low < first.estimate < first.high
    assert "look 1 of 3" in first.reason
    more = analysed([*b, 20.0, 20.0, 20.0, 20.0]).comparisons.iloc[0]
    assert more.drop("reason").equals(first.drop("reason"))


def test_an_open_comparison_goes_on_with_the_next_whole_look():
    open_ = [30.2, 30.9, 29.9, 30.5, 31.0]
    first, six, seven = (
        analysed([*open_, *rest]).comparisons.iloc[0] for rest in ([], [30.8], [30.8, 30.2])
    )
    assert (first.look, first.stopped, first.interval) == (1, False, "repeated")
    assert first.verdict == "open" and "the comparison is open" in first.reason
    assert six.drop("reason").equals(first.drop("reason"))
    assert seven.look == 2 and seven.n == 7
    # wider than the interval of one look: it is right at every look
    error = seven.error
    half = stats.t.isf(0.025, seven.freedom) * error
    assert seven.high - seven.low > 2 * half


def test_the_last_look_ends_it_whatever_it_found():
    b = [30.2, 30.9, 29.9, 30.5, 31.0, 29.8, 30.6, 30.1, 30.2]
    row = analysed(b).comparisons.iloc[0]
    assert (row.look, row.stopped, row.interval) == (3, True, "final")
    assert row.verdict == "inconclusive" and "open" not in row.reason


def test_p_values_are_over_the_looks():
    b = [30.2, 30.9, 29.9, 30.5, 31.0, 30.8, 30.2]
    row = analysed(b).comparisons.iloc[0]
    times = tuple(look.time for look in looks.planned(study(item()), BUDGET, item()))
    scores = []
    for count in (5, 7):
        test: Any = stats.ttest_ind(b[:count], BASE, equal_var=False)
        scores.append(float(stats.norm.isf(test.pvalue / 2)) * np.sign(test.statistic))
    expected = stopping.CALIBRATION * sequential.p_value(scores, times)
    assert row.t_p == pytest.approx(expected, rel=1e-6)
    alone: Any = stats.ttest_ind(b, BASE, equal_var=False)
    assert row.t_p > alone.pvalue


@pytest.mark.parametrize(
    ("claimed", "b", "stops", "verdict"),
    [
        ("equal", [30.1, 30.0, 30.1, 30.0, 30.0], True, "agrees"),
        ("equal", [31.4, 31.9, 31.3, 31.4, 31.7], True, "disagrees"),
        ("equal", [30.5, 30.6, 30.5, 30.6, 30.5], False, "open"),
        ("higher", [30.1, 30.0, 30.1, 30.0, 30.0], True, "no difference"),
        ("higher", [28.4, 28.9, 28.3, 28.4, 28.7], True, "disagrees"),
        ("higher", ["diverged", 30.5, 30.1, 30.2, 30.0], False, "open"),
    ],
)
def test_what_stops_it_is_what_decides_its_claim(claimed, b, stops, verdict):
    row = analysed(b, item(claimed=claimed)).comparisons.iloc[0]
    assert (row.stopped, row.verdict) == (stops, verdict)


def test_a_claimed_size_is_held_against_the_interval_of_every_look():
    within = item(claimed="within", paper=1.5, smallest=1.2)
    b = [31.4, 31.9, 31.3, 31.4, 31.7]
    row = analysed(b, within).comparisons.iloc[0]
    assert (row.verdict, row.stopped, row.interval) == ("agrees", True, "repeated")


def test_comparisons_of_one_family_share_the_error():
    b = [30.5, 30.8, 30.4, 30.3, 30.9]
    alone = analysed(b).comparisons.iloc[0]
    one_of_three = analysed(
        b, item(), item(name="c", variant="c"), item(name="d", variant="d"), c=BASE[:5], d=BASE[:5]
    ).comparisons.iloc[0]
    assert one_of_three.p_adjusted == pytest.approx(min(1, 3 * alone.t_p), rel=1e-6)
    assert (alone.stopped, one_of_three.stopped) == (True, False)


def test_the_table_of_looks_says_what_was_fixed_and_what_is_left():
    result = analysed([30.2, 30.9, 29.9, 30.5, 31.0, 30.8, 30.2])
    table = result.looks
    assert table.state.tolist() == ["passed", "passed", "next"]
    assert table.seeds.tolist() == [5, 7, 9] and set(table.seeds_baseline) == {10}
    assert table.spent.is_monotonic_increasing and table.spent.iloc[-1] == pytest.approx(0.05)
    assert table.runs.tolist() == [0, 0, 2]
    assert table.hours.iloc[2] == pytest.approx(2 * 6 / 3600)  # runs of six seconds
    row = result.comparisons.iloc[0]
    assert table.estimate.iloc[1] == pytest.approx(row.estimate)
    assert table.edge_difference.iloc[1] > abs(row.estimate) > table.edge_equivalence.iloc[1]
    stopped = analysed([31.4, 31.9, 31.3, 31.4, 31.7]).looks
    assert stopped.state.tolist() == ["stopped", "not needed", "not needed"]
    assert stopped.runs.tolist() == [0, 0, 0]


def test_missing_and_failed_runs_of_a_look():
    four = analysed([31.4, 31.9, 31.3, 31.4]).comparisons.iloc[0]
    assert four.look == 0 and not four.stopped and "arm “with b”: 4 of 5 seeds done" in four.reason
    base: list[StudyRun] = runs({"paper": BASE[:9], "b": [31.4, 31.9, 31.3, 31.4, 31.7]})
    short = analyse(study(item(), budgets={"standard": BUDGET}), base, budget="standard")
    assert "arm “the net”: 9 of 10 seeds done" in short.comparisons.reason[0]
    few = [31.4, 31.9, 31.3, 31.4, "failed", 31.4, 31.5]
    failed = analysed(few).comparisons.iloc[0]  # pyright: ignore[reportArgumentType]
    assert failed.look == 2 and failed.n == 6 and failed.verdict == "agrees"
    assert "Arm “with b”: 1 of 7 ended runs failed and is left out." in failed.reason


def test_power_is_that_of_all_the_looks():
    row = analysed([30.2, 30.9, 29.9, 30.5, 31.0], item(paper=1.0)).comparisons.iloc[0]
    rng = np.random.default_rng(3)
    hits = []
    for _ in range(300):
        b = list(30.05 + 1.0 + row.sd * rng.normal(size=9))
        base = list(30.05 + row.sd_baseline * rng.normal(size=10))
        by_arm = {"paper": runs({"paper": base}), "b": runs({"b": b})}
        given = study(item(paper=1.0), budgets={"standard": BUDGET})
        hits.append(courses(given, BUDGET, by_arm)["b"].p("difference") < 0.05)
    assert row.power == pytest.approx(np.mean(hits), abs=0.09)
    assert 0 < row.detectable < 2


@pytest.mark.parametrize("gone", [1, 2])
def test_failed_seeds_at_a_later_look_leave_a_report(gone):
    b = [30.2, 30.9, 29.9, 30.5, 30.1, *[30.4] * (2 - gone), *["failed"] * gone]
    row = analysed(b).comparisons.iloc[0]  # pyright: ignore[reportArgumentType]
    assert (row.look, row.n, row.verdict) == (2, 7 - gone, "open")
    assert row.low < row.estimate < row.high and 0 < row.power < 1


def test_a_look_with_a_failed_seed_too_many_does_not_end_it():
    far = [31.4, "failed", 31.3, 31.4, 31.7]
    first = analysed(far).comparisons.iloc[0]  # pyright: ignore[reportArgumentType]
    assert (first.look, first.stopped, first.verdict) == (1, False, "open")
    more = analysed([*far, 31.5, 31.6]).comparisons.iloc[0]  # pyright: ignore[reportArgumentType]
    assert (more.look, more.n, more.verdict) == (2, 6, "agrees")


def test_a_look_without_a_spread_does_not_void_the_later_ones():
    given = study(item(), budgets={"standard": dataclasses.replace(BUDGET, shared=None)})
    made = runs({"paper": [30.0] * 5 + [30.2, 29.9], "b": [31.0] * 5 + [31.2, 30.9]})
    row = analyse(given, made, budget="standard").comparisons.iloc[0]
    assert row.look == 2 and row.t_p < 0.05 and row.verdict == "agrees"


def test_an_incomplete_look_claims_no_more_than_the_whole_one():
    b = [31.4, 31.9, 31.3, 31.4]
    four = analysed(b, item(smallest=0.1)).comparisons.iloc[0]
    five = analysed([*b, 31.5], item(smallest=0.1)).comparisons.iloc[0]
    assert four.look == 0 and four.interval == "repeated"
    assert four.high - four.low > five.high - five.low and four.t_p > five.t_p


def test_bounds_end_a_claimed_size_only_where_they_decide_it():
    given = Comparison(
        name="b", baseline="paper", variant="b", quantity="epochs_to_error", scale="ratio",
        claimed="within", paper=6.0, smallest=1.5, pairing="seed",
    )  # fmt: skip
    values: list[Values] = [
        {seed: (10.0 + 0.1 * seed, "exact") for seed in range(9)},
        {seed: (60.0 + seed, "at least" if seed < 2 else "exact") for seed in range(9)},
    ]
    ended = frozenset(range(9))
    drawn = Samples(item=given, values=(values[0], values[1]), settled=(ended, ended))
    planned = [Look(number=k, seeds=(n, n), time=n / 9) for k, n in enumerate((5, 7, 9))]
    assert stopping.course(drawn, planned, 1).look == 3
    exact = {seed: (value, "exact") for seed, (value, _) in values[1].items()}
    whole = Samples(item=given, values=(values[0], exact), settled=(ended, ended))  # pyright: ignore[reportArgumentType]
    assert stopping.course(whole, planned, 1).look == 1


def test_paired_looks_that_add_nothing_are_none():
    entry = Budget(
        seeds=5, more=(7, 9), shared=Shared(experiment=ARMS["paper"], seeds=6), epochs=None
    )
    found = looks.planned(study(item()), entry, difference())
    assert [(look.number, look.seeds) for look in found] == [(0, (6, 5)), (1, (6, 7))]
