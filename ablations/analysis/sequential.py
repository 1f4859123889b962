"""Tests and intervals that stay right when the data are looked at several times.

The looks are fixed beforehand as information times 0 < t_1 < ... < t_K = 1: the share that each
has of the information, 1 / se^2, of the last. A z score of look j, times sqrt(t_j), is then
Brownian motion B at t_j where there is no effect. O'Brien and Fleming's (1979) boundary holds
|B| against one constant at every look, so that an early look spends little of the error. All
probabilities are found by recursive numerical integration (Armitage, McPherson and Rowe 1969;
Jennison and Turnbull 1999, chapters 2, 8, 9 and 19).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from scipy import optimize, special

#: Both: |B| is compared with the boundary. One: B is.
Sides = Literal["one", "both"]

_FAR = 9.0  # Brownian motion at times up to 1 is not below -9, nor above it


@cache
def crossing(boundary: float, times: tuple[float, ...], sides: Sides = "both") -> float:
    """Return the probability that Brownian motion is at or beyond `boundary` at one of the times.

    Args:
        times: information times, above 0 and rising; the last is 1 in a whole design.

    >>> round(crossing(1.959964, (1.0,)), 4)
    0.05
    """
    if len(times) == 1:
        z = boundary / np.sqrt(times[0])
        return float(2 * special.ndtr(-abs(z)) if sides == "both" else special.ndtr(-z))
    if sides == "both" and boundary <= 0:
        return 1.0
    low = -boundary if sides == "both" else min(-_FAR, boundary - _FAR)
    if boundary >= _FAR:
        return 0.0
    steps = np.sqrt(np.diff([0.0, *times]))
    places, weights = _nodes(low, boundary, float(min(steps)))
    density = _normal(places, times[0])
    for before, after in zip(times, times[1:], strict=False):
        density = _normal(places[:, None] - places, after - before) @ (weights * density)
    return float(np.clip(1 - np.sum(weights * density), 0, 1))


@cache
def critical(level: float, times: tuple[float, ...], sides: Sides = "both") -> float:
    """Return the boundary of |B|, or of B, that is crossed with a probability of `level`.

    The critical z score of look j is this over sqrt(t_j).

    >>> [round(critical(0.05, (0.5, 1.0)) / t**0.5, 3) for t in (0.5, 1.0)]
    [2.797, 1.977]
    """
    if len(times) == 1:
        share = level / 2 if sides == "both" else level
        return float(special.ndtri(1 - share) * np.sqrt(times[0]))
    found = optimize.brentq(lambda c: crossing(float(c), times, sides) - level, 1e-6, 8.9)
    return float(found)  # pyright: ignore[reportArgumentType]


def p_value(scores: Sequence[float], times: tuple[float, ...], sides: Sides = "both") -> float:
    """Return the smallest level at which a look so far would have crossed its boundary.

    This is a p-value whichever look was the last: it covers the repeated tests at all looks
    that are planned. A look without a score crosses nothing; NaN where the last has none.

    Args:
        scores: z scores of the first looks, at least one, at most as many as there are times.
        times: of every planned look.
        sides: of the test.
    """
    if np.isnan(scores[-1]):
        return float("nan")
    reached = [
        (abs(z) if sides == "both" else z) * float(np.sqrt(t))
        for z, t in zip(scores, times, strict=False)
        if not np.isnan(z)
    ]
    return crossing(max(reached), times, sides)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The rule by which a comparison stops: at look j where |estimate| >= outer[j], or <= inner[j].

    At the last look it ends wherever it is. An inner edge below 0 stops nothing. All in the
    unit of the estimate, one value per look; `errors` are the standard errors.
    """

    errors: tuple[float, ...]
    outer: tuple[float, ...]
    inner: tuple[float, ...]

    def at_least(self, value: float, effect: float) -> float:
        """Return the probability that the estimate is `value` or more where the rule stops."""
        above = [
            [(max(low, value), high) for low, high in self._ends(j) if high > value]
            for j in range(len(self.errors))
        ]
        return self._stops_in(above, effect)

    def crosses_outer(self, effect: float) -> float:
        """Return the probability, for this true effect, that an outer edge is what stops it."""
        beyond = [((outer, np.inf), (-np.inf, -outer)) for outer in self.outer]
        return self._stops_in(beyond, effect)

    def stops_inside(self, effect: float) -> float:
        """Return the probability, for this true effect, that an inner edge is what stops it."""
        inside = [((-inner, inner),) for inner in self.inner]
        return self._stops_in(inside, effect)

    def _stops_in(self, places: Sequence[Sequence[tuple[float, float]]], effect: float) -> float:
        total, paths = 0.0, _Paths(effect, 0.0, np.zeros(1), np.ones(1))
        for j, gaps in enumerate(places):
            step = paths.step(self.errors[j])
            total += sum(step.between(low, high) for low, high in gaps)
            paths = step.kept(self._open(j))
        return float(np.clip(total, 0, 1))

    def _open(self, j: int) -> list[tuple[float, float]]:
        """Return where the estimate of look j leads to another look."""
        outer, inner = self.outer[j], max(self.inner[j], 0.0)
        if j == len(self.errors) - 1 or inner >= outer:
            return []
        return [(-outer, -inner), (inner, outer)] if inner > 0 else [(-outer, outer)]

    def _ends(self, j: int) -> list[tuple[float, float]]:
        """Return where the estimate of look j is the last."""
        places = [-np.inf, *(end for gap in self._open(j) for end in gap), np.inf]
        pairs = zip(places[::2], places[1::2], strict=True)
        return [(low, high) for low, high in pairs if low < high]


