"""The statistics against slow computations of the same thing, and every verdict."""

import dataclasses
import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ablations.analysis import paired_tests
from ablations.analysis import time_to_error as tte
from ablations.analysis.learning_rates import choose_learning_rates
from ablations.analysis.speed_analysis import Analysis, analyse
from ablations.analysis.time_to_error import Pair, Time
from ablations.plan import PlannedRun, Role, StudyRun
from ablations.studies.relu_vs_tanh import STUDY
from ablations.study import Budget
from alexnet_tf.records import DataFacts, EpochResult, RunRecord, Status
from alexnet_tf.spec import Experiment, replace

PAPER = STUDY
STUDY = dataclasses.replace(PAPER, comparisons=PAPER.comparisons[:1])
TABLES = "runs curves summary comparisons pairs sensitivity search differences".split()
UPDATES = 100  # an epoch
slow = settings(max_examples=60, deadline=None)
errors_of_a_run = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12)
epochs_of_a_pair = st.tuples(st.floats(1.0, 59.0), st.floats(1.0, 59.0))


def record(experiment: Experiment, errors, status: Status = "done") -> RunRecord:
    curve = tuple(
        EpochResult(
            epoch=i, updates=UPDATES * i, train_error=float(e), train_loss=2 * float(e), seconds=1.0
        )
        for i, e in enumerate(errors, start=1)
    )
    return RunRecord(experiment=experiment, status=status, curve=curve)


def crossing_at(epochs: float, threshold=0.25) -> list[float]:
    """Errors on a straight line that is at `threshold` after `epochs`."""
    return [threshold + (epochs - (e - 0.5)) * 0.01 for e in range(1, math.ceil(epochs + 0.5) + 1)]


def run(
    arm, seed, epochs, status: Status = "done", role: Role = "reported", changes=None
) -> StudyRun:
    """One run that reaches 25 % after `epochs`; None: never; "new": no record."""
    experiment = replace(STUDY.arms[arm], {**(changes or {}), "seed": seed})
    planned = PlannedRun(arm=arm, role=role, experiment=experiment)
    if epochs == "new":
        return StudyRun(planned=planned, record=None)
    errors = [0.6] * experiment.train.epochs if epochs is None else crossing_at(epochs)
    return StudyRun(planned=planned, record=record(experiment, errors, status))


def study_runs(relu, tanh) -> list[StudyRun]:
    pairs = enumerate(zip(relu, tanh, strict=True))
    return [r for s, (a, b) in pairs for r in (run("relu", s, a), run("tanh", s, b))]


def verdict(relu, tanh, budget="standard", study=STUDY):
    return analyse(study, study_runs(relu, tanh), budget=budget).comparisons.iloc[0]


def same_numbers(a: Analysis, b: Analysis, names, without=()) -> None:
    for name in names:
        left, right = (
            getattr(x, name).drop(columns=list(without), errors="ignore") for x in (a, b)
        )
        pd.testing.assert_frame_equal(left, right, check_exact=True)


def pair(baseline, variant, seed=0) -> Pair:
    times = [
        Time(epochs=60.0 if e is None else e, updates=0.0, reached=e is not None)
        for e in (baseline, variant)
    ]
    return Pair(seed=seed, baseline=times[0], variant=times[1])


# --- one run ------------------------------------------------------------------------


@slow
@given(errors_of_a_run, st.floats(0.0, 1.0))
def test_time_equals_a_dense_scan_of_the_curve(errors, threshold):
    time = tte.time_to_error(record(STUDY.arms["relu"], errors), threshold)
    x = np.arange(len(errors)) + 0.5
    grid = np.union1d(np.linspace(0.5, len(errors) - 0.5, 200 * len(errors)), x)
    below = np.flatnonzero(np.interp(grid, x, errors) <= threshold)
    assert time is not None and time.reached == bool(below.size)
    if below.size:
        assert time.epochs == pytest.approx(grid[below[0]], abs=0.011)
        assert time.updates == pytest.approx(UPDATES * time.epochs)
        assert np.interp(time.epochs, x, errors) == pytest.approx(threshold, abs=1e-9) or (
            time.epochs == 0.5
        )
    else:
        assert time.epochs == len(errors) and math.isnan(time.updates)


