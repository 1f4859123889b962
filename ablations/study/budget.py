"""How much a study computes, when it is looked at, and how learning rates are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from alexnet_tf.errors import SpecError
from alexnet_tf.spec import Experiment


@dataclass(frozen=True, kw_only=True)
class Search:
    """How an arm's learning rate is chosen: every rate of its grid, on tuning seeds.

    The rate whose tuning runs reach the threshold first wins; where none reaches it
    within `epochs`, the lowest final training error wins.
    """

    grids: Mapping[str, tuple[float, ...]]  # comparison name -> rates, the same for its arms
    seeds: tuple[int, ...]  # never among the reported seeds
    epochs: int


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A net that many studies hold their arms against: trained once, from more seeds."""

    experiment: Experiment
    seeds: int


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How much a study computes. Reported seeds are 0, 1, ..., seeds - 1.

    With `more`, seeds may be added in looks (`--until decided`): a verdict then holds whichever
    look was the last. They are fixed here, before the first run.

    Raises:
        SpecError: looks that do not rise.

    >>> Budget(seeds=8, more=(12, 16), epochs=None).looks
    (8, 12, 16)
    """

    seeds: int
    epochs: int | None  # the longest training, schedules in proportion; None: the arms' own
    more: tuple[int, ...] = ()  # seeds of an arm at each further look
    shared: Shared | None = None  # has its own number of seeds from the first look on
    train_images: int | None = None
    test_images: int | None = None  # of them, the same for every run; None: all
    settings: Mapping[str, Any] = field(default_factory=dict)  # further spec fields, dotted
    # arm -> epochs until it stops, as measured; only used to foretell the time
    expected_epochs: Mapping[str, float] = field(default_factory=dict)
    search: bool = False
    exploratory: bool = False  # too small for a verdict, and says so

    def __post_init__(self) -> None:
        if list(self.looks) != sorted(set(self.looks)):
            raise SpecError(f"the looks of a budget must rise. Received: {self.looks}")

    @property
    def looks(self) -> tuple[int, ...]:
        """Seeds of an arm at every look."""
        return (self.seeds, *self.more)

    def seeds_at(self, look: int, arm: Experiment) -> int:
        """Return how many seeds an arm has at a look, 0 for the first."""
        if self.shared is not None and arm == self.shared.experiment:
            return self.shared.seeds
        return self.looks[look]
