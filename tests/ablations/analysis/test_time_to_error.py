"""Epochs to an error, of one run and averaged, against slow computations."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_times import (
    STUDY,
    UPDATES,
    ratio_of,
    record,
    slow,
)
from scipy import stats

from ablations.analysis import paired_tests
from ablations.analysis.time_to_error import time_to_error

# of numbers below 1e-300 NumPy's interpolation, which these are held against, is 0
ERRORS = st.floats(0.0, 1.0).filter(lambda x: x == 0 or x > 1e-300)
errors_of_a_run = st.lists(ERRORS, min_size=1, max_size=12)


# --- one run ------------------------------------------------------------------------


@slow
@given(errors_of_a_run, ERRORS)
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
        assert time.epochs == len(errors) - 0.5 and math.isnan(time.updates)


@slow
@given(errors_of_a_run, st.floats(0.0, 1.0), st.data())
def test_a_run_cut_short_is_never_said_to_take_longer_than_it_would(errors, threshold, data):
    whole = time_to_error(record(STUDY.arms["relu"], errors), threshold)
    part = errors[: data.draw(st.integers(1, len(errors)))]
    cut = time_to_error(record(STUDY.arms["relu"], part), threshold)
    assert whole is not None and cut is not None and cut.epochs <= whole.epochs
    assert cut == whole or not cut.reached


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
    assert (time.bound == "at most") == (errors[0] <= threshold)
    assert time.epochs == pytest.approx(len(errors) - 0.5 if epochs is None else epochs, rel=1e-12)


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
        pairs = [(b, b * math.exp(r)) for b, r in zip(shared[row], log_ratios[row], strict=True)]
        ratio = ratio_of(pairs)
        ends = np.exp(centre[row] + np.array([-1, 0, 1]) * factor * spread[row])
        assert (ratio.low, ratio.estimate, ratio.high) == pytest.approx(tuple(ends))