@pytest.mark.parametrize(
    ("errors", "threshold", "epochs"),
    [
        ([0.5, 0.3, 0.2], 0.25, 2.0),
        ([0.5, 0.3, 0.25], 0.25, 2.5),  # exactly at the threshold counts
        ([0.25, 0.1], 0.25, 0.5),  # already there: the first observation
        ([0.5, 0.2, 0.6, 0.1], 0.25, 0.5 + 5 / 6),  # the first crossing, not the last
        ([0.5, 0.2], 0.1, None),
    ],
)
def test_time_by_hand(errors, threshold, epochs):
    time = tte.time_to_error(record(STUDY.arms["relu"], errors), threshold)
    assert time is not None and time.reached == (epochs is not None)
    assert time.epochs == pytest.approx(len(errors) if epochs is None else epochs, rel=1e-12)


def test_time_of_runs_that_did_not_finish():
    relu = STUDY.arms["relu"]
    crossed = tte.time_to_error(record(relu, [0.5, 0.1], "diverged"), 0.25)
    assert crossed is not None and (crossed.epochs, crossed.reached) == (60.0, False)
    assert tte.time_to_error(record(relu, [0.5, 0.1], "failed"), 0.25) is None
    assert tte.time_to_error(record(relu, []), 0.25) is None


# --- averages -----------------------------------------------------------------------


@slow
@given(st.lists(st.floats(1.0, 100.0), min_size=1, max_size=8), st.floats(20.0, 60.0))
def test_restricted_mean_and_median_by_plain_loops(true_times, budget):
    times = [Time(epochs=min(t, budget), updates=0.0, reached=t <= budget) for t in true_times]
    mean, low, high = paired_tests.t_interval([time.epochs for time in times])
    total = 0.0
    for t in true_times:
        total += t if t < budget else budget
    assert mean == pytest.approx(total / len(times))
    if len(times) > 1:
        assert low <= mean <= high
    else:
        assert math.isnan(low) and math.isnan(high)
    survival, expected = 1.0, math.nan
    for t in sorted({time.epochs for time in times if time.reached}):
        at_risk = sum(time.epochs >= t for time in times)
        survival *= 1 - sum(time.reached and time.epochs == t for time in times) / at_risk
        if survival <= 0.5 + 1e-9:
            expected = t
            break
    assert tte.median(times) == pytest.approx(expected, nan_ok=True)


def test_t_interval_is_scipys_and_covers_the_mean():
    sample = np.random.default_rng(1).normal(size=7)
    interval = stats.ttest_1samp(sample, 0).confidence_interval(0.95)
    assert paired_tests.t_interval(sample.tolist())[1:] == pytest.approx(
        (interval.low, interval.high)
    )
    assert paired_tests.t_interval([60.0, 60.0, 60.0]) == (60.0, 60.0, 60.0)
    assert all(math.isnan(x) for x in paired_tests.t_interval([]))


@pytest.mark.parametrize("n", [5, 10])
def test_ratio_interval_covers_the_true_ratio_in_95_percent(n):
    rng = np.random.default_rng(n)
    log_ratios = math.log(6) + 0.3 * rng.normal(size=(4000, n))
    shared = np.exp(0.2 * rng.normal(size=(4000, n)))
    factor = stats.t.ppf(0.975, n - 1) / math.sqrt(n)
    centre, spread = log_ratios.mean(axis=1), log_ratios.std(axis=1, ddof=1)
    hits = np.mean(np.abs(centre - math.log(6)) <= factor * spread)
    assert 0.94 <= hits <= 0.96
    for row in range(20):  # the vectorised intervals above are the module's
        pairs = [
            pair(b, b * math.exp(r)) for b, r in zip(shared[row], log_ratios[row], strict=True)
        ]
        ratio = tte.estimate_ratio(pairs)
        ends = np.exp(centre[row] + np.array([-1, 0, 1]) * factor * spread[row])
        assert (ratio.low, ratio.estimate, ratio.high) == pytest.approx(tuple(ends))


# --- pairs and their ratio ----------------------------------------------------------


