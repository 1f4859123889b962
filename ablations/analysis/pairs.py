"""The values of a comparison paired by seed, and which of them are only bounds.

A time that was censored is known to be longer than its value. It stays a bound in every
difference and ratio that is made of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ablations.analysis import paired_tests, quantities
from ablations.plan import StudyRun
from ablations.study import Comparison, Quantity, Scale

#: How a number lies to the true one. Of several, "unknown": they are bounds in both directions,
#: or not all of them are known.
Bound = Literal["exact", "at least", "at most", "unknown"]

_OPPOSITE: Mapping[Bound, Bound] = {
    "exact": "exact",
    "at least": "at most",
    "at most": "at least",
    "unknown": "unknown",
}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The two values of a comparison with the same seed; of an interaction, two differences."""

    seed: int
    baseline: float
    variant: float
    bound: Bound = "exact"  # of the change

    def change(self, scale: Scale) -> float:
        """Return variant - baseline, or variant / baseline."""
        return self.variant / self.baseline if scale == "ratio" else self.variant - self.baseline


def pair(
    runs: Mapping[str, Sequence[StudyRun]], item: Comparison, threshold: float | None = None
) -> list[Pair]:
    """Return the pairs of the seeds for which every value is there.

    Args:
        runs: arm -> its runs by seed.
        item: with an interaction, the pair's values are the differences of its two halves.
        threshold: training error, 0 to 1, of `epochs_to_error`.
    """
    values = [_values(runs[arm], quantity, threshold) for arm, quantity in item.used]
    pairs = _paired(values[0], values[1], item.scale)
    if item.interaction is None:
        return pairs
    others = _paired(values[2], values[3], item.scale)
    return _paired(_changes(others, item.scale), _changes(pairs, item.scale), item.scale)


_Values = dict[int, tuple[float, Bound]]  # seed -> value


def _changes(pairs: Sequence[Pair], scale: Scale) -> _Values:
    return {one.seed: (one.change(scale), one.bound) for one in pairs}


def _values(runs: Sequence[StudyRun], quantity: Quantity, threshold: float | None) -> _Values:
    found: _Values = {}
    for run in runs:
        value = quantities.value(run, quantity, threshold)
        if value is not None:
            late = quantities.bounded(run, quantity, threshold)
            found[run.planned.experiment.seed] = value, "at least" if late else "exact"
    return found


def _paired(baseline: _Values, variant: _Values, scale: Scale) -> list[Pair]:
    """Pair by seed; what has no logarithm is in no ratio (`without_ratio` counts those)."""
    pairs = [
        Pair(
            seed=seed,
            baseline=value,
            variant=variant[seed][0],
            bound=_of_change(bound, variant[seed][1]),
        )
        for seed, (value, bound) in baseline.items()
        if seed in variant
    ]
    return [one for one in pairs if scale == "difference" or (one.baseline > 0 and one.variant > 0)]


def without_ratio(
    runs: Mapping[str, Sequence[StudyRun]], item: Comparison, threshold: float | None = None
) -> int:
    """Return of how many seeds every value is there, but one of them is not above 0."""
    values = [set(_values(runs[arm], quantity, threshold)) for arm, quantity in item.used]
    return len(set.intersection(*values)) - len(pair(runs, item, threshold))


def _of_change(baseline: Bound, variant: Bound) -> Bound:
    """Return how variant - baseline, or their ratio, lies to the true one."""
    if variant == "exact":
        return _OPPOSITE[baseline]
    return variant if baseline in ("exact", _OPPOSITE[variant]) else "unknown"


def of_all(bounds: Iterable[Bound]) -> Bound:
    """Return how the mean of pairs lies to that of the true ones."""
    kinds = set(bounds) - {"exact"}
    return kinds.pop() if len(kinds) == 1 else "unknown" if kinds else "exact"


def images_error(runs: Mapping[str, Sequence[StudyRun]], item: Comparison) -> float:
    """Return the standard error over test images in points; NaN where mistakes are not known."""
    if item.scale == "ratio":
        return float("nan")
    sides_used = item.used
    by_seed: dict[int, list[np.ndarray]] = {}
    for (arm, quantity), sign in zip(sides_used, (-1, 1, 1, -1), strict=False):
        for run in runs[arm]:
            wrong = quantities.mistakes(run, quantity)
            if wrong is not None:
                by_seed.setdefault(run.planned.experiment.seed, []).append(sign * wrong)
    complete = [parts for parts in by_seed.values() if len(parts) == len(sides_used)]
    if len({len(part) for parts in complete for part in parts}) != 1:  # not the same images
        return float("nan")
    return 100 * paired_tests.image_se(np.array([np.sum(parts, axis=0) for parts in complete]))
