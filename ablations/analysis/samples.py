"""The values of a comparison: one sample per arm, or one of the changes between paired seeds.

A time that was censored is known to be longer than its value. It stays a bound in every
difference and ratio that is made of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ablations.analysis import contrast, quantities
from ablations.analysis.contrast import Contrast
from ablations.analysis.looks import Look
from ablations.analysis.pairs import Bound, Pair, Values, of_all, of_change, of_sum, paired
from ablations.plan import StudyRun
from ablations.study import Comparison, Quantity


@dataclass(frozen=True, kw_only=True)
class Samples:
    """The values of a comparison's arms, by seed.

    `settled` holds, of each arm, the seeds whose run has ended, well or not; `crossed` seeds, whose
    runs were computed in environments that do not give the same bits, make no pairs.

    Attributes:
        item: the comparison.
        values: errors in percent or times in epochs; a run without a value is absent.
    """

    item: Comparison
    values: tuple[Values, ...]  # of the arms in the comparison's order: seed -> value, bound
    settled: tuple[frozenset[int], ...]
    crossed: frozenset[int] = frozenset()

    def until(self, seeds: Sequence[int]) -> Samples:
        """Return the values of the first seeds of each arm.

        Args:
            seeds: how many of each arm, in the comparison's order: seeds 0 to that number - 1.
        """
        values = tuple(
            {seed: found for seed, found in of_arm.items() if seed < count}
            for of_arm, count in zip(self.values, seeds, strict=True)
        )
        return dataclasses.replace(self, values=values)

    def complete(self, look: Look) -> bool:
        """Say whether every run of a look has ended, with a value or without."""
        return all(
            set(range(count)) <= ended
            for count, ended in zip(look.seeds, self.settled, strict=True)
        )

    def reached(self, looks: Sequence[Look]) -> int:
        """Return how many of the looks are complete, from the first on.

        A complete look behind one that is not does not count.
        """
        count = 0
        while count < len(looks) and self.complete(looks[count]):
            count += 1
        return count

    @cached_property
    def pairs(self) -> list[Pair]:
        """The pairs of seeds for which every value is there; of an interaction, two changes.

        They are in the order of the baseline's seeds; in a ratio both values are above 0.
        """
        return [one for one in paired(self.item, self.values) if one.seed not in self.crossed]

    @property
    def lost_pairs(self) -> frozenset[int]:
        """Crossed seeds of which every value is there, so that each would make a pair."""
        return self.crossed.intersection(*self.values)

    @property
    def usable(self) -> tuple[Values, ...]:
        """Values that can be compared: what is not above 0 has no ratio."""
        if self.item.scale == "difference":
            return self.values
        return tuple(
            {seed: found for seed, found in of_arm.items() if found[0] > 0}
            for of_arm in self.values
        )

    @property
    def without_ratio(self) -> int:
        """Seeds of which every value is there, but one of them is not above 0."""
        if self.item.scale == "difference":
            return 0
        if self.item.paired:
            whole = set.intersection(*map(set, self.values)) - self.lost_pairs
            return len(whole) - len(self.pairs)
        return sum(map(len, self.values)) - sum(map(len, self.usable))

    @property
    def bound(self) -> Bound:
        """The relation of the effect of the means to that of the true values.

        One bound among the values makes their mean a bound.
        """
        if self.item.paired:
            return of_all(one.bound for one in self.pairs)
        means: list[Bound] = [
            of_all(bound for _, bound in of_arm.values()) for of_arm in self.usable
        ]
        return of_sum(means, self.item.weights)

    @property
    def seeds(self) -> int:
        """Pairs; of independent arms the seeds of the smallest but the baseline.

        The baseline's seeds are not counted: a shared base has more of them.
        """
        if self.item.paired:
            return len(self.pairs)
        return min((len(of_arm) for of_arm in self.usable[1:]), default=0)

    def transformed(self) -> list[np.ndarray]:
        """Return the values of each arm by seed, as logarithms where ratios are compared.

        Returns:
            One (seeds,) array an arm, in the comparison's order.
        """
        log = np.log if self.item.scale == "ratio" else np.array
        return [
            log(np.array([of_arm[seed][0] for seed in sorted(of_arm)], dtype=float))
            for of_arm in self.usable
        ]

    def changes(self) -> np.ndarray:
        """Return the changes of pairs, of ratios as logarithms.

        They are all equal to their mean where only rounding of the values differs. A pair whose
        bounds point in both directions is left out.
        """
        scale = self.item.scale
        known = [one for one in self.pairs if one.bound != "unknown"]
        log = np.log if scale == "ratio" else np.array
        changes = log(np.array([one.change(scale) for one in known], dtype=float))
        if len(changes) < 2:
            return changes
        largest = max(max(abs(one.baseline), abs(one.variant)) for one in known)
        slack = 1e-12 * (1.0 if scale == "ratio" else largest)
        if float(np.ptp(changes)) > slack:
            return changes
        mean = float(np.mean(changes))
        return np.full(len(changes), 0.0 if abs(mean) <= slack else mean)

    def contrast(self) -> Contrast:
        """Return the effect with its standard error, of ratios as a logarithm.

        Paired: the mean change. Independent arms: variant minus baseline; of an interaction, minus
        the same difference of the second two arms; of a slope, that of the line through the means.
        """
        if self.item.paired:
            return contrast.of_changes(self.changes())
        return contrast.of_arms(self.transformed(), self.item.weights)

    def shows(self, estimate: float) -> bool:
        """Say whether a test of the known values against no effect stands for the true ones.

        It does for exact values, and for bounds that lie on the same side of 0 as what they leave
        open: an estimate above 0 that is at least so large, or below 0 and at most.

        Args:
            estimate: in points, or as the logarithm of a ratio.
        """
        sides = (("exact", True), ("exact", False), ("at least", True), ("at most", False))
        return (self.bound, estimate > 0) in sides

    def against_means(self) -> list[tuple[int, float, Bound]]:
        """Return seed, change and its bound of each value of the variant against other arms' means.

        Of independent arms: no seed of the variant belongs to one of the baseline. A change is in
        points, per doubling for a slope, or a factor; their mean is the effect, of factors the
        geometric mean.
        """
        arms = self.transformed()
        if not all(len(arm) for arm in arms):
            return []
        weights = self.item.weights
        others = sum(
            weight * float(np.mean(arm))
            for place, (weight, arm) in enumerate(zip(weights, arms, strict=True))
            if place != 1
        )
        back = np.exp if self.item.scale == "ratio" else float
        bound = of_all(bound for _, bound in self.usable[0].values())
        return [
            (seed, float(back(change + others)), of_change(bound, self.usable[1][seed][1]))
            for seed, change in zip(sorted(self.usable[1]), weights[1] * arms[1], strict=True)
        ]


def read(
    runs: Mapping[str, Sequence[StudyRun]], item: Comparison, threshold: float | None = None
) -> Samples:
    """Return the samples of a comparison.

    Args:
        runs: arm -> its runs by seed.
        item: what is compared.
        threshold: training error, 0 to 1, of `epochs_to_error`.

    Returns:
        The values of every seed that is there, also beyond the looks.
    """
    return Samples(
        item=item,
        values=tuple(values_by_seed(runs[arm], quantity, threshold) for arm, quantity in item.used),
        settled=tuple(_settled(runs[arm]) for arm, _ in item.used),
        crossed=_crossed([run for arm in dict.fromkeys(item.arms) for run in runs[arm]]),
    )


def _crossed(runs: Sequence[StudyRun]) -> frozenset[int]:
    """Return the seeds of which records have different fingerprints of their environments."""
    found: dict[int, set[object]] = {}
    for run in runs:
        if run.record is not None and run.record.environment is not None:
            fingerprint = frozenset(run.record.environment.fingerprint().items())
            found.setdefault(run.planned.experiment.seed, set()).add(fingerprint)
    return frozenset(seed for seed, several in found.items() if len(several) > 1)


def _settled(runs: Sequence[StudyRun]) -> frozenset[int]:
    return frozenset(run.planned.experiment.seed for run in runs if run.record is not None)


def values_by_seed(runs: Sequence[StudyRun], quantity: Quantity, threshold: float | None) -> Values:
    """Return seed -> value and how it lies to the true one; a run without a value is absent."""
    found: Values = {}
    for run in runs:
        time = quantities.time(run, quantity, threshold)
        value = time.epochs if time else quantities.value(run, quantity, threshold)
        if value is not None:
            found[run.planned.experiment.seed] = value, time.bound if time else "exact"
    return found
