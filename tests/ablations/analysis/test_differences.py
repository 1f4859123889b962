"""The statistics of paired differences against SciPy's tests, enumeration and closed forms."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ablations.analysis import corrections, paired_tests

slow = settings(max_examples=60, deadline=None)
some_values = st.lists(st.floats(-5, 5).filter(lambda x: abs(x) > 1e-3), min_size=2, max_size=9)
p_values = st.lists(st.floats(0, 1), min_size=1, max_size=6)


def arms(n: int, seed: int = 0, shift: float = 0.3):
    rng = np.random.default_rng(seed)
    baseline = 30 + rng.normal(size=n)
    return baseline, baseline + shift + 0.4 * rng.normal(size=n)


@pytest.mark.parametrize("n", [2, 3, 5, 12, 40])
def test_the_t_test_is_scipys_paired_one(n):
    baseline, variant = arms(n, seed=n)
    expected = stats.ttest_rel(variant, baseline)
    assert paired_tests.t_p(variant - baseline) == pytest.approx(expected.pvalue, rel=1e-9)
    interval = expected.confidence_interval(0.95)
    assert paired_tests.t_interval(variant - baseline) == pytest.approx(
        (np.mean(variant - baseline), interval.low, interval.high), rel=1e-9
    )


@pytest.mark.parametrize(("n", "smallest"), [(3, 0.5), (5, 0.4), (10, 0.2), (10, 1.0)])
def test_equivalence_is_the_worse_of_two_one_sided_tests(n, smallest):
    changes = np.subtract(*reversed(arms(n, seed=n)))
    above: Any = stats.ttest_1samp(changes, -smallest, alternative="greater")
    below: Any = stats.ttest_1samp(changes, smallest, alternative="less")
    expected = max(above.pvalue, below.pvalue)
    assert paired_tests.equivalence_p(changes, smallest) == pytest.approx(expected)


@pytest.mark.parametrize("n", [2, 3, 5, 12, 40])
def test_being_beyond_what_matters_is_an_interval_wholly_beyond(n):
    changes = np.subtract(*reversed(arms(n, seed=n, shift=2.0)))
    _, low, _ = paired_tests.t_interval(changes)
    for sign in (1, -1):
        assert paired_tests.beyond_p(sign * changes, low) == pytest.approx(0.05)
    assert (
        paired_tests.beyond_p(changes, low - 0.01) < 0.05 < paired_tests.beyond_p(changes, low + 1)
    )
    assert paired_tests.beyond_p(changes, 9.0) == 1.0
    assert paired_tests.beyond_p(changes, 0.0) == pytest.approx(paired_tests.t_p(changes))


@slow
@given(some_values)
def test_sign_flips_against_every_pattern(values):
    observed, hits = abs(sum(values)), 0
    for signs in itertools.product((1, -1), repeat=len(values)):
        hits += abs(sum(s * x for s, x in zip(signs, values, strict=True))) >= observed - 1e-9
    p = paired_tests.sign_flip_p(values)
    assert p == pytest.approx(hits / 2 ** len(values), abs=1e-12)
    assert p >= paired_tests.min_p(len(values)) == 2 / 2 ** len(values)


@slow
@given(some_values, st.floats(0.01, 100))
def test_tests_do_not_depend_on_unit_or_direction(values, factor):
    scaled = [-factor * value for value in values]
    for test in (paired_tests.t_p, paired_tests.sign_flip_p):
        assert test(scaled) == pytest.approx(test(values), rel=1e-6, nan_ok=True)
    there, back = (paired_tests.equivalence_p(x, s) for x, s in ((values, 1), (scaled, factor)))
    assert there == pytest.approx(back, rel=1e-6, nan_ok=True)


@pytest.mark.parametrize("values", [[], [0.3], [0.3, 0.3, 0.3], [0.0, 0.0], [0.1 + 0.2, 0.3]])
def test_nothing_is_tested_without_a_spread(values):
    assert math.isnan(paired_tests.t_p(values))
    assert math.isnan(paired_tests.equivalence_p(values, 0.5))
    spread = paired_tests.spread(values)
    assert math.isnan(spread) if len(values) < 2 else spread == 0
    assert math.isnan(paired_tests.power(len(values), spread, 1.0))
    assert math.isnan(paired_tests.detectable(len(values), spread))


@pytest.mark.parametrize("n", [2, 3, 5, 10, 20])
@pytest.mark.parametrize("effect", [0.0, 0.3, 1.0, 1.4])
def test_power_is_the_tail_of_noncentral_t(n, effect):
    edge = stats.t.isf(0.025, n - 1)
    shift = effect / 0.8 * math.sqrt(n)
    expected = stats.nct.sf(edge, n - 1, shift) + stats.nct.cdf(-edge, n - 1, shift)
    assert paired_tests.power(n, 0.8, effect) == pytest.approx(expected, abs=2e-5)
    assert paired_tests.power(n, 0.8, -effect) == paired_tests.power(n, 0.8, effect)


@pytest.mark.parametrize(("n", "d", "expected"), [(5, 1, 0.40), (5, 2, 0.91), (10, 1, 0.80)])
def test_power_of_textbook_cases(n, d, expected):
    assert paired_tests.power(n, 1.0, d) == pytest.approx(expected, abs=0.006)


def test_power_by_simulation_and_at_its_limits():
    changes = np.random.default_rng(4).normal(0.5, 0.4, size=(40_000, 5))
    test: Any = stats.ttest_1samp(changes, 0, axis=1)
    found = np.mean(test.pvalue < 0.01)
    assert paired_tests.power(5, 0.4, 0.5, 0.01) == pytest.approx(found, abs=0.01)
    assert paired_tests.power(5, 0.4, 0.0) == pytest.approx(0.05)
    assert paired_tests.power(5, 0.001, 100.0) == pytest.approx(1.0)
    assert math.isnan(paired_tests.power(5, 0.4, math.nan))


@pytest.mark.parametrize("level", [0.05, 0.05 / 6])
@pytest.mark.parametrize("n", [2, 5, 10, 30])
def test_what_is_detectable_is_seen_with_80_percent(n, level):
    effect = paired_tests.detectable(n, 0.7, level)
    assert paired_tests.power(n, 0.7, effect, level) == pytest.approx(0.8, abs=1e-6)


@slow
@given(p_values)
def test_holm_is_the_closed_test_of_bonferroni(values):
    everything = range(len(values))
    expected = []
    for i in everything:
        others = [j for j in everything if j != i]
        sets = [
            (i, *chosen)
            for size in range(len(values))
            for chosen in itertools.combinations(others, size)
        ]
        expected.append(max(min(1, len(s) * min(values[j] for j in s)) for s in sets))
    assert corrections.holm(values).tolist() == pytest.approx(expected)


@slow
@given(p_values)
def test_benjamini_hochberg_is_scipys(values):
    expected = stats.false_discovery_control(values, method="bh")
    assert corrections.benjamini_hochberg(values).tolist() == pytest.approx(expected.tolist())


def test_a_test_that_could_not_be_made_still_counts_in_its_family():
    assert corrections.holm([0.01, math.nan, 0.04]).tolist() == pytest.approx(
        [0.03, math.nan, 0.08], nan_ok=True
    )
    assert corrections.benjamini_hochberg([0.01, math.nan])[0] == pytest.approx(0.02)
    assert not corrections.holm([]).size


def test_correlation_is_pearsons():
    baseline, variant = arms(8)
    expected = stats.pearsonr(baseline, variant)[0]
    assert paired_tests.correlation(baseline, variant) == pytest.approx(expected)
    assert math.isnan(paired_tests.correlation([1.0, 2.0], [1.0, 2.0]))
    assert math.isnan(paired_tests.correlation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]))


def test_image_error_by_plain_loops():
    rng = np.random.default_rng(2)
    changes = rng.integers(-1, 2, size=(4, 50))
    means = [sum(int(changes[s, i]) for s in range(4)) / 4 for i in range(50)]
    centre = sum(means) / 50
    variance = sum((m - centre) ** 2 for m in means) / 49
    assert paired_tests.image_se(changes) == pytest.approx(math.sqrt(variance / 50))
    assert math.isnan(paired_tests.image_se(np.empty((0, 0))))


def test_image_error_covers_the_choice_of_images():
    rng = np.random.default_rng(3)
    hard = rng.normal(0.02, 0.3, size=200_000)  # what each image of a large set adds
    errors, centres = [], []
    for _ in range(400):
        chosen = rng.choice(hard, 1000)
        errors.append(paired_tests.image_se(chosen[None, :]))
        centres.append(chosen.mean())
    assert np.mean(errors) == pytest.approx(np.std(centres), rel=0.1)


def test_the_interval_for_new_images_at_its_limits():
    changes = np.subtract(*reversed(arms(5)))
    _, low, high = paired_tests.t_interval(changes)
    assert paired_tests.interval_for_new_images(changes, 0.0) == pytest.approx((low, high))
    wide = paired_tests.interval_for_new_images(changes, 50.0)
    assert wide[1] - wide[0] == pytest.approx(2 * 1.959964 * 50, rel=1e-3)
    # equal variances: twice the variance and four times the degrees of freedom
    se = paired_tests.spread(changes) / math.sqrt(5)
    half = stats.t.isf(0.025, 16) * se * math.sqrt(2)
    both = paired_tests.interval_for_new_images(changes, se)
    assert both == pytest.approx((changes.mean() - half, changes.mean() + half))
    assert all(map(math.isnan, paired_tests.interval_for_new_images(changes, math.nan)))
    assert all(map(math.isnan, paired_tests.interval_for_new_images([1.0], 0.1)))
    assert paired_tests.interval_for_new_images([1.0, 1.0], 0.0) == (1.0, 1.0)
