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

from ablations.analysis import effects, paired_tests
from ablations.analysis.learning_rates import choose_learning_rates
from ablations.analysis.pairs import Bound, Pair
from ablations.analysis.study_analysis import Analysis, analyse
from ablations.analysis.time_to_error import time_to_error
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
    """A pair of times; None: not reached by epoch 60."""
    bounds: dict[tuple[bool, bool], Bound] = {
        (True, True): "exact",
        (True, False): "at least",
        (False, True): "at most",
        (False, False): "unknown",
    }
    bound = bounds[baseline is not None, variant is not None]
    return Pair(seed=seed, baseline=baseline or 60.0, variant=variant or 60.0, bound=bound)


def ratio_of(pairs) -> effects.Effect:
    return effects.measure(STUDY.comparisons[0], pairs)


# --- one run ------------------------------------------------------------------------


@slow
@given(errors_of_a_run, st.floats(0.0, 1.0))
def test_time_equals_a_dense_scan_of_the_curve(errors, threshold):
    time = time_to_error(record(STUDY.arms["relu"], errors), threshold)
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
    time = time_to_error(record(STUDY.arms["relu"], errors), threshold)
    assert time is not None and time.reached == (epochs is not None)
    assert time.epochs == pytest.approx(len(errors) if epochs is None else epochs, rel=1e-12)


def test_time_of_runs_that_did_not_finish():
    relu = STUDY.arms["relu"]
    crossed = time_to_error(record(relu, [0.5, 0.1], "diverged"), 0.25)
    assert crossed is not None and (crossed.epochs, crossed.reached) == (60.0, False)
    assert time_to_error(record(relu, [0.5, 0.1], "failed"), 0.25) is None
    assert time_to_error(record(relu, []), 0.25) is None


# --- averages -----------------------------------------------------------------------


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
        ratio = ratio_of(pairs)
        ends = np.exp(centre[row] + np.array([-1, 0, 1]) * factor * spread[row])
        assert (ratio.low, ratio.estimate, ratio.high) == pytest.approx(tuple(ends))


# --- pairs and their ratio ----------------------------------------------------------


@slow
@given(st.lists(epochs_of_a_pair, min_size=1, max_size=9))
def test_ratio_against_numpy_and_brute_force(epochs):
    ratio = ratio_of([pair(*e) for e in epochs])
    logs = [math.log(v / b) for b, v in epochs]
    assert ratio.estimate == pytest.approx(stats.gmean([v / b for b, v in epochs]))
    assert ratio.seeds_as_claimed == sum(4 <= v / b <= 9 for b, v in epochs)
    assert (ratio.n, ratio.n_censored, ratio.bound) == (len(epochs), 0, "exact")
    observed, hits = abs(sum(logs)), 0
    for signs in itertools.product((1, -1), repeat=len(logs)):
        hits += abs(sum(s * x for s, x in zip(signs, logs, strict=True))) >= observed - 1e-9
    assert ratio.sign_flip_p == pytest.approx(hits / 2 ** len(logs), abs=1e-12)
    assert ratio.min_p == 2 / 2 ** len(logs) and ratio.sign_flip_p >= ratio.min_p
    if len(logs) > 1:
        assert ratio.sd == pytest.approx(np.std(logs, ddof=1), abs=1e-12)


@slow
@given(st.lists(epochs_of_a_pair, min_size=2, max_size=9))
def test_swapping_the_arms_inverts_the_ratio(epochs):
    there = ratio_of([pair(*e) for e in epochs])
    back = ratio_of([pair(v, b) for b, v in epochs])
    assert there.estimate * back.estimate == pytest.approx(1)
    assert (there.low * back.high, there.high * back.low) == pytest.approx((1, 1))
    assert there.sign_flip_p == back.sign_flip_p


END = 1.2 ** (12.7062047 / 2)  # of the t interval of log 5 and log 6, as a factor


@pytest.mark.parametrize(
    ("pairs", "bound", "low", "high"),
    [
        ([(10, None), (12, None)], "at least", 30**0.5 / END, math.inf),
        ([(10, None), (12, 60)], "at least", 30**0.5 / END, math.inf),
        ([(None, 10), (None, 12)], "at most", 0, END / 30**0.5),
        ([(10, None), (None, 10)], "unknown", 0, math.inf),
        ([(None, None), (None, None)], "unknown", math.nan, math.nan),
        ([(10, 50), (10, 58), (None, None)], "unknown", 0, math.inf),
        ([(10, None)], "at least", math.nan, math.nan),
    ],
)
def test_censored_pairs_give_bounds(pairs, bound, low, high):
    ratio = ratio_of([pair(*p) for p in pairs])
    assert (ratio.low, ratio.high) == pytest.approx((low, high), rel=1e-5, nan_ok=True)
    assert ratio.bound == bound
    assert (ratio.n, ratio.n_censored) == (len(pairs), sum(None in p for p in pairs))
    assert math.isnan(ratio.power) and math.isnan(ratio.detectable) and math.isnan(ratio.sd)


