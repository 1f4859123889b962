"""Corrections for several comparisons, against SciPy, closed forms and simulations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ablations.analysis import corrections

slow = settings(max_examples=60, deadline=None)
p_values = st.lists(st.floats(0, 1), min_size=1, max_size=6)


@slow
@given(p_values)
def test_benjamini_hochberg_is_scipys(values):
    expected = stats.false_discovery_control(values, method="bh")
    assert corrections.benjamini_hochberg(values).tolist() == pytest.approx(expected.tolist())


@slow
@given(p_values, st.data())
def test_false_discovery_is_a_step_up_procedure(different, data):
    """Critical values min(k, m) / m of the level, for the k-th smallest of 2m p-values."""
    size = len(different)
    equivalent = data.draw(st.lists(st.floats(0, 1), min_size=size, max_size=size))
    both = np.array([*different, *equivalent])
    adjusted = np.concatenate(corrections.false_discovery(different, equivalent))
    assert (adjusted >= both).all()
    for level in (0.01, 0.05, 0.2):
        edges = level * np.minimum(np.arange(1, 2 * size + 1), size) / size
        below = np.flatnonzero(np.sort(both) <= edges)
        cut = np.sort(both)[below[-1]] if below.size else -1.0
        assert ((adjusted <= level * (1 + 1e-12)) == (both <= cut)).all()


def test_false_discoveries_stay_few_beside_tests_just_above_the_level():
    rng = np.random.default_rng(3)
    claims = []
    for _ in range(2000):
        p, q = corrections.false_discovery(rng.random(5), [0.0501] * 5)
        claims.append(bool((p < 0.05).any() or (q < 0.05).any()))
    assert np.mean(claims) < 0.05 + 4 * math.sqrt(0.05 / 2000)


def test_false_claims_are_few_where_half_of_the_effects_are_there():
    """Twelve comparisons: six effects of nothing, six just as large as matters."""
    rng = np.random.default_rng(2)
    shares = []
    for _ in range(600):
        z = rng.normal(size=12) + np.repeat([0.0, 4.0], 6)
        different = 2 * stats.norm.sf(abs(z))
        equivalent = stats.norm.sf(4.0 - abs(z))
        p, q = corrections.false_discovery(different, equivalent)
        claims = np.concatenate([p < 0.05, q < 0.05])
        false = np.concatenate([p[:6] < 0.05, q[6:] < 0.05])
        shares.append(false.sum() / max(1, claims.sum()))
    assert np.mean(shares) < 0.05 + 3 * np.std(shares) / math.sqrt(600)


def test_a_test_that_could_not_be_made_still_counts_in_its_family():
    assert corrections.bonferroni([0.01, math.nan, 0.4], 3).tolist() == pytest.approx(
        [0.03, math.nan, 1.0], nan_ok=True
    )
    assert corrections.benjamini_hochberg([0.01, math.nan])[0] == pytest.approx(0.02)
    assert not corrections.bonferroni([], 0).size
