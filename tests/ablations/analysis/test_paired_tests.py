"""Permutation tests, correlations and errors over images, against enumeration and SciPy."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ablations.analysis import paired_tests, permutations

slow = settings(max_examples=60, deadline=None)
some_values = st.lists(st.floats(-5, 5).filter(lambda x: abs(x) > 1e-3), min_size=2, max_size=9)


def arms(n: int, seed: int = 0, shift: float = 0.3):
    rng = np.random.default_rng(seed)
    baseline = 30 + rng.normal(size=n)
    return baseline, baseline + shift + 0.4 * rng.normal(size=n)


@slow
@given(some_values)
def test_sign_flips_against_every_pattern(values):
    observed, hits = abs(sum(values)), 0
    for signs in itertools.product((1, -1), repeat=len(values)):
        hits += abs(sum(s * x for s, x in zip(signs, values, strict=True))) >= observed - 1e-9
    p = permutations.sign_flip_p(values)
    assert p == pytest.approx(hits / 2 ** len(values), abs=1e-12)
    assert p >= permutations.min_p(len(values)) == 2 / 2 ** len(values)


def test_correlation_is_pearsons():
    baseline, variant = arms(8)
    expected = stats.pearsonr(baseline, variant)[0]
    assert paired_tests.correlation(baseline, variant) == pytest.approx(expected)
    three = stats.pearsonr(baseline[:3], variant[:3])[0]
    assert paired_tests.correlation(baseline[:3], variant[:3]) == pytest.approx(three)
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


@slow
@given(
    st.lists(st.floats(-5, 5), min_size=2, max_size=5),
    st.lists(st.floats(-5, 5), min_size=2, max_size=5),
)
def test_deals_to_two_arms_against_every_deal(baseline, variant):
    values, m = np.array([*baseline, *variant]), len(variant)

    def statistic(chosen) -> float:
        one = values[list(chosen)]
        other = np.delete(values, list(chosen))
        error = math.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other))
        return abs(one.mean() - other.mean()) / error if error > 1e-9 else math.nan

    every = [statistic(c) for c in itertools.combinations(range(len(values)), m)]
    if any(map(math.isnan, every)):
        return  # a deal without a spread has no statistic
    observed = statistic(range(len(baseline), len(values)))
    p = np.mean([one >= observed * (1 - 1e-9) - 1e-9 for one in every])
    assert permutations.two_sample_p(baseline, variant) == pytest.approx(p, abs=1e-12)
    assert p >= permutations.min_two_sample_p(len(baseline), m)


def test_random_deals_are_close_to_every_deal_and_repeat_themselves(monkeypatch):
    rng = np.random.default_rng(1)
    baseline, variant = rng.normal(size=10), rng.normal(0.9, 1, size=6)
    exact = permutations.two_sample_p(baseline, variant)
    monkeypatch.setattr(permutations, "PATTERNS", 5000)  # of 8,008 deals
    drawn = permutations.two_sample_p(baseline, variant)
    assert drawn == permutations.two_sample_p(baseline, variant)
    assert drawn == pytest.approx(exact, abs=4 * math.sqrt(exact / 5000))
    assert math.isnan(permutations.two_sample_p([1.0], [1.0, 2.0]))


def test_the_interval_of_a_correlation_is_scipys():
    baseline, variant = arms(12)
    found: Any = stats.pearsonr(baseline, variant)
    low, high = paired_tests.correlation_interval(found[0], 12)
    assert (low, high) == pytest.approx(tuple(found.confidence_interval(0.95)))
    assert all(map(math.isnan, paired_tests.correlation_interval(0.5, 3)))
