"""The things compared: pairs of arms, slopes over a series of arms, and checks of a treatment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ablations.study.quantity import Quantity
from ablations.study.series import Series
from alexnet_tf.errors import SpecError
from alexnet_tf.values import check_types

#: difference: variant - baseline. ratio: variant / baseline.
Scale = Literal["difference", "ratio"]

#: Where the paper puts the variant; equal: it says that they do not differ; within: it gives a
#: size, and a range around it decides; none: it says nothing, and the comparison answers a
#: question of its own.
Claimed = Literal["higher", "lower", "equal", "within", "none"]

#: none: arms that share only a seed are two samples, each with as many seeds as it has. seed: what
#: two arms measure with one seed belongs together, and its differences are one sample.
Pairing = Literal["none", "seed"]

#: primary: the claim's own, corrected together. secondary: reported beside it.
Family = Literal["primary", "secondary"]


@dataclass(frozen=True, kw_only=True)
class EpochsToError:
    """The error that `epochs_to_error` counts to: the training error first falling to `threshold`.

    Raises:
        SpecError: a threshold that is not above 0 and below 1.
    """

    threshold: float  # fraction, 0 to 1
    sensitivity: tuple[float, ...] = ()  # other thresholds shown beside it

    def __post_init__(self) -> None:
        check_types(self)
        for value in (self.threshold, *self.sensitivity):
            if not 0 < value < 1:
                raise SpecError(f"a threshold must be above 0 and below 1. Received: {value}")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two arms compared in one quantity.

    Differences of errors are in percentage points; `scale="ratio"` compares logarithms and
    gives factors. With `interaction=(b, v)` the same difference between the arms b and v is
    taken off: what the first change is worth more, or less, beside the second. With `slope_over`
    the effect is the slope of the quantity per doubling of the series' number; `baseline` and
    `variant` are its first and its last arm.

    Raises:
        SpecError: a claim that its numbers do not fit.

    >>> Comparison(
    ...     name="six_times",
    ...     baseline="relu",
    ...     variant="tanh",
    ...     quantity="epochs_to_error",
    ...     scale="ratio",
    ...     claimed="within",
    ...     paper=6.0,
    ...     smallest=1.5,
    ... ).accepted
    (4.0, 9.0)
    """

    name: str
    baseline: str
    variant: str
    claimed: Claimed
    # effect that would matter: points > 0, or a factor > 1; with claimed="within" the distance
    # or factor within which a measured value counts as the paper's
    smallest: float
    quantity: Quantity = "test_error_ten_views"
    baseline_quantity: Quantity | None = None  # None: the same; else one run may be both arms
    scale: Scale = "difference"
    paper: float | None = None  # the paper's own size, in points or as a factor
    paper_is: Literal["about", "at least"] = "about"  # at least: it is of this size or larger
    paper_source: str = ""  # on which data and measure the paper found it
    family: Family = "primary"
    pairing: Pairing = "none"
    interaction: tuple[str, str] | None = None
    slope_over: Series | None = None
    note: str = ""  # what this comparison stands for, one line
    argued: str = ""  # why `smallest` is what would matter; not needed of half the paper's effect

    def __post_init__(self) -> None:
        check_types(self)
        least = 1.0 if self.scale == "ratio" else 0.0
        if not self.smallest > least:
            raise SpecError(
                f"`smallest` of '{self.name}' must be above {least:g}. Received: {self.smallest}"
            )
        if self.claimed == "none" and (self.family == "primary" or self.paper is not None):
            raise SpecError(
                f"'{self.name}' claims nothing, so it must be secondary and without `paper`."
            )
        if self.claimed == "within" and self.paper is None:
            raise SpecError(f"'{self.name}' is claimed within a range, so it needs `paper`.")
        if self.paper is not None:
            self._check_paper(self.paper, least)
        if self.slope_over is not None:
            self._check_slope(self.slope_over)

    def _check_slope(self, series: Series) -> None:
        """Refuse a slope that is no difference of independent arms, from the first to the last."""
        plain = self.scale == "difference" and self.pairing == "none" and self.interaction is None
        if not plain or self.baseline_quantity not in (None, self.quantity):
            raise SpecError(
                f"'{self.name}' is a slope, so it must be a difference of one quantity, without "
                "pairs and without an interaction."
            )
        ends, quantity = (series.arms[0], series.arms[-1]), series.quantity
        if (self.baseline, self.variant) != ends or self.quantity != quantity:
            raise SpecError(
                f"'{self.name}' is the slope over {series.name}, so it goes from '{ends[0]}' to "
                f"'{ends[1]}' in {quantity}."
            )

    def _check_paper(self, paper: float, none: float) -> None:
        """Refuse a number of the paper that is no factor, or on the other side of its claim."""
        if self.scale == "ratio" and not paper > 0:
            raise SpecError(f"`paper` of '{self.name}' is a factor, above 0. Received: {paper}")
        side = {"higher": paper > none, "lower": paper < none}.get(self.claimed, True)
        if not side:
            raise SpecError(
                f"'{self.name}' is claimed {self.claimed}, so `paper` must be "
                f"{'above' if self.claimed == 'higher' else 'below'} {none:g}. Received: {paper}"
            )

    @property
    def argument(self) -> str:
        """Reason for `smallest`, the smallest effect of interest."""
        if self.argued or self.paper is None or self.claimed == "within":
            return self.argued
        ratio = self.scale == "ratio"
        sizes = [abs(math.log(x) if ratio else x) for x in (self.paper, self.smallest)]
        return "half of the paper's effect" if math.isclose(sizes[0], 2 * sizes[1]) else ""

    @property
    def accepted(self) -> tuple[float, float]:
        """Values that count as the paper's with `claimed="within"`; NaN for other claims."""
        if self.paper is None or self.claimed != "within":
            return math.nan, math.nan
        if self.scale == "ratio":
            return self.paper / self.smallest, self.paper * self.smallest
        return self.paper - self.smallest, self.paper + self.smallest

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of the arms that take part: baseline and variant, then any others."""
        between = () if self.slope_over is None else self.slope_over.arms[1:-1]
        return (self.baseline, self.variant, *(self.interaction or between))

    @property
    def weights(self) -> tuple[float, ...]:
        """Weight of each of `arms` in the effect.

        >>> Comparison(
        ...     name="x", baseline="a", variant="b", claimed="none", smallest=1.0,
        ...     family="secondary", interaction=("c", "d"),
        ... ).weights
        (-1.0, 1.0, 1.0, -1.0)
        """
        if self.slope_over is not None:
            return self.slope_over.slope_weights(self.arms)
        return (-1.0, 1.0, 1.0, -1.0)[: len(self.arms)]

    @property
    def paired(self) -> bool:
        """True where values of one seed belong together: declared, or two quantities of one net."""
        return self.pairing == "seed" or self.baseline == self.variant

    @property
    def sides(self) -> tuple[Quantity, Quantity]:
        """Quantity of the baseline and that of the variant."""
        return self.baseline_quantity or self.quantity, self.quantity

    @property
    def used(self) -> list[tuple[str, Quantity]]:
        """Arms that take part, each with the quantity that is used of it."""
        return list(zip(self.arms, len(self.arms) * self.sides, strict=False))


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check that an arm had its treatment: `least` <= quantity <= `most` in every run.

    A comparison with an arm of which a run fails its check, or none is measured, gets no verdict.

    Raises:
        SpecError: no limit at all, or limits that no value can keep.
    """

    arm: str
    quantity: Quantity
    least: float | None = None
    most: float | None = None

    def __post_init__(self) -> None:
        check_types(self)
        if self.least is None and self.most is None:
            raise SpecError(f"the check of '{self.arm}' needs `least`, `most` or both.")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise SpecError(
                f"the check of '{self.arm}' holds for no value: `least` {self.least} is above "
                f"`most` {self.most}."
            )

    def holds(self, value: float) -> bool:
        """Say whether a run's value is within the limits."""
        above = self.least is None or value >= self.least
        return above and (self.most is None or value <= self.most)