@slow
@given(st.lists(epochs_of_a_pair, min_size=1, max_size=9))
def test_ratio_against_numpy_and_brute_force(epochs):
    ratio = tte.estimate_ratio([pair(*e) for e in epochs])
    logs = [math.log(v / b) for b, v in epochs]
    assert ratio.estimate == pytest.approx(stats.gmean([v / b for b, v in epochs]))
    assert ratio.faster_seeds == sum(v > b for b, v in epochs)
    assert (ratio.n, ratio.n_known, ratio.n_censored) == (len(epochs), len(epochs), 0)
    observed, hits = abs(sum(logs)), 0
    for signs in itertools.product((1, -1), repeat=len(logs)):
        hits += abs(sum(s * x for s, x in zip(signs, logs, strict=True))) >= observed - 1e-9
    assert ratio.sign_flip_p == pytest.approx(hits / 2 ** len(logs), abs=1e-12)
    assert ratio.min_p == 2 / 2 ** len(logs) and ratio.sign_flip_p >= ratio.min_p
    if len(logs) > 1:
        assert ratio.log_sd == pytest.approx(np.std(logs, ddof=1), abs=1e-12)


@slow
@given(st.lists(epochs_of_a_pair, min_size=2, max_size=9))
def test_swapping_the_arms_inverts_the_ratio(epochs):
    there = tte.estimate_ratio([pair(*e) for e in epochs])
    back = tte.estimate_ratio([pair(v, b) for b, v in epochs])
    assert there.estimate * back.estimate == pytest.approx(1)
    assert (there.low * back.high, there.high * back.low) == pytest.approx((1, 1))
    assert there.sign_flip_p == back.sign_flip_p


END = 1.2 ** (12.7062047 / 2)  # of the t interval of log 5 and log 6, as a factor


@pytest.mark.parametrize(
    ("pairs", "kind", "low", "high", "bounds"),
    [
        ([(10, None), (12, None)], "at least", 30**0.5 / END, math.inf, (True, False)),
        ([(None, 10), (None, 12)], "at most", 0, END / 30**0.5, (False, True)),
        ([(10, None), (None, 10)], "at least", 0, math.inf, (False, False)),
        ([(None, None), (None, None)], "unknown", math.nan, math.nan, (False, False)),
        ([(10, None)], "at least", math.nan, math.nan, (True, False)),
    ],
)
def test_censored_pairs_give_bounds(pairs, kind, low, high, bounds):
    ratio = tte.estimate_ratio([pair(*p) for p in pairs])
    assert pair(*pairs[0]).kind == kind
    assert (ratio.low, ratio.high) == pytest.approx((low, high), rel=1e-5, nan_ok=True)
    assert (ratio.is_lower_bound, ratio.is_upper_bound) == bounds
    assert ratio.n == ratio.n_censored == len(pairs)


def test_unknown_pairs_count_but_do_not_move_the_ratio():
    exact = [pair(10, 50), pair(10, 58)]
    ratio = tte.estimate_ratio([*exact, pair(None, None)])
    assert ratio.estimate == tte.estimate_ratio(exact).estimate
    assert (ratio.n, ratio.n_known, ratio.n_censored) == (3, 2, 1)


def test_sign_flip_beyond_enumeration_is_close_and_repeats_itself():
    values = (np.random.default_rng(3).normal(size=21) + 0.4).tolist()
    p = paired_tests.sign_flip_p(values)
    assert p == paired_tests.sign_flip_p(values)
    sums = np.zeros(1)
    for value in values:
        sums = np.r_[sums + value, sums - value]
    assert p == pytest.approx(np.mean(np.abs(sums) >= abs(sum(values)) - 1e-9), abs=0.005)
    assert math.isnan(paired_tests.sign_flip_p([])) and paired_tests.sign_flip_p([0.0, 0.0]) == 1.0


def test_correlation_of_pairs():
    epochs = [(10, 61), (12, 70), (9, 50), (15, 66)]
    ratio = tte.estimate_ratio([pair(*e) for e in epochs])
    logs = np.log(np.array(epochs))
    assert ratio.correlation == pytest.approx(stats.pearsonr(logs[:, 0], logs[:, 1])[0])
    assert math.isnan(tte.estimate_ratio([pair(10, 61), pair(12, 70)]).correlation)
    assert math.isnan(tte.estimate_ratio([pair(10, 61), pair(10, 70), pair(10, 8)]).correlation)


