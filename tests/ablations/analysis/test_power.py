"""Power of a t test against the noncentral t distribution, textbooks and simulations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from ablations.analysis.power import detectable, power, power_within


@pytest.mark.parametrize("freedom", [1, 2, 4, 9.3, 19])
@pytest.mark.parametrize("effect", [0.0, 0.3, 1.0, 1.4])
def test_power_is_the_tail_of_noncentral_t(freedom, effect):
    edge, shift = stats.t.isf(0.025, freedom), effect / 0.4
    expected = stats.nct.sf(edge, freedom, shift) + stats.nct.cdf(-edge, freedom, shift)
    assert power(effect, 0.4, freedom) == pytest.approx(expected, abs=2e-5)
    assert power(-effect, 0.4, freedom) == power(effect, 0.4, freedom)


@pytest.mark.parametrize(("n", "d", "expected"), [(5, 1, 0.40), (5, 2, 0.91), (10, 1, 0.80)])
def test_power_of_textbook_cases(n, d, expected):
    assert power(d, 1 / math.sqrt(n), n - 1) == pytest.approx(expected, abs=0.006)


def test_power_by_simulation_and_at_its_limits():
    changes = np.random.default_rng(4).normal(0.5, 0.4, size=(40_000, 5))
    test: Any = stats.ttest_1samp(changes, 0, axis=1)
    error = 0.4 / math.sqrt(5)
    assert power(0.5, error, 4, 0.01) == pytest.approx(np.mean(test.pvalue < 0.01), abs=0.01)
    assert power(0.0, error, 4) == pytest.approx(0.05)
    assert power(100.0, 0.001, 4) == pytest.approx(1.0)
    for given in ((math.nan, 0.4, 4), (1.0, math.nan, 4), (1.0, 0.0, 4), (1.0, 0.4, math.nan)):
        assert math.isnan(power(*given))
    assert math.isnan(detectable(0.0, 4)) and math.isnan(detectable(math.nan, 4))


@pytest.mark.parametrize("level", [0.05, 0.05 / 6])
@pytest.mark.parametrize("freedom", [1, 4, 9, 29.5])
def test_what_is_detectable_is_seen_with_80_percent(freedom, level):
    effect = detectable(0.3, freedom, level)
    assert power(effect, 0.3, freedom, level) == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize(("n", "sd"), [(2, 0.05), (5, 0.1), (5, 0.25), (5, 0.5), (10, 0.4)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_power_of_an_interval_against_simulation(n, sd, confidence):
    values = sd * np.random.default_rng(n).normal(size=(40_000, n))
    half = stats.t.ppf((1 + confidence) / 2, n - 1) * values.std(axis=1, ddof=1) / math.sqrt(n)
    inside = np.abs(values.mean(axis=1)) + half <= math.log(1.5)
    found = power_within(math.log(1.5), sd / math.sqrt(n), n - 1, confidence)
    assert found == pytest.approx(inside.mean(), abs=0.01)


def test_power_of_an_interval_at_its_limits():
    assert power_within(0.4, 0.0, 4) == 1 and power_within(0.0, 0.1, 4) == 0
    assert power_within(0.4, 0.001, 199) == pytest.approx(1)
    assert 0 <= power_within(0.4, 25.0, 4) < 1e-6
    assert math.isnan(power_within(0.4, math.nan, 4))