def test_bounds_are_tested_on_the_side_that_they_leave_open_alone():
    above = ratio_of([pair(*p) for p in ((10, None), (11, None), (12, 60), (13, 58))])
    exact = ratio_of([pair(10, 60), pair(11, 60), pair(12, 60), pair(13, 58)])
    assert (above.t_p, above.sign_flip_p) == (exact.t_p, exact.sign_flip_p)
    assert above.beyond_p == exact.beyond_p and math.isnan(above.equivalence_p)
    # bounds below 1 say nothing of what lies above them
    below = ratio_of([pair(*p) for p in ((70, None), (72, None), (71, None))])
    assert below.bound == "at least" and below.estimate < 1
    assert all(math.isnan(p) for p in (below.t_p, below.sign_flip_p, below.beyond_p))


def test_unknown_pairs_count_but_do_not_move_the_ratio():
    exact = [pair(10, 50), pair(10, 58)]
    ratio = ratio_of([*exact, pair(None, None)])
    assert ratio.estimate == ratio_of(exact).estimate
    assert (ratio.n, ratio.n_censored) == (3, 1)


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
    ratio = ratio_of([pair(*e) for e in epochs])
    logs = np.log(np.array(epochs))
    assert ratio.pair_correlation == pytest.approx(stats.pearsonr(logs[:, 0], logs[:, 1])[0])
    assert math.isnan(ratio_of([pair(10, 61), pair(12, 70)]).pair_correlation)
    assert math.isnan(ratio_of([pair(10, 61), pair(10, 70), pair(10, 8)]).pair_correlation)


@pytest.mark.parametrize(("n", "log_sd"), [(2, 0.05), (5, 0.1), (5, 0.25), (5, 0.5), (10, 0.4)])
def test_power_against_simulation(n, log_sd):
    logs = log_sd * np.random.default_rng(n).normal(size=(40_000, n))
    half = stats.t.ppf(0.975, n - 1) * logs.std(axis=1, ddof=1) / math.sqrt(n)
    inside = np.abs(logs.mean(axis=1)) + half <= math.log(1.5)
    assert paired_tests.power_within(n, log_sd, math.log(1.5)) == pytest.approx(
        inside.mean(), abs=0.01
    )


def test_power_at_its_limits():
    power = paired_tests.power_within
    assert power(5, 0.0, 0.4) == 1 and power(5, 0.1, 0.0) == 0
    assert power(200, 0.01, 0.4) == pytest.approx(1)
    assert 0 <= power(5, 50.0, 0.4) < 1e-6
    assert math.isnan(power(1, math.nan, 0.4))


# --- verdicts -----------------------------------------------------------------------

RELU = [5.0, 5.5, 6.0, 5.2, 5.8]


@pytest.mark.parametrize(
    ("factors", "expected", "words"),
    [
        ([6.0, 6.2, 5.8, 6.1, 5.9], "agrees", ["range 4x to 9x that counts as the paper's 6x"]),
        ([2.0, 2.1, 1.9, 2.0, 2.05], "disagrees", ["below", "tanh has the larger value"]),
        ([0.5, 0.6, 0.55, 0.5, 0.6], "disagrees", ["relu has the larger value"]),
        ([1.0, 1.2, 0.8, 1.1, 0.95], "disagrees", ["includes 1, so neither"]),
        ([10.0, 10.1, 9.9, 10.0, 9.8], "disagrees", ["above", "tanh has the larger value"]),
        ([2.0, 9.0, 4.0, 8.0, 3.0], "inconclusive", ["too wide"]),
        ([6.0, 6.2, None, 6.1, 5.9], "inconclusive", ["tanh: 1 of 5 runs", "at least"]),
    ],
)  # fmt: skip
def test_verdict_of_five_pairs(factors, expected, words):
    tanh = [None if f is None else f * r for f, r in zip(factors, RELU, strict=True)]
    row = verdict(RELU, tanh)
    assert row.verdict == expected
    for text in [*words, "n = 5", "The measured ratio is"]:
        assert text in row.reason
    assert row.reason.endswith(".") and "nan" not in row.reason and "inf " not in row.reason


def test_verdict_follows_the_interval_not_the_estimate():
    factors = np.array([6.0, 6.6, 5.4, 7.0, 5.1])
    row = verdict(RELU, factors * RELU)
    assert row.verdict == "agrees" and 4 < row.low < row.high < 9
    for m, expected in ((1.05, "inconclusive"), (6 / row.low - 1e-9, "inconclusive"),
                        (6 / row.low + 1e-9, "agrees")):  # fmt: skip
        changed = dataclasses.replace(STUDY.comparisons[0], smallest=m)
        study = dataclasses.replace(STUDY, comparisons=(changed,))
        assert verdict(RELU, factors * RELU, study=study).verdict == expected