@pytest.mark.parametrize(("n", "log_sd"), [(2, 0.05), (5, 0.1), (5, 0.25), (5, 0.5), (10, 0.4)])
def test_power_against_simulation(n, log_sd):
    logs = log_sd * np.random.default_rng(n).normal(size=(40_000, n))
    half = stats.t.ppf(0.975, n - 1) * logs.std(axis=1, ddof=1) / math.sqrt(n)
    inside = np.abs(logs.mean(axis=1)) + half <= math.log(1.5)
    assert tte.power(n, log_sd, 1.5) == pytest.approx(inside.mean(), abs=0.01)


def test_power_at_its_limits():
    assert tte.power(5, 0.0, 1.5) == 1 and tte.power(5, 0.1, 1.0) == 0
    assert tte.power(200, 0.01, 1.5) == pytest.approx(1)
    assert 0 <= tte.power(5, 50.0, 1.5) < 1e-6
    assert math.isnan(tte.power(1, math.nan, 1.5))


# --- verdicts -----------------------------------------------------------------------

RELU = [5.0, 5.5, 6.0, 5.2, 5.8]


@pytest.mark.parametrize(
    ("factors", "expected", "words"),
    [
        ([6.0, 6.2, 5.8, 6.1, 5.9], "agrees", ["range 4 to 9 that counts as the paper's 6"]),
        ([2.0, 2.1, 1.9, 2.0, 2.05], "disagrees", ["below", "relu is still the faster"]),
        ([0.5, 0.6, 0.55, 0.5, 0.6], "disagrees", ["tanh is the faster"]),
        ([1.0, 1.2, 0.8, 1.1, 0.95], "disagrees", ["includes 1, so neither"]),
        ([10.0, 10.1, 9.9, 10.0, 9.8], "disagrees", ["above", "relu is still the faster"]),
        ([2.0, 9.0, 4.0, 8.0, 3.0], "inconclusive", ["too wide"]),
        ([6.0, 6.2, None, 6.1, 5.9], "inconclusive", ["1 of 5 tanh runs", "at least"]),
    ],
)  # fmt: skip
def test_verdict_of_five_pairs(factors, expected, words):
    tanh = [None if f is None else f * r for f, r in zip(factors, RELU, strict=True)]
    row = verdict(RELU, tanh)
    assert row.verdict == expected
    for text in [*words, "n = 5", "cannot go below p = 0.0625", "The measured ratio is"]:
        assert text in row.reason
    assert row.reason.endswith(".") and "nan" not in row.reason and "inf" not in row.reason


def test_verdict_follows_the_interval_not_the_estimate():
    factors = np.array([6.0, 6.6, 5.4, 7.0, 5.1])
    row = verdict(RELU, factors * RELU)
    assert row.verdict == "agrees" and 4 < row.ratio_low < row.ratio_high < 9
    for m, expected in ((1.05, "inconclusive"), (6 / row.ratio_low - 1e-9, "inconclusive"),
                        (6 / row.ratio_low + 1e-9, "agrees")):  # fmt: skip
        changed = dataclasses.replace(STUDY.comparisons[0], margin=m)
        study = dataclasses.replace(STUDY, comparisons=(changed,))
        assert verdict(RELU, factors * RELU, study=study).verdict == expected


def test_a_lower_bound_within_the_range_is_no_verdict():
    row = verdict([8.0, 8.5, 9.0, 8.2, 8.8], [None] * 5)
    assert row.verdict == "inconclusive" and row.ratio_is_lower_bound
    assert "5 of 5 tanh runs had not reached 25 % after 60 epochs" in row.reason
    assert "so the ratio is only known to be at least 7.07" in row.reason
    assert "the power is not known" in row.reason and math.isnan(row.power)


def test_a_lower_bound_far_above_the_paper_disagrees():
    row = verdict([3.0, 3.1, 2.9, 3.0, 3.2], [None] * 5)
    assert row.verdict == "disagrees" and row.ratio_is_lower_bound and row.ratio_high == math.inf
    assert "at least" in row.reason and "or more" in row.reason


