"""Part of a study: some of its arms, with what is compared and checked of them."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

from ablations.study.declaration import Study
from alexnet_tf.errors import SpecError

Kind = TypeVar("Kind", bound=Study)


def part(study: Kind, arms: tuple[str, ...]) -> Kind:
    """Return the study with these arms alone; its limits name the arms left out.

    Args:
        study: is not changed.
        arms: names of arms, as in `Budget.arms`.

    Raises:
        SpecError: no arm of that name, or nothing is compared of these arms.

    >>> from ablations.study import load
    >>> small = part(load("relu_vs_tanh"), ("relu", "tanh"))
    >>> list(small.arms), [item.name for item in small.comparisons]
    (['relu', 'tanh'], ['paper_era'])
    """
    for arm in arms:
        study.check_arms("budgets", arm)
    compared = tuple(item for item in study.comparisons if set(item.arms) <= set(arms))
    if not compared:
        raise SpecError(
            f"study {study.name}: nothing is compared of a budget's arms: {', '.join(arms)}."
        )
    if set(arms) == set(study.arms):
        return study
    absent = ", ".join(study.labels.get(arm, arm) for arm in study.arms if arm not in arms)
    whole = {name: dataclasses.replace(item, arms=()) for name, item in study.budgets.items()}
    return dataclasses.replace(
        study,
        limits=f"{study.limits} This budget leaves out: {absent}.",
        arms={arm: item for arm, item in study.arms.items() if arm in arms},
        comparisons=compared,
        checks=tuple(check for check in study.checks if check.arm in arms),
        budgets=whole,
    )
