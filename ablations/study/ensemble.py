"""Averages of the probabilities of several nets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ablations.study.quantity import Quantity
from alexnet_tf.errors import SpecError


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Nets of a second arm in the average: `count` of them and `beside` of the ensemble's own.

    Held against averages of nets of the ensemble's arm alone: of `beside` nets, which is the
    claim, and of as many as there are together.

    Raises:
        SpecError: a number below 1, or a `smallest` that is not above 0.
    """

    arm: str
    count: int
    beside: int
    smallest: float  # points
    paper: float | None = None  # points, against `beside` nets
    paper_source: str = ""

    def __post_init__(self) -> None:
        if min(self.count, self.beside) < 1 or not self.smallest > 0:
            raise SpecError(
                "nets of two arms in an average need a `count` and a `beside` of 1 or more and a "
                f"`smallest` above 0. Received: {self}"
            )

    @property
    def against(self) -> tuple[int, int]:
        """Sizes of the averages of one arm that the mixed ones are held against."""
        return self.beside, self.beside + self.count


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """Averaging the probabilities of `sizes` nets of one arm, trained from different seeds.

    Held against the mean error of its members; the interval is over test images, since one
    set of nets gives one ensemble of them all. With `joined` the averages of nets of two arms are
    the claim.

    Raises:
        SpecError: no size of 2 or more, a size below 1, or a `smallest` that is not above 0.
    """

    arm: str
    sizes: tuple[int, ...]
    smallest: float  # points
    paper: float | None = None  # points, for the largest size
    paper_source: str = ""
    joined: Joined | None = None
    quantity: ClassVar[Quantity] = "test_error_ten_views"

    def __post_init__(self) -> None:
        if max(self.sizes, default=0) < 2 or min(self.sizes) < 1:
            raise SpecError(f"an ensemble needs `sizes` of 2 or more nets. Received: {self.sizes}")
        if not self.smallest > 0:
            raise SpecError(f"`smallest` of an ensemble must be above 0. Received: {self.smallest}")

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of the arms whose nets are averaged."""
        return (self.arm,) if self.joined is None else (self.arm, self.joined.arm)

    @property
    def averaged(self) -> tuple[int, ...]:
        """The sizes that are averages: above 1."""
        return tuple(size for size in self.sizes if size > 1)
