"""Edges of looks where runs have failed or are still to come, against SciPy's t and formulas."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from made_up import difference
from scipy import stats

from ablations.analysis import edges, sequential, stopping
from ablations.analysis.looks import Look
from ablations.analysis.pairs import Values
from ablations.analysis.samples import Samples
from ablations.analysis.simultaneous import intervals, local_level
from ablations.analysis.stopping import CALIBRATION, Course
from ablations.study import Comparison

BASE = [30.0, 30.4, 29.8, 30.1, 30.2, 29.9, 30.3, 30.0, 30.1, 29.7]
FIVE = [30.2, 30.9, 29.9, 30.5, 31.0]
SEEDS = (5, 7, 9)
UNPAIRED = difference(pairing="none")


def values(found: Sequence[float | None]) -> Values:
    return {seed: (value, "exact") for seed, value in enumerate(found) if value is not None}


def course(
    variant: Sequence[float | None], item: Comparison = UNPAIRED, looks: Sequence[int] = SEEDS
) -> Course:
    """The course over looks at so many seeds of the variant; None: the run failed."""
    base = BASE[: len(variant)] if item.paired else BASE
    ended = (frozenset(range(len(base))), frozenset(range(len(variant))))
    drawn = Samples(item=item, values=(values(base), values(variant)), settled=ended)
    planned = []
    for number, n in enumerate(looks, start=1):
        pairs, last = (
            (n, looks[-1]) if item.paired else (1 / (0.1 + 1 / n), 1 / (0.1 + 1 / looks[-1]))
        )
        seeds = (n, n) if item.paired else (10, n)
        planned.append(Look(number=number, seeds=seeds, time=pairs / last))
    return stopping.course(drawn, planned, 1)


def welch(variant: np.ndarray, n: int) -> tuple[float, float]:
    """Standard error and degrees of freedom of so many values of the variant's spread."""
    parts = (np.var(BASE, ddof=1) / 10, np.var(variant, ddof=1) / n)
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / 9 + parts[1] ** 2 / (n - 1))
    return math.sqrt(sum(parts)), float(freedom)


@pytest.mark.parametrize(
    ("later", "look", "kept", "sizes"),
    [
        ([], 1, [0, 1, 2], [5, 7, 9]),
        ([None, 30.1], 2, [0, 1, 2], [5, 6, 8]),
        # the second look has no value more than the first
        ([None, None, 29.8, 30.6], 3, [0, 2], [5, 7]),
        # and is the one that is shown
        ([None, None], 2, [1, 2], [5, 7]),
    ],
)
@pytest.mark.parametrize("claimed", ["higher", "equal"])
def test_the_edges_are_those_of_the_values_that_each_look_has_or_will_have(
    later, look, kept, sizes, claimed
):
    found = course([*FIVE, *later], difference(pairing="none", claimed=claimed, smallest=0.5))
    assert (found.look, found.stopped) == (look, look == 3)
    assert edges.places(found) == kept
    assert edges.counts_of_last(found) == (10, sizes[-1])
    variant = np.array([value for value in [*FIVE, *later] if value is not None])
    level, times = 0.05 / CALIBRATION, found.times
    one, two = (sequential.critical(level, times, sides) for sides in ("one", "both"))
    far = sequential.critical(level / 2, times, "one")
    for place, n, error, outer, inner in zip(
        kept, sizes, found.rule.errors, found.rule.outer, found.rule.inner, strict=True
    ):
        expected, freedom = welch(variant, n)
        assert error == pytest.approx(expected)

        def edge(boundary, at=times[place], scale=expected, freedom=freedom):
            return stats.t.isf(stats.norm.sf(boundary / math.sqrt(at)), freedom) * scale

        assert outer == pytest.approx(edge(far) + 0.5 if claimed == "equal" else edge(two))
        assert inner == pytest.approx(0.5 - edge(one))


def test_a_look_with_one_value_has_no_edge():
    found = course([30.2, None, None, None, None, 30.9, 29.9])
    assert found.look == 2 and edges.places(found) == [1, 2]
    errors = [welch(np.array([30.2, 30.9, 29.9]), n)[0] for n in (3, 5)]
    assert found.rule.errors == pytest.approx(errors)


def test_pairs_to_come_are_counted_as_pairs():
    found = course([30.2, 30.9, None, 29.9, 30.5], difference())
    changes = np.array([30.2, 30.9, 29.9, 30.5]) - np.array(BASE)[[0, 1, 3, 4]]
    assert found.look == 1 and edges.counts_of_last(found) == (8,)
    expected = [changes.std(ddof=1) / math.sqrt(n) for n in (4, 6, 8)]
    assert found.rule.errors == pytest.approx(expected)


def test_simultaneous_intervals_are_t_intervals_at_the_local_level():
    ratio = difference(pairing="none", scale="ratio", smallest=1.1)
    courses = {
        ("one", "b"): course(FIVE, looks=(5,)),
        ("two", "b"): course(FIVE, ratio, looks=(5,)),
        ("three", "looks"): course(FIVE),
    }
    shares = {("one", "b"): 0.3, ("two", "b"): 0.3}
    found, level = intervals(courses, shares), local_level((0.3, 0.3))
    plain = stats.ttest_ind(FIVE, BASE, equal_var=False).confidence_interval(1 - level)  # pyright: ignore
    assert found["one", "b"] == pytest.approx((plain.low, plain.high))
    logs: tuple = np.log(FIVE), np.log(BASE)
    factors = stats.ttest_ind(*logs, equal_var=False).confidence_interval(1 - level)  # pyright: ignore
    assert found["two", "b"] == pytest.approx((np.exp(factors.low), np.exp(factors.high)))
    error, freedom = welch(np.array(FIVE), 5)
    times = courses["three", "looks"].times
    z = sequential.critical(level / CALIBRATION, times) / math.sqrt(times[0])
    half = stats.t.isf(stats.norm.sf(z), freedom) * error
    middle = np.mean(FIVE) - np.mean(BASE)
    assert found["three", "looks"] == pytest.approx((middle - half, middle + half))
    alone = intervals({("one", "b"): courses["one", "b"]}, {})
    assert alone["one", "b"] == pytest.approx(courses["one", "b"].ends())


def test_without_a_spread_nothing_is_decided_and_there_is_no_simultaneous_interval():
    item = difference(claimed="within", paper=1.0, smallest=0.5)
    drawn = Samples(item=item, values=(values([30.0] * 5), values([31.0] * 5)), settled=())
    found = stopping.course(drawn, [], 1)
    assert found.ends() == (1.0, 1.0) and not found.decided
    assert all(math.isnan(end) for end in found.ends_at(0.05))
    one = Samples(item=item, values=(values([30.0]), values([31.0])), settled=())
    assert all(math.isnan(end) for end in stopping.course(one, [], 1).ends())
