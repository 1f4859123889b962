"""Arms that differ in one number: the picture of a quantity over it, and its slope."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ablations.study.quantity import Quantity
from alexnet_tf.errors import SpecError
from alexnet_tf.values import check_types


@dataclass(frozen=True, kw_only=True)
class Series:
    """Arms in the order of the one number that they differ in.

    Attributes:
        name: of the number, in a sentence: "width".
        axis: what the page writes under the picture's axis.
        arms: names, by rising number.
        numbers: of the arms, above 0.
        quantity: of every arm, over the number.

    Raises:
        SpecError: fewer than two arms, not as many numbers, or numbers that do not rise from
            above 0.
    """

    name: str
    axis: str
    arms: tuple[str, ...]
    numbers: tuple[float, ...]
    quantity: Quantity = "test_error_ten_views"

    def __post_init__(self) -> None:
        check_types(self)
        rising = list(self.numbers) == sorted({number for number in self.numbers if number > 0})
        if len(self.arms) < 2 or len(self.arms) != len(self.numbers) or not rising:
            raise SpecError(
                f"the series '{self.name}' needs two arms or more, whose numbers rise from above "
                f"0. Received: {', '.join(self.arms)} of {self.numbers}"
            )

    def slope_weights(self, arms: Sequence[str]) -> tuple[float, ...]:
        """Return the weight of each arm's mean in the slope per doubling of the number.

        The line is that of least squares through the arms' means over the logarithm to base 2,
        in which every arm counts once, whatever its seeds. The weights add up to 0.

        Args:
            arms: those of the series, in any order.

        >>> arms, numbers = ("paper", "wide", "wider"), (1.0, 2.0, 4.0)
        >>> width = Series(name="width", axis="Width", arms=arms, numbers=numbers)
        >>> width.slope_weights(("paper", "wider", "wide"))
        (-0.5, 0.5, 0.0)
        """
        values = zip(self.arms, self.numbers, strict=True)
        places = {arm: math.log2(number) for arm, number in values}
        middle = math.fsum(places.values()) / len(places)
        scatter = math.fsum((place - middle) ** 2 for place in places.values())
        return tuple((places[arm] - middle) / scatter for arm in arms)
