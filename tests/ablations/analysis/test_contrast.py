"""Paired and independent contrasts against SciPy's tests and plain formulas."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ablations.analysis.contrast import Contrast, interval_for_new_images, of_arms, of_changes

slow = settings(max_examples=60, deadline=None)
sizes = st.integers(2, 30)


def two_arms(n: int, m: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(30, 0.3, n), rng.normal(30.4, 0.5, m)


def p(z: float) -> float:
    return 2 * float(stats.norm.sf(abs(z)))


@slow
@given(sizes, sizes, st.integers(0, 99))
def test_independent_arms_are_scipys_welch_test(n, m, seed):
    baseline, variant = two_arms(n, m, seed)
    found = of_arms([baseline, variant], (-1, 1))
    expected: Any = stats.ttest_ind(variant, baseline, equal_var=False)
    assert found.estimate == pytest.approx(variant.mean() - baseline.mean())
    assert found.freedom == pytest.approx(expected.df)
    assert found.estimate / found.error == pytest.approx(expected.statistic)
    assert p(found.score()) == pytest.approx(expected.pvalue, rel=1e-6)


@pytest.mark.parametrize("n", [2, 3, 5, 12, 40])
def test_pairs_are_scipys_paired_test(n):
    baseline, variant = two_arms(n, n, n)
    found = of_changes(variant - baseline)
    expected = stats.ttest_rel(variant, baseline)
    assert p(found.score()) == pytest.approx(expected.pvalue, rel=1e-6)
    assert found.freedom == pytest.approx(n - 1)


@slow
@given(sizes, sizes, st.floats(0.05, 2))
def test_equivalence_is_the_worse_of_two_one_sided_tests(n, m, margin):
    baseline, variant = two_arms(n, m, n + m)
    options: Any = {"equal_var": False}
    above: Any = stats.ttest_ind(variant + margin, baseline, alternative="greater", **options)
    below: Any = stats.ttest_ind(variant - margin, baseline, alternative="less", **options)
    found = of_arms([baseline, variant], (-1, 1))
    expected = max(above.pvalue, below.pvalue)
    assert float(stats.norm.sf(found.within(margin))) == pytest.approx(expected, rel=1e-6)


@slow
@given(sizes, sizes, st.floats(0.05, 2))
def test_being_beyond_what_matters_is_the_nearer_of_two_tests(n, m, margin):
    baseline, variant = two_arms(n, m, 3 * n + m)
    found = of_arms([baseline, variant], (-1, 1))
    mirrored = of_arms([variant, baseline], (-1, 1))
    assert found.beyond(margin) == pytest.approx(mirrored.beyond(margin))
    distance = (abs(found.estimate) - margin) / found.error
    assert stats.norm.cdf(found.beyond(margin)) == pytest.approx(
        stats.t.cdf(distance, found.freedom)
    )


def test_an_interaction_of_four_arms_by_the_formulas():
    rng = np.random.default_rng(4)
    arms = [rng.normal(30, sd, n) for sd, n in ((0.3, 30), (0.4, 8), (0.2, 12), (0.5, 9))]
    found = of_arms(arms, (-1, 1, 1, -1))
    parts = [arm.var(ddof=1) / len(arm) for arm in arms]
    freedom = sum(parts) ** 2 / sum(
        part**2 / (len(arm) - 1) for part, arm in zip(parts, arms, strict=True)
    )
    means = [arm.mean() for arm in arms]
    assert found.estimate == pytest.approx(means[1] - means[0] - (means[3] - means[2]))
    assert (found.error, found.freedom) == pytest.approx((math.sqrt(sum(parts)), freedom))


def test_a_contrast_knows_what_other_numbers_of_seeds_would_give():
    found = of_arms(list(two_arms(30, 8)), (-1, 1))
    more = found.error_of((30, 32))
    assert more == pytest.approx(math.sqrt(found.sds[0] ** 2 / 30 + found.sds[1] ** 2 / 32))
    assert found.error_of(found.counts) == found.error
    assert found.freedom_of((30, 32)) > found.freedom


@pytest.mark.parametrize("arms", [([], [0.3]), ([0.3], [0.3, 0.3]), ([0.1] * 3, [0.1 + 0.2] * 2)])
def test_nothing_is_tested_without_a_spread(arms):
    found = of_arms([np.array(arm) for arm in arms], (-1, 1))
    assert math.isnan(found.score()) and math.isnan(found.within(0.5))
    assert math.isnan(found.beyond(0.5)) and math.isnan(found.freedom)


def test_a_certain_difference_has_a_score_that_is_no_infinity():
    far = Contrast(estimate=50.0, sds=(1e-9,), counts=(5000,), weights=(1.0,))
    assert 30 < far.score() < 100 and -far.score(100.0) > 30


def test_the_interval_for_new_images_at_its_limits():
    changes = np.subtract(*reversed(two_arms(5, 5)))
    interval = stats.ttest_1samp(changes, 0).confidence_interval()
    found = of_changes(changes)
    assert interval_for_new_images(found, 0.0) == pytest.approx((interval.low, interval.high))
    wide = interval_for_new_images(found, 50.0)
    assert wide[1] - wide[0] == pytest.approx(2 * 1.959964 * 50, rel=1e-3)
    # equal variances: twice the variance and four times the degrees of freedom
    half = stats.t.isf(0.025, 16) * found.error * math.sqrt(2)
    both = interval_for_new_images(found, found.error)
    assert both == pytest.approx((changes.mean() - half, changes.mean() + half))
    assert all(map(math.isnan, interval_for_new_images(found, math.nan)))
    assert all(map(math.isnan, interval_for_new_images(of_changes(np.ones(1)), 0.1)))
    assert interval_for_new_images(of_changes(np.ones(2)), 0.0) == (1.0, 1.0)