def test_verdicts_with_censored_baselines():
    late = verdict([None] * 5, RELU)
    assert late.verdict == "disagrees" and late.ratio_low == 0 and "or less" in late.reason
    some = verdict([None, 50.0, 52.0, 51.0, 53.0], [55.0, 51.0, 52.0, 57.0, 54.0])
    assert some.verdict == "disagrees"
    both = verdict([None, 5.0, 5.0, 5.0, 5.0], [30.0, None, 30.0, 30.0, 30.0])
    assert both.verdict == "inconclusive" and "ratio is not known" in both.reason
    assert (both.ratio_low, both.ratio_high, both.ratio_is_lower_bound) == (0, math.inf, False)
    upper = verdict([None] * 5, [9.0, 10.0, 11.0, 10.0, 9.5], study=dataclasses.replace(
        STUDY, comparisons=(dataclasses.replace(STUDY.comparisons[0], paper_ratio=0.1),)
    ))  # fmt: skip
    assert upper.verdict == "inconclusive" and "only known to be at most 0.16" in upper.reason


def test_an_unknown_pair_leaves_the_verdict_open():
    factors = [6.0, 6.2, 5.8, 6.1, 5.9]
    row = verdict([*RELU, None], [*(f * r for f, r in zip(factors, RELU, strict=True)), None])
    assert row.verdict == "inconclusive" and row.n == 6 and row.n_censored == 1
    assert "n = 6 paired seeds, 5 of known ratio" in row.reason
    assert "1 of 6 tanh runs and 1 of 6 relu runs" in row.reason
    none = verdict([None] * 5, [None] * 5)
    assert none.verdict == "inconclusive" and "No ratio was measured" in none.reason


