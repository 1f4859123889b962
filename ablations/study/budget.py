"""How much a study computes, and how learning rates are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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
class Budget:
    """How much a study computes. Reported seeds are 0, 1, ..., seeds - 1."""

    seeds: int
    epochs: int | None  # the longest training, schedules in proportion; None: the arms' own
    train_images: int | None = None
    test_images: int | None = None  # of them, the same for every run; None: all
    settings: Mapping[str, Any] = field(default_factory=dict)  # further spec fields, dotted
    # arm -> epochs until it stops, as measured; only used to foretell the time
    expected_epochs: Mapping[str, float] = field(default_factory=dict)
    search: bool = False
    exploratory: bool = False  # too small for a verdict, and says so
