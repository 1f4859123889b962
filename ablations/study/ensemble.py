"""Averages of the probabilities of several nets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ablations.study.quantity import Quantity
from alexnet_tf.errors import SpecError


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """Averaging the probabilities of `sizes` nets of one arm, trained from different seeds.

    Held against the mean error of its members; the interval is over test images, since one
    set of nets gives one ensemble of them all.

    Raises:
        SpecError: no size of 2 or more, a size below 1, or a `smallest` that is not above 0.
    """

    arm: str
    sizes: tuple[int, ...]
    smallest: float  # points
    paper: float | None = None  # points, for the largest size
    paper_source: str = ""
    quantity: ClassVar[Quantity] = "test_error_ten_views"

    def __post_init__(self) -> None:
        if max(self.sizes, default=0) < 2 or min(self.sizes) < 1:
            raise SpecError(f"an ensemble needs `sizes` of 2 or more nets. Received: {self.sizes}")
        if not self.smallest > 0:
            raise SpecError(f"`smallest` of an ensemble must be above 0. Received: {self.smallest}")

    @property
    def averaged(self) -> tuple[int, ...]:
        """The sizes that are averages: above 1."""
        return tuple(size for size in self.sizes if size > 1)
