"""What the simulations draw and count, against moments and formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from ablations.analysis import drawn
from ablations.analysis.simulation_result import mean, share


def test_both_kinds_of_noise_have_mean_0_and_deviation_1_and_one_is_skewed():
    rng = np.random.default_rng(0)
    for draw, skewness in ((drawn.normal, 0.0), (drawn.skewed, 1.75)):
        found = draw(rng, (1000, 1000)).ravel()
        assert found.mean() == pytest.approx(0, abs=0.005)
        assert found.std() == pytest.approx(1, abs=0.005)
        assert stats.skew(found) == pytest.approx(skewness, abs=0.03)


def test_arms_have_the_effect_and_the_spreads_that_are_asked_for():
    rng = np.random.default_rng(0)
    base, variant = drawn.arms(rng, drawn.normal, 3.0, 0.7, 100_000)
    assert base.shape == (drawn.BASE,) and variant.mean() == pytest.approx(30.7, abs=0.02)
    assert variant.std() == pytest.approx(3 * drawn.SD, rel=0.01)
    many = [drawn.arms(rng, drawn.normal, 3.0, 0.7, 2)[0] for _ in range(3000)]
    assert np.mean(many) == pytest.approx(30, abs=0.005)
    assert np.std(many) == pytest.approx(drawn.SD, rel=0.01)


def test_a_drawn_course_has_its_looks_at_their_information():
    base, variant = np.full(drawn.BASE, 30.0), np.full(drawn.LOOKS[-1], 30.0)
    found = drawn.course(base + np.arange(drawn.BASE) / 99, variant + np.arange(32) / 99)
    assert [look.seeds for look in found.looks] == [(drawn.BASE, m) for m in drawn.LOOKS]
    last = 1 / drawn.BASE + 1 / drawn.LOOKS[-1]
    assert found.times == pytest.approx([last / (1 / drawn.BASE + 1 / m) for m in drawn.LOOKS])
    item = found.samples.item
    assert (item.claimed, item.smallest, item.paired) == ("higher", drawn.SMALLEST, False)


def test_a_share_and_a_mean_have_their_standard_errors():
    hits = [True] * 30 + [False] * 70
    found = share("a", "b", 8, hits, None, 25.0, 30.0)
    assert (found.found, found.repeats, found.n, found.kept) == (30.0, 100, 8, True)
    assert found.error == pytest.approx(100 * math.sqrt(0.3 * 0.7 / 100))
    assert math.isnan(found.stated) and share("a", "b", 8, hits, 5.0).stated == 5.0
    assert not share("a", "b", 8, hits, None, most=29.9).kept
    assert not share("a", "b", 8, hits, None, least=30.1).kept
    seeds = mean("a", "b", 32, 11, [8, 12, 12, 16])
    assert (seeds.found, seeds.stated, seeds.repeats, seeds.kept) == (12.0, 11, 4, True)
    assert seeds.error == pytest.approx(math.sqrt(8 / 4))
