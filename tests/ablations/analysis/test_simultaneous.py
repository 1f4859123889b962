"""Intervals over the suite, against Bonferroni, Šidák, Dunnett's tables and drawn effects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import ARMS, difference, study
from scipy import stats

from ablations.analysis import looks, samples
from ablations.analysis.simultaneous import base_share, local_level
from ablations.analysis.stopping import course
from ablations.study import Budget, Shared

few = settings(max_examples=25, deadline=None)


@few
@given(st.lists(st.floats(0, 0.9), min_size=1, max_size=25))
def test_a_local_level_lies_between_bonferroni_and_the_whole(shares):
    level = local_level(tuple(shares))
    assert 0.05 / len(shares) - 1e-8 <= level <= 0.05 + 1e-8
    independent = 1 - 0.95 ** (1 / len(shares))  # Šidák
    assert level >= independent - 1e-8
    assert local_level((0.0,) * len(shares)) == pytest.approx(independent, rel=1e-6)


@pytest.mark.parametrize(("arms", "constant"), [(2, 2.21), (5, 2.51), (9, 2.69)])
def test_equal_arms_give_dunnetts_table(arms, constant):
    """Dunnett (1964), two-sided 5 %, infinite degrees of freedom: correlation 1/2."""
    level = local_level((0.5,) * arms)
    assert stats.norm.isf(level / 2) == pytest.approx(constant, abs=0.006)


def test_any_effect_is_missed_in_five_percent_of_suites():
    shares = (0.21,) * 12 + (0.0,) * 4
    rng = np.random.default_rng(0)
    base, own = rng.normal(size=(40_000, 1)), rng.normal(size=(40_000, 16))
    z = np.sqrt(shares) * base + np.sqrt(1 - np.array(shares)) * own
    edge = stats.norm.isf(local_level(shares) / 2)
    assert np.mean(np.abs(z).max(axis=1) > edge) == pytest.approx(0.05, abs=0.005)


def test_the_share_of_the_base_is_that_of_its_mean():
    entry = Budget(
        seeds=8, more=(12,), shared=Shared(experiment=ARMS["paper"], seeds=30), epochs=None
    )
    items = {
        "base": (difference(pairing="none"), (1 / 30) / (1 / 30 + 1 / 8)),
        "reversed": (difference(baseline="b", variant="paper", claimed="lower", pairing="none"),
                     (1 / 30) / (1 / 30 + 1 / 8)),
        "others": (difference(baseline="b", variant="c", pairing="none"), 0.0),
        "paired": (difference(), 0.0),
    }  # fmt: skip
    given = study(budgets={"standard": entry})
    for item, share in items.values():
        nothing = samples.read({arm: [] for arm in ARMS}, item)
        found = course(nothing, looks.planned(given, entry, item), 1)
        assert base_share(given, entry, found) == pytest.approx(share)