def test_a_lower_bound_within_the_range_is_no_verdict():
    row = verdict([8.0, 8.5, 9.0, 8.2, 8.8], [None] * 5)
    assert row.verdict == "inconclusive" and row.bound == "at least"
    assert 'tanh: 5 of 5 runs have only a bound of "epochs to 25 % training error"' in row.reason
    assert "The measured ratio is at least 7.07x" in row.reason and "leaves open" in row.reason
    assert "the power is not known" in row.reason and math.isnan(row.power)


def test_a_lower_bound_far_above_the_paper_disagrees():
    row = verdict([3.0, 3.1, 2.9, 3.0, 3.2], [None] * 5)
    assert row.verdict == "disagrees" and row.bound == "at least" and row.high == math.inf
    assert "at least" in row.reason and "or more" in row.reason


def test_verdicts_with_censored_baselines():
    late = verdict([None] * 5, RELU)
    assert late.verdict == "disagrees" and late.low == 0 and "or less" in late.reason
    some = verdict([None, 50.0, 52.0, 51.0, 53.0], [55.0, 51.0, 52.0, 57.0, 54.0])
    assert some.verdict == "disagrees"
    both = verdict([None, 5.0, 5.0, 5.0, 5.0], [30.0, None, 30.0, 30.0, 30.0])
    assert both.verdict == "inconclusive" and "it has no interval" in both.reason
    assert (both.low, both.high, both.bound) == (0, math.inf, "unknown")
    changed = dataclasses.replace(STUDY.comparisons[0], paper=0.1)
    upper = verdict([None] * 5, [9.0, 10.0, 11.0, 10.0, 9.5],
                    study=dataclasses.replace(STUDY, comparisons=(changed,)))  # fmt: skip
    assert upper.verdict == "inconclusive" and "at most 0.16" in upper.reason


def test_an_unknown_pair_leaves_the_verdict_open():
    factors = [6.0, 6.2, 5.8, 6.1, 5.9]
    row = verdict([*RELU, None], [*(f * r for f, r in zip(factors, RELU, strict=True)), None])
    assert row.verdict == "inconclusive" and row.n == 6 and row.n_censored == 1
    assert "n = 6 paired seeds, 1 of them bounds" in row.reason
    assert "relu: 1 of 6 runs" in row.reason and "tanh: 1 of 6 runs" in row.reason
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
    for name in set(TABLES) - {"comparisons"}:  # those are the fields of an effect
        assert all(column in documented for column in getattr(full, name).columns)


def test_summary_of_finished_censored_diverged_failed_and_new_runs():
    runs = [run("tanh", 0, 30.0), run("tanh", 1, None), run("tanh", 2, 9.0, "diverged"),
            run("tanh", 3, 9.0, "failed"), run("tanh", 4, "new"), run("relu", 0, 5.0)]  # fmt: skip
    result = analyse(STUDY, runs, budget="standard")
    row = result.summary.set_index("arm").loc["tanh"]
    assert row["mean"] == pytest.approx((30 + 60 + 60) / 3)
    assert (row.n, row.n_planned, row.n_censored, row.n_diverged, row.n_failed) == (3, 5, 2, 1, 1)
    assert (row.metric, row.unit) == ("epochs_to_error", "epochs")
    relu = result.summary.set_index("arm").loc["relu"]
    assert math.isnan(relu.ci_low)
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
    same_numbers(a, b, names, without=["n_planned", "n_failed", "reason"])


def test_stretching_time_scales_the_means_and_keeps_the_ratio():
    relu, tanh = np.array([4.0, 5.0, 4.5]), np.array([20.0, 24.0, 22.0])
    a, b = (analyse(STUDY, study_runs(f * relu, f * tanh), budget="standard") for f in (1, 2))
    means = [result.summary["mean"].tolist()[:2] for result in (a, b)]
    assert means[1] == pytest.approx([2 * mean for mean in means[0]])
    assert b.comparisons.estimate[0] == pytest.approx(a.comparisons.estimate[0])


def test_pairs_are_by_seed():
    runs = [run("relu", 2, 5.0), run("relu", 0, 4.0), run("tanh", 0, 20.0), run("tanh", 1, 9.0),
            run("tanh", 2, None)]  # fmt: skip
    pairs = analyse(STUDY, runs, budget="standard").pairs
    assert pairs.seed.tolist() == [0, 2] and pairs.kind.tolist() == ["exact", "at least"]
    assert pairs.difference.tolist() == pytest.approx([5.0, 12.0])


def test_sensitivity_has_every_threshold_and_agrees_with_the_comparison():
    result = analyse(STUDY, study_runs(RELU, [30.0, 31, 32, 33, None]), budget="standard")
    table = result.sensitivity.set_index("threshold")
    assert table.index.tolist() == [20, 25, 30]
    columns = ["n", "estimate", "low", "high", "bound", "n_censored"]
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
