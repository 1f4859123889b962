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
def test_false_discovery_is_the_procedure_at_twice_the_level(different, data):
    """Half of the hypotheses can be true at most: the procedure at 10 % keeps 5 %."""
    size = len(different)
    equivalent = data.draw(st.lists(st.floats(0, 1), min_size=size, max_size=size))
    both = np.array([*different, *equivalent])
    adjusted = np.concatenate(corrections.false_discovery(different, equivalent))
    for level in (0.01, 0.05, 0.2):
        rejected = stats.false_discovery_control(both, method="bh") <= 2 * level
        assert ((adjusted <= level) == (rejected & (both <= level))).all()


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
