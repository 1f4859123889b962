"""The amount a study computes, its looks, and the choice of learning rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from alexnet_tf.errors import SpecError
from alexnet_tf.spec import Experiment
from alexnet_tf.values import at_least_one, check_types, require

_MOST_SEEDS = 10_000  # of an arm; more is a slip, and takes a plan minutes to list


def check_seeds(what: str, value: int) -> None:
    """Refuse a number of seeds that is not whole, below 1 or above 10,000.

    Args:
        what: has it: a field, or an option of the command line.
        value: the number.
    """
    if at_least_one(what, value) > _MOST_SEEDS:
        raise SpecError(f"{what} must be at most {_MOST_SEEDS:,}. Received: {value:,}")


@dataclass(frozen=True, kw_only=True)
class Search:
    """The choice of an arm's learning rate: every rate of its grid, on tuning seeds.

    The rate whose tuning runs reach the threshold in the fewest mean epochs wins; where no rate
    has all its runs reach it within `epochs`, the lowest mean final training error wins. A rate
    with a diverged run comes last, and the smaller of two equal rates wins
    (`ablations.analysis.learning_rates`).

    Attributes:
        grids: name of every comparison -> learning rates, tried in this order for its baseline
            and its variant alike.
        seeds: of the tuning runs; a reported run never has one of them.
        epochs: length of a tuning run, which ends earlier at the study's threshold.
    """

    grids: Mapping[str, tuple[float, ...]]  # comparison name -> rates, the same for its arms
    seeds: tuple[int, ...]  # never among the reported seeds
    epochs: int

    def __post_init__(self) -> None:
        at_least_one("`Search.epochs`", self.epochs)
        if not self.seeds or any(type(seed) is not int or seed < 0 for seed in self.seeds):
            raise SpecError(f"`Search.seeds` must be numbers of 0 or more. Received: {self.seeds}")
        for name, grid in self.grids.items():
            if not grid or not all(isinstance(rate, int | float) and rate > 0 for rate in grid):
                raise SpecError(f"the grid of '{name}' must be rates above 0. Received: {grid}")


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A net that many studies hold their arms against: trained once, from more seeds.

    Its many seeds narrow the interval of every comparison with it. The effects of those
    comparisons are then correlated, because its mean is in all of them (Dunnett 1955; see
    `ablations.analysis.simultaneous`).

    Attributes:
        experiment: its spec; an arm of a study that equals it has this number of seeds.
        seeds: of the net in every study and at every look.
    """

    experiment: Experiment
    seeds: int

    def __post_init__(self) -> None:
        check_seeds("`Shared.seeds`", self.seeds)


@dataclass(frozen=True, kw_only=True)
class Amount:
    """How much an arm is trained, as multiples of what its budget gives every arm.

    Of an arm whose treatment is more or less training. Its experiment has the same multiples of the
    unchanged net's, for a budget that leaves them to the arms.

    Raises:
        SpecError: a multiple that is not above 0.
    """

    epochs: float = 1.0
    train_images: float = 1.0

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("epochs", "train_images"):
            require(self, getattr(self, name) > 0, name, "greater than 0")


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The amount a study computes. Reported seeds are 0, 1, ..., seeds - 1.

    With `more`, seeds may be added in looks (`--until decided`): a verdict then holds whichever
    look was the last. They are fixed here, before any look.

    Attributes:
        seeds: reported seeds of every arm at the first look.
        epochs: the epochs of learning-rate changes and of jitter shrink in the same proportion.
        more: rising, and above `seeds`.
        train_images: training images of a run, validation images not included; None: all.
        settings: dotted path of the spec -> value, set in every arm, for example
            `{"train.precision": "mixed_bfloat16"}`. A request's own settings come after them.
        search: runs the study's `Search` first; otherwise the arms' recorded rates are used.
        exploratory: a comparison of such a budget is never given a verdict.

    Raises:
        SpecError: looks that do not rise; a number that is not whole, below 1 or, of seeds, above
            10,000.

    >>> Budget(seeds=8, more=(12, 16), epochs=None).looks
    (8, 12, 16)
    """

    seeds: int
    epochs: int | None  # the longest training, schedules in proportion; None: the arms' own
    more: tuple[int, ...] = ()  # seeds of an arm at each further look
    arms: tuple[str, ...] = ()  # what it trains, with their comparisons; none named: all arms
    shared: Shared | None = None  # has its own number of seeds from the first look on
    amounts: Mapping[str, Amount] = field(default_factory=dict)  # arm -> multiples, where not 1
    train_images: int | None = None
    test_images: int | None = None  # of them, the same for every run; None: all
    settings: Mapping[str, Any] = field(default_factory=dict)  # further spec fields, dotted
    # arm -> epochs until it stops, as measured; only used to foretell the time
    expected_epochs: Mapping[str, float] = field(default_factory=dict)
    search: bool = False
    exploratory: bool = False  # too small for a verdict, and says so

    def __post_init__(self) -> None:
        for count in self.looks:
            check_seeds("the seeds of a budget", count)
        for name in ("epochs", "train_images", "test_images"):
            if getattr(self, name) is not None:
                at_least_one(f"`Budget.{name}`", getattr(self, name))
        if not isinstance(self.arms, tuple):
            raise SpecError(f"`Budget.arms` must be a tuple of names. Received: {self.arms!r}")
        if list(self.looks) != sorted(set(self.looks)):
            raise SpecError(f"the looks of a budget must rise. Received: {self.looks}")

    @property
    def looks(self) -> tuple[int, ...]:
        """Seeds of an arm at every look, rising; one entry where nothing is added."""
        return (self.seeds, *self.more)

    def seeds_at(self, look: int, arm: Experiment) -> int:
        """Return how many seeds an arm has at a look.

        Args:
            look: index into `looks`, 0 for the first; a shared net has its own number at each.
            arm: compared with the shared net as a whole spec, whatever its name in the study.

        >>> from alexnet_tf.spec import CIFAR_ALEXNET, ONE_GPU
        >>> base = Shared(experiment=CIFAR_ALEXNET, seeds=30)
        >>> budget = Budget(seeds=8, more=(12,), epochs=None, shared=base)
        >>> budget.seeds_at(1, CIFAR_ALEXNET), budget.seeds_at(1, ONE_GPU)
        (30, 12)
        """
        if self.shared is not None and arm == self.shared.experiment:
            return self.shared.seeds
        return self.looks[look]
