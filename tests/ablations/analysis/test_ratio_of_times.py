"""Ratios of times with bounds, their tests and their power, against other computations."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_times import (
    ratio_of,
    slow,
)
from scipy import stats

from ablations.analysis import permutations

epochs_of_a_pair = st.tuples(st.floats(1.0, 59.0), st.floats(1.0, 59.0))


# --- pairs and their ratio ----------------------------------------------------------


@slow
@given(st.lists(epochs_of_a_pair, min_size=1, max_size=9))
def test_ratio_against_numpy_and_brute_force(epochs):
    ratio = ratio_of(epochs)
    logs = [math.log(v / b) for b, v in epochs]
    assert ratio.estimate == pytest.approx(stats.gmean([v / b for b, v in epochs]))
    assert ratio.seeds_as_claimed == sum(4 <= v / b <= 9 for b, v in epochs)
    assert (ratio.n, ratio.n_censored, ratio.bound) == (len(epochs), 0, "exact")
    observed, hits = abs(sum(logs)), 0
    for signs in itertools.product((1, -1), repeat=len(logs)):
        hits += abs(sum(s * x for s, x in zip(signs, logs, strict=True))) >= observed - 1e-9
    assert ratio.permutation_p == pytest.approx(hits / 2 ** len(logs), abs=1e-12)
    flipped = sum(x != 0 for x in logs)  # equal values have no sign to flip
    assert math.isnan(ratio.min_p) if flipped == 0 else ratio.min_p == 2 / 2**flipped
    assert not ratio.permutation_p < ratio.min_p
    if len(logs) > 1:
        assert ratio.sd == pytest.approx(np.std(logs, ddof=1), abs=1e-12)


@slow
@given(st.lists(epochs_of_a_pair, min_size=2, max_size=9))
def test_swapping_the_arms_inverts_the_ratio(epochs):
    there = ratio_of(epochs)
    back = ratio_of([(v, b) for b, v in epochs])
    assert there.estimate * back.estimate == pytest.approx(1)
    assert (there.low * back.high, there.high * back.low) == pytest.approx((1, 1))
    assert there.permutation_p == back.permutation_p


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
    ratio = ratio_of(pairs)
    assert (ratio.low, ratio.high) == pytest.approx((low, high), rel=1e-5, nan_ok=True)
    assert ratio.bound == bound
    assert (ratio.n, ratio.n_censored) == (len(pairs), sum(None in p for p in pairs))
    assert math.isnan(ratio.power) and math.isnan(ratio.detectable) and math.isnan(ratio.sd)


def test_bounds_are_tested_on_the_side_that_they_leave_open_alone():
    above = ratio_of([*((10, None), (11, None), (12, 60), (13, 58))])
    exact = ratio_of([(10, 60), (11, 60), (12, 60), (13, 58)])
    assert (above.t_p, above.permutation_p) == (exact.t_p, exact.permutation_p)
    assert above.beyond_p == exact.beyond_p and math.isnan(above.equivalence_p)
    # bounds below 1 say nothing of what lies above them
    below = ratio_of([*((70, None), (72, None), (71, None))])
    assert below.bound == "at least" and below.estimate < 1
    assert all(math.isnan(p) for p in (below.t_p, below.permutation_p, below.beyond_p))


def test_unknown_pairs_count_but_do_not_move_the_ratio():
    exact = [(10, 50), (10, 58)]
    ratio = ratio_of([*exact, (None, None)])
    assert ratio.estimate == ratio_of(exact).estimate
    assert (ratio.n, ratio.n_censored) == (3, 1)


def test_sign_flip_beyond_enumeration_is_close_and_repeats_itself():
    values = (np.random.default_rng(3).normal(size=21) + 0.4).tolist()
    p = permutations.sign_flip_p(values)
    assert p == permutations.sign_flip_p(values)
    sums = np.zeros(1)
    for value in values:
        sums = np.r_[sums + value, sums - value]
    assert p == pytest.approx(np.mean(np.abs(sums) >= abs(sum(values)) - 1e-9), abs=0.005)
    assert math.isnan(permutations.sign_flip_p([])) and permutations.sign_flip_p([0.0, 0.0]) == 1.0


def test_correlation_of_pairs():
    epochs = [(10, 61), (12, 70), (9, 50), (15, 66)]
    ratio = ratio_of(epochs)
    logs = np.log(np.array(epochs))
    assert ratio.pair_correlation == pytest.approx(stats.pearsonr(logs[:, 0], logs[:, 1])[0])
    assert math.isnan(ratio_of([(10, 61), (12, 70)]).pair_correlation)
    assert math.isnan(ratio_of([(10, 61), (10, 70), (10, 8)]).pair_correlation)