def test_reasons_against_any_verdict():
    tanh = [6.0 * r for r in RELU]
    assert verdict(RELU, tanh).verdict == "agrees"
    own = verdict(RELU, tanh, budget="of my own")
    assert own.verdict == "inconclusive" and "no budget 'of my own'" in own.reason
    few = verdict(RELU[:4], tanh[:4])
    assert few.verdict == "inconclusive" and "4 of the 5 pairs" in few.reason
    quick = verdict(RELU, tanh, budget="quick")
    assert quick.verdict == "inconclusive" and "'quick' is exploratory" in quick.reason
    runs = [run("relu" if i % 2 else "tanh", i // 2, 6.0, changes={"data.dataset": "builtin"})
            for i in range(12)]  # fmt: skip
    result = analyse(STUDY, runs, budget="standard")
    assert result.comparisons.verdict[0] == "inconclusive" and result.synthetic
    assert "cannot decide a claim about CIFAR-10" in result.comparisons.reason[0]
    assert "cannot go below" not in result.comparisons.reason[0]  # six pairs
    assert result.dataset == "builtin" and set(result.summary.dataset) == {"builtin (synthetic)"}


def test_synthetic_facts_count_whatever_the_name():
    facts = DataFacts(dataset="cifar10", synthetic=True, train_images=9, validation_images=0,
                      test_images=0, fingerprint="", source="")  # fmt: skip
    first, *rest = study_runs(RELU, RELU)
    assert first.record is not None
    marked = dataclasses.replace(first, record=dataclasses.replace(first.record, data=facts))
    assert analyse(STUDY, [marked, *rest], budget="standard").synthetic


# --- tables -------------------------------------------------------------------------


def dtypes(result: Analysis):
    return {name: getattr(result, name).dtypes.to_dict() for name in TABLES}


def test_tables_keep_their_columns_and_types_whatever_is_there():
    full = analyse(PAPER, [*study_runs(RELU, [30.0, None, 31, 32, 33]),
                           run("relu", 1000, 4.0, role="search")], budget="full")  # fmt: skip
    diverged = [run(arm, s, 5.0, "diverged") for arm in ("relu", "tanh") for s in range(5)]
    missing = [run("relu", 0, "new"), run("tanh", 0, "new")]
    for runs in ([], study_runs(RELU[:1], [30.0]), diverged, missing):
        result = analyse(PAPER, runs, budget="standard")
        assert dtypes(result) == dtypes(full)
        assert set(result.comparisons.verdict) == {"inconclusive"}
        assert list(result.summary.arm) == list(PAPER.arms)
    documented = (Analysis.__doc__ or "").replace("\n", " ")
    for name in TABLES:
        assert all(column in documented for column in getattr(full, name).columns)


def test_summary_of_finished_censored_diverged_failed_and_new_runs():
    runs = [run("tanh", 0, 30.0), run("tanh", 1, None), run("tanh", 2, 9.0, "diverged"),
            run("tanh", 3, 9.0, "failed"), run("tanh", 4, "new"), run("relu", 0, 5.0)]  # fmt: skip
    result = analyse(STUDY, runs, budget="standard")
    row = result.summary.set_index("arm").loc["tanh"]
    assert row["mean"] == pytest.approx((30 + 60 + 60) / 3)
    assert (row.n, row.n_planned, row.n_censored, row.n_diverged, row.n_failed) == (3, 5, 2, 1, 1)
    assert (row.metric, row.unit) == ("epochs_to_25pct_train_error", "epochs")
    assert (row.paper_value, row.paper_quantity) == (6.0, "ratio to relu")
    assert math.isnan(row["median"]) and row.budget_epochs == 60 and row.learning_rate == 0.016
    relu = result.summary.set_index("arm").loc["relu"]
    assert math.isnan(relu.paper_value) and relu.paper_quantity == "" and math.isnan(relu.ci_low)
    assert relu["median"] == pytest.approx(5)
    assert list(result.runs.status) == ["done", "done", "diverged", "failed", "new", "done"]
    assert list(result.runs.censored) == [False, True, True, False, False, False]
    reached = [30.0, math.nan, math.nan, math.nan, math.nan, 5.0]
    assert result.runs.epochs_to_threshold.tolist() == pytest.approx(reached, nan_ok=True)
    assert result.runs.updates_to_threshold[0] == pytest.approx(3000)


def test_curves_are_placed_at_the_middle_of_the_epoch():
    one = run("relu", 0, 2.0)
    curves = analyse(STUDY, [one], budget="standard").curves
    assert one.record is not None
    assert curves.train_error.tolist() == [100 * point.train_error for point in one.record.curve]
    assert curves.epoch_midpoint.tolist() == [0.5, 1.5, 2.5]
    assert curves.updates.tolist() == [100, 200, 300]


def test_order_of_the_runs_changes_no_number():
    runs = study_runs([5.1, 5.7, 6.3, None, 5.9], [30.3, 31.7, None, 33.1, 29.9])
    a, b = (analyse(STUDY, r, budget="standard") for r in (runs, runs[::-1]))
    same_numbers(a, b, [name for name in TABLES if name not in ("runs", "curves")])


def test_a_failed_run_changes_no_number():
    runs = study_runs(RELU, [30.3, 31.7, None, 33.1, 29.9])
    more = [*runs, run("tanh", 5, 3.0, "failed"), run("relu", 5, 3.0), run("tanh", 6, "new")]
    a = analyse(STUDY, [*runs, run("relu", 5, 3.0)], budget="standard")
    b = analyse(STUDY, more, budget="standard")
    names = [name for name in TABLES if name != "runs"]
    same_numbers(a, b, names, without=["n_planned", "n_failed"])


def test_stretching_time_scales_the_means_and_keeps_the_ratio():
    relu, tanh = np.array([4.0, 5.0, 4.5]), np.array([20.0, 24.0, 22.0])
    a, b = (analyse(STUDY, study_runs(f * relu, f * tanh), budget="standard") for f in (1, 2))
    means = [result.summary["mean"].tolist()[:2] for result in (a, b)]
    assert means[1] == pytest.approx([2 * mean for mean in means[0]])
    assert b.comparisons.ratio[0] == pytest.approx(a.comparisons.ratio[0])


def test_pairs_are_by_seed():
    runs = [run("relu", 2, 5.0), run("relu", 0, 4.0), run("tanh", 0, 20.0), run("tanh", 1, 9.0),
            run("tanh", 2, None)]  # fmt: skip
    pairs = analyse(STUDY, runs, budget="standard").pairs
    assert pairs.seed.tolist() == [0, 2] and pairs.kind.tolist() == ["exact", "at least"]
    assert pairs.ratio.tolist() == pytest.approx([5.0, 12.0])


def test_sensitivity_has_every_threshold_and_agrees_with_the_comparison():
    result = analyse(STUDY, study_runs(RELU, [30.0, 31, 32, 33, None]), budget="standard")
    table = result.sensitivity.set_index("threshold")
    assert table.index.tolist() == [20, 25, 30]
    columns = ["n", "ratio", "ratio_low", "ratio_high", "n_censored"]
    assert table.loc[25, columns].tolist() == result.comparisons.loc[0, columns].tolist()
    assert table.loc[25, "variant_mean"] == pytest.approx(result.summary["mean"][1])
    # Runs that stop at 25 % say nothing exact about 20 %.
    assert table.loc[20, "n_censored"] == 5 and table.loc[30, "n_censored"] == 1


def test_differences_are_those_of_the_runs():
    runs = [run("relu", 0, 5.0, changes={"train.learning_rate": 0.016}), run("tanh", 3, 9.0)]
    table = analyse(STUDY, runs, budget="standard").differences
    assert table.values.tolist() == [["paper_era", "model.activation", "relu", "tanh"]]


# --- learning rates -----------------------------------------------------------------


def search(arm, rates):
    """rates: rate -> epochs to the threshold of each tuning run, or (final error, status)."""
    runs = []
    for rate, outcomes in rates.items():
        for seed, outcome in enumerate(outcomes, start=1000):
            changes = {"train.learning_rate": rate}
            found = run(arm, seed, outcome if isinstance(outcome, float) else "new",
                        role="search", changes=changes)  # fmt: skip
            if isinstance(outcome, tuple):
                done = record(found.planned.experiment, [0.9, outcome[0]], outcome[1])
                found = dataclasses.replace(found, record=done)
            runs.append(found)
    return runs


@pytest.mark.parametrize(
    ("rates", "best"),
    [
        ({0.1: [5.0], 0.2: [4.0], 0.4: [6.0]}, 0.2),
        ({0.1: [5.0, 5.0], 0.2: [4.0, (0.5, "done")]}, 0.1),  # all runs of a rate must reach it
        ({0.1: [(0.5, "done")], 0.2: [(0.4, "done")], 0.4: [(0.6, "done")]}, 0.2),
        ({0.1: [(0.3, "diverged")], 0.2: [(0.8, "done")]}, 0.2),
        ({0.1: [4.0, (0.3, "diverged")], 0.2: [(0.8, "done")] * 2}, 0.2),
        ({0.4: [5.0], 0.2: [5.0], 0.8: [5.0]}, 0.2),
        ({0.4: [(0.3, "diverged")], 0.2: [(0.9, "diverged")]}, 0.2),
        ({0.1: [5.0], 0.2: ["new"]}, None),
        ({0.1: [5.0], 0.2: [(0.2, "failed")]}, None),
    ],
)
def test_learning_rate_rule(rates, best):
    runs = search("tanh", rates)
    assert choose_learning_rates(STUDY, runs) == ({} if best is None else {"tanh": best})
    table = analyse(STUDY, runs, budget="full").search
    assert table.learning_rate.tolist() == sorted(rates)
    assert table[table.chosen].learning_rate.tolist() == ([] if best is None else [best])
    edge = best in (min(rates), max(rates))
    assert table.at_edge.sum() == edge and set(table.comparison) == {"paper_era"}


def test_search_runs_never_count_in_the_result():
    runs = study_runs(RELU, [30.0] * 5)
    more = [*runs, *search("tanh", {0.1: [5.0], 0.2: [(0.5, "done")]})]
    a, b = (analyse(STUDY, r, budget="full") for r in (runs, more))
    same_numbers(a, b, ["summary", "comparisons", "pairs", "sensitivity", "differences"])
    assert b.runs.role.tolist() == ["reported"] * 10 + ["search"] * 2
    table = b.search
    assert table.n.tolist() == [1, 1] and table.status.tolist() == ["done", "done"]
    assert table.epochs_to_threshold.tolist() == pytest.approx([5, math.nan], nan_ok=True)
    assert table.final_train_error[1] == 50


def test_an_exploratory_budget_of_another_name():
    study = dataclasses.replace(
        STUDY, budgets={"tiny": Budget(seeds=5, epochs=60, exploratory=True)}
    )
    assert "'tiny' is exploratory" in verdict(RELU, RELU, "tiny", study).reason