@dataclass(frozen=True)
class _Paths:
    """Weighted places of the score, estimate / se^2, of the paths that go on."""

    effect: float
    information: float
    places: np.ndarray
    weights: np.ndarray

    def step(self, error: float) -> _Step:
        return _Step(self, 1 / error**2)


@dataclass(frozen=True)
class _Step:
    """The next look of paths that go on."""

    before: _Paths
    information: float

    def _moved(self) -> tuple[np.ndarray, float]:
        more = self.information - self.before.information
        return self.before.places + self.before.effect * more, float(np.sqrt(more))

    def between(self, low: float, high: float) -> float:
        """Return the probability of going on until here with an estimate from low to high."""
        if not low < high:
            return 0.0
        mean, spread = self._moved()
        below = special.ndtr((low * self.information - mean) / spread)
        return float(
            self.before.weights @ (special.ndtr((high * self.information - mean) / spread) - below)
        )

    def kept(self, gaps: Sequence[tuple[float, float]]) -> _Paths:
        """Return the paths whose estimate lies within one of the gaps."""
        mean, spread = self._moved()
        ends = [(low * self.information, high * self.information) for low, high in gaps]
        parts = [_nodes(low, high, spread) for low, high in ends]
        places = np.concatenate([np.empty(0), *(nodes for nodes, _ in parts)])
        widths = np.concatenate([np.empty(0), *(weights for _, weights in parts)])
        density = _normal(places[:, None] - mean, spread**2) @ self.before.weights
        return _Paths(self.before.effect, self.information, places, widths * density)


def final_interval(
    estimate: float, look: int, rule: Rule, freedom: float, level: float
) -> tuple[float, float]:
    """Return low and high of the interval of a comparison that its rule has stopped.

    Outcomes are ordered by their estimate, at whichever look they stopped (Emerson and
    Fleming 1990): the interval holds the effects for which neither an estimate as large as
    this one nor one as small has less than half of `level`. The distances are then widened
    from the normal distribution's to Student's.

    Args:
        estimate: where it stopped.
        look: index of the look at which it stopped.
        rule: of all looks.
        freedom: degrees of freedom of the standard error.
        level: probability that the interval misses the effect, 0 to 1.
    """
    error = rule.errors[look]

    def end(sign: int) -> float:
        def gap(distance: float) -> float:
            effect = estimate + sign * distance * error
            above = rule.at_least(estimate, effect)
            return (1 - above if sign > 0 else above) - level / 2

        found: float = optimize.brentq(gap, 0.0, 12.0)  # pyright: ignore[reportAssignmentType]
        return estimate + sign * students(found, freedom) * error

    return end(-1), end(1)


def students(z: float, freedom: float) -> float:
    """Return the value of Student's t with the same tail as `z` of the normal distribution."""
    return float(-special.stdtrit(freedom, special.ndtr(-z)))


def normals(t: float, freedom: float) -> float:
    """Return the z score with the same tail as `t` of Student's distribution.

    >>> round(normals(2.262157, 9), 3)
    1.96
    """
    tail = float(special.stdtr(freedom, -abs(t)))
    z = -float(special.ndtri(tail)) if tail > 0 else 38.0
    return z if t >= 0 else -z


@cache
def gauss_legendre(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the nodes in (-1, 1) and the weights of the quadrature of `count` points."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return nodes, weights


def _nodes(low: float, high: float, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Return Gauss and Legendre's places and weights, close enough for normals of this spread."""
    wanted = 24 + 5 * (high - low) / spread
    nodes, weights = gauss_legendre(8 * int(np.clip(wanted / 8, 4, 64)))
    half = (high - low) / 2
    return low + half * (nodes + 1), half * weights


def _normal(places: np.ndarray, variance: float) -> np.ndarray:
    return np.exp(-(places**2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
