"""Looks at data that still come in, against published constants, SciPy and random walks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ablations.analysis import sequential
from ablations.analysis.sequential import Rule, critical, crossing, final_interval, p_value

few = settings(max_examples=25, deadline=None)
TIMES = tuple((1 / 30 + 1 / 32) / (1 / 30 + 1 / m) for m in (8, 12, 16, 24, 32))


def walks(times, drift: float = 0.0, repeats: int = 200_000, seed: int = 0) -> np.ndarray:
    """Brownian motion with drift at the times: (repeats, looks)."""
    steps = np.diff([0.0, *times])
    rng = np.random.default_rng(seed)
    moves = rng.normal(drift * steps, np.sqrt(steps), (repeats, len(steps)))
    return np.cumsum(moves, axis=1)


@pytest.mark.parametrize(
    ("looks", "constant"), [(1, 1.960), (2, 1.977), (3, 2.004), (4, 2.024), (5, 2.040), (10, 2.087)]
)
def test_the_boundary_is_obrien_and_flemings(looks, constant):
    """Jennison and Turnbull (1999), table 2.3, two-sided 5 %, equally spaced looks."""
    times = tuple(np.arange(1, looks + 1) / looks)
    assert critical(0.05, times) == pytest.approx(constant, abs=6e-4)


@pytest.mark.parametrize("sides", ["one", "both"])
@pytest.mark.parametrize("boundary", [0.5, 1.5, 2.2])
def test_crossings_by_random_walks(sides, boundary):
    found = walks(TIMES)
    reached = (np.abs(found) if sides == "both" else found).max(axis=1) >= boundary
    assert crossing(boundary, TIMES, sides) == pytest.approx(reached.mean(), abs=0.004)


@few
@given(
    st.lists(st.floats(0.05, 1), min_size=1, max_size=4, unique=True),
    st.floats(0.001, 0.3),
    st.sampled_from(["one", "both"]),
)
def test_a_critical_value_is_crossed_as_often_as_its_level(times, level, sides):
    ordered = sorted(times)
    if any(b - a < 0.02 for a, b in zip(ordered, ordered[1:], strict=False)):
        return
    at = tuple(ordered)
    assert crossing(critical(level, at, sides), at, sides) == pytest.approx(level, abs=1e-7)
    first = crossing(critical(level, at, sides), at[:1], sides)
    assert first <= level + 1e-9  # what is spent by then


def test_one_look_is_the_plain_test():
    for z in (-3.0, 0.2, 1.96, 7.5):
        assert p_value([z], (1.0,)) == pytest.approx(2 * stats.norm.sf(abs(z)))
        assert p_value([z], (1.0,), "one") == pytest.approx(stats.norm.sf(z))
    assert p_value([math.nan], (1.0,)) != p_value([math.nan], (1.0,))


def test_p_values_over_looks_are_never_too_small():
    """Under no effect, at whichever look it is read, P(p <= x) <= x; at the last it is x."""
    found = walks(TIMES, repeats=4000, seed=1) / np.sqrt(TIMES)
    for last in (1, 3, 5):
        p = np.array([p_value(list(row[:last]), TIMES) for row in found[:1500]])
        for level in (0.02, 0.05, 0.2):
            assert np.mean(p <= level) <= level + 4 * math.sqrt(level / 1500)
    at_end = np.array([p_value(list(row), TIMES) for row in found[:1500]])
    assert np.mean(at_end <= 0.2) == pytest.approx(0.2, abs=0.04)


ERRORS = tuple(0.3 * math.sqrt(1 / 30 + 1 / m) for m in (8, 12, 16, 24, 32))


def rule(level: float = 0.05, margin: float = 0.5) -> Rule:
    outer, inner = critical(level, TIMES), critical(level, TIMES, "one")
    return Rule(
        errors=ERRORS,
        outer=tuple(outer / math.sqrt(t) * e for t, e in zip(TIMES, ERRORS, strict=True)),
        inner=tuple(margin - inner / math.sqrt(t) * e for t, e in zip(TIMES, ERRORS, strict=True)),
    )


def stopped(given: Rule, effect: float, repeats: int = 100_000) -> tuple[np.ndarray, np.ndarray]:
    """Estimate and look of each repeat where the rule stops, by drawing the scores."""
    information = 1 / np.array(given.errors) ** 2
    steps = np.diff([0.0, *information])
    rng = np.random.default_rng(7)
    moves = rng.normal(effect * steps, np.sqrt(steps), (repeats, len(steps)))
    estimates = np.cumsum(moves, axis=1) / information
    ends = (np.abs(estimates) >= given.outer) | (np.abs(estimates) <= np.array(given.inner))
    ends[:, -1] = True
    look = ends.argmax(axis=1)
    return estimates[np.arange(repeats), look], look


@pytest.mark.parametrize("effect", [0.0, 0.2, 0.4])
def test_a_rule_by_drawing(effect):
    given = rule()
    estimates, look = stopped(given, effect)
    for value in (-0.1, 0.12, 0.25, 0.4):
        found = given.at_least(value, effect)
        assert found == pytest.approx(np.mean(estimates >= value), abs=0.006)
    outer = np.abs(estimates) >= np.array(given.outer)[look]
    inner = np.abs(estimates) <= np.array(given.inner)[look]
    assert given.crosses_outer(effect) == pytest.approx(np.mean(outer), abs=0.006)
    assert given.stops_inside(effect) == pytest.approx(np.mean(inner), abs=0.006)
    assert given.at_least(-99.0, effect) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("effect", [0.0, 0.1, 0.25, 0.4, 0.7])
def test_the_final_interval_covers_in_95_percent_where_the_spread_is_known(effect):
    given = rule()
    estimates, looks = stopped(given, effect, 300)
    hits = []
    for estimate, look in zip(estimates, looks, strict=True):
        low, high = final_interval(float(estimate), int(look), given, 1e9, 0.05)
        hits.append(low <= effect <= high)
    assert np.mean(hits) == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 300))


def test_the_final_interval_of_one_look_is_the_t_interval():
    given = Rule(errors=(0.2,), outer=(0.5,), inner=(0.1,))
    low, high = final_interval(0.7, 0, given, 9, 0.05)
    half = stats.t.isf(0.025, 9) * 0.2
    assert (low, high) == pytest.approx((0.7 - half, 0.7 + half))


@few
@given(st.floats(-6, 6), st.floats(1.5, 60))
def test_scores_have_the_tails_of_students_t(t, freedom):
    z = sequential.normals(t, freedom)
    assert stats.norm.sf(abs(z)) == pytest.approx(stats.t.sf(abs(t), freedom), rel=1e-6)
    assert z * t >= 0
    assert sequential.students(z, freedom) == pytest.approx(t, rel=1e-6, abs=1e-9)


def test_boundaries_that_are_always_or_never_crossed():
    assert crossing(0.0, TIMES) == crossing(-1.0, TIMES) == 1
    assert crossing(12.0, TIMES) == crossing(12.0, TIMES, "one") == 0
    below = walks(TIMES, repeats=50_000).max(axis=1) >= -0.5
    assert crossing(-0.5, TIMES, "one") == pytest.approx(below.mean(), abs=0.008)


def test_a_rule_that_no_small_effect_ends():
    given = rule(margin=0.0)  # the inner edges lie below 0
    estimates, look = stopped(given, 0.2)
    outer = np.abs(estimates) >= np.array(given.outer)[look]
    assert given.stops_inside(0.2) == 0
    assert given.crosses_outer(0.2) == pytest.approx(np.mean(outer), abs=0.006)
