"""Shorter ways to write a study: of how good nets are, and of how soon they get there."""

from __future__ import annotations

from typing import Any

from ablations.study.budget import Search
from ablations.study.comparison import Comparison, EpochsToError
from ablations.study.declaration import Study

#: A comparison, by its name in studies written before there was one kind of them.
Difference = Comparison


def ScoreStudy(*, differences: tuple[Comparison, ...] = (), **fields: Any) -> Study:  # noqa: N802
    """Return a study of how the arms compare when training has ended.

    Args:
        differences: its comparisons, of errors or other quantities at the end of training.
        **fields: those of `Study`.

    Raises:
        SpecError: as `Study`.
    """
    return Study(comparisons=differences, **fields)


def SpeedStudy(*, outcome: EpochsToError, search: Search, **fields: Any) -> Study:  # noqa: N802
    """Return a study of how many epochs the arms need to reach an error.

    Args:
        outcome: the training error that ends the count, and others for a sensitivity table.
        search: how each arm's learning rate was chosen; it needs a grid for every comparison.
        **fields: those of `Study`; its comparisons are of `epochs_to_error`.

    Raises:
        SpecError: as `Study`.
    """
    return Study(outcome=outcome, search=search, **fields)
