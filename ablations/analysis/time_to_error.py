"""Time to a training error: of one run, its average over seeds, and the ratio of two arms.

Numbers in, numbers out. Times are epochs; errors are fractions. A run that
never has the error asked for is right-censored: all that is known is that its time is
beyond the epochs it was given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from ablations.analysis.paired_tests import CONFIDENCE, correlation, min_p, sign_flip_p, t_interval
from alexnet_tf.records import RunRecord

Kind = Literal["exact", "at least", "at most", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Time:
    """When one run first had the error asked for.

    Where `reached` is False, `epochs` is the censoring time and `updates` is NaN.
    """

    epochs: float  # above 0
    updates: float  # weight updates
    reached: bool


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The two arms of a comparison with the same seed."""

    seed: int
    baseline: Time
    variant: Time

    @property
    def kind(self) -> Kind:
        """How `ratio` relates to the true ratio of this pair."""
        if self.baseline.reached:
            return "exact" if self.variant.reached else "at least"
        return "at most" if self.variant.reached else "unknown"

    @property
    def ratio(self) -> float:
        """Variant's epochs over baseline's, above 0; NaN where neither is known."""
        return (
            float("nan") if self.kind == "unknown" else self.variant.epochs / self.baseline.epochs
        )


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """Geometric mean of the pairs' ratios; NaN where there are too few pairs.

    With a pair of kind "at least", the numbers are lower bounds and `high` is infinite;
    with "at most", upper bounds and `low` is 0. `low` then still bounds the mean of the
    true log ratios, because that mean is not below the mean of their lower bounds.
    Pairs of unknown ratio count in `n` and `n_censored` only.
    """

    n: int
    n_known: int  # pairs that enter the numbers below
    n_censored: int  # pairs that are not exact
    faster_seeds: int  # pairs in which the baseline was faster
    estimate: float
    low: float
    high: float
    is_lower_bound: bool
    is_upper_bound: bool  # neither, where bounds in both directions occur
    log_sd: float  # standard deviation of the log ratios (or of their bounds)
    correlation: float  # Pearson, of the arms' log times, -1 to 1
    sign_flip_p: float  # 0 to 1, of the hypothesis that the ratio is 1
    min_p: float  # the smallest value sign_flip_p can take


def time_to_error(record: RunRecord, threshold: float) -> Time | None:
    """Return when the run's training error first falls to `threshold`.

    The error of epoch e is its mean while the epoch was presented, so the curve is taken
    as straight lines between the points (e - 0.5, error); the time is the first crossing.
    A first epoch that is already at the threshold counts as reached at 0.5, the first
    observation. A diverged run has no working net at the end, whatever its curve was: it
    never reaches the threshold within its budget. A run that trained to its end without
    reaching it is censored at its last epoch: the budget, unless it stopped early at an
    error above `threshold`.

    Returns:
        None for a run without an outcome: it failed, or has no curve.
    """
    budget = float(record.experiment.train.epochs)
    if record.status == "diverged":
        return Time(epochs=budget, updates=float("nan"), reached=False)
    if record.status == "failed" or not record.curve:
        return None
    errors = np.array([point.train_error for point in record.curve])
    hits = np.flatnonzero(errors <= threshold)
    if hits.size == 0:
        last = float(record.curve[-1].epoch)
        return Time(epochs=last, updates=float("nan"), reached=False)
    ends = np.array([0, *(point.updates for point in record.curve)], dtype=float)
    middles = np.array([point.epoch - 0.5 for point in record.curve])
    index = int(hits[0])
    return Time(
        epochs=_crossing(middles, errors, index, threshold),
        updates=_crossing((ends[:-1] + ends[1:]) / 2, errors, index, threshold),
        reached=True,
    )


def _crossing(x: np.ndarray, errors: np.ndarray, index: int, threshold: float) -> float:
    """Return where the line into point `index`, the first at the threshold, crosses it."""
    if index == 0:
        return float(x[0])
    above, below = errors[index - 1], errors[index]
    share = (above - threshold) / (above - below)
    return float(x[index - 1] + share * (x[index] - x[index - 1]))


def median(times: Sequence[Time]) -> float:
    """Return the Kaplan-Meier median in epochs: the first time with survival at most 1/2.

    NaN when the survival curve stays above 1/2, or without times.
    """
    if not times:
        return float("nan")
    epochs = np.array([time.epochs for time in times])
    censored = np.array([not time.reached for time in times])
    survival = stats.ecdf(stats.CensoredData.right_censored(epochs, censored)).sf
    # A product of fractions may miss one half by a rounding error.
    half = np.flatnonzero(np.asarray(survival.probabilities) <= 0.5 + 1e-12)
    return float(np.asarray(survival.quantiles)[half[0]]) if half.size else float("nan")


def estimate_ratio(pairs: Sequence[Pair]) -> Ratio:
    """Return the ratio over the pairs and its 95 % paired t interval on the log scale."""
    known = [pair for pair in pairs if pair.kind != "unknown"]
    kinds = {pair.kind for pair in pairs}
    logs = [float(np.log(pair.ratio)) for pair in known]
    estimate, low, high = np.exp(t_interval(logs))
    n = len(logs)
    return Ratio(
        n=len(pairs),
        n_known=n,
        n_censored=sum(pair.kind != "exact" for pair in pairs),
        faster_seeds=sum(pair.kind in ("exact", "at least") and pair.ratio > 1 for pair in pairs),
        estimate=float(estimate),
        low=0.0 if "at most" in kinds and n >= 2 else float(low),
        high=float("inf") if "at least" in kinds and n >= 2 else float(high),
        is_lower_bound="at least" in kinds and "at most" not in kinds,
        is_upper_bound="at most" in kinds and "at least" not in kinds,
        log_sd=float(np.std(logs, ddof=1)) if n >= 2 else float("nan"),
        correlation=correlation(
            np.log([pair.baseline.epochs for pair in known]),
            np.log([pair.variant.epochs for pair in known]),
        ),
        sign_flip_p=sign_flip_p(logs),
        min_p=min_p(n),
    )


def power(n: int, log_sd: float, margin: float) -> float:
    """Return how likely a study is to show the paper's ratio where it is the true one.

    That is the probability, 0 to 1, that the 95 % t interval of `n` normal log ratios with
    mean log(paper's ratio) and standard deviation `log_sd` lies within +-log(margin) of
    that mean. Given the sample's standard deviation, log_sd * q / sqrt(n - 1) with q from
    a chi distribution, the mean has to fall into a window of known width; Gauss-Legendre
    quadrature averages that over q. NaN below 2 pairs or without a spread.
    """
    if n < 2 or not np.isfinite(log_sd):
        return float("nan")
    if margin <= 1 or log_sd == 0:
        return float(margin > 1)
    window = np.log(margin) * np.sqrt(n) / log_sd  # in standard errors of the mean
    slope = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) / np.sqrt(n - 1)
    top = min(window / slope, stats.chi.isf(1e-15, n - 1))
    nodes, weights = np.polynomial.legendre.leggauss(200)
    q = top * (nodes + 1) / 2
    inside = 2 * stats.norm.cdf(window - slope * q) - 1
    return float(np.clip(top / 2 * np.sum(weights * inside * stats.chi.pdf(q, n - 1)), 0, 1))
