"""Part of a study: some of its arms, with what is compared and checked of them."""

from __future__ import annotations

import dataclasses

from ablations.study.declaration import Study
from alexnet_tf.errors import SpecError


def part(study: Study, arms: tuple[str, ...]) -> Study:
    """Return the study with these arms alone; its limits name the arms left out.

    An order and an ensemble that need an arm left out are left out with it.

    Args:
        study: is not changed.
        arms: names of arms, as in `Budget.arms`; all of them are the study itself.

    Raises:
        SpecError: no arm of that name, or nothing is compared of these arms.

    >>> from ablations.study import load
    >>> small = part(load("relu_vs_tanh"), ("relu", "tanh"))
    >>> list(small.arms), [item.name for item in small.comparisons]
    (['relu', 'tanh'], ['paper_era'])
    """
    for arm in arms:
        study.check_arms("budgets", arm)
    if set(arms) == set(study.arms):
        return study
    compared = tuple(item for item in study.comparisons if set(item.arms) <= set(arms))
    order = study.order if {study.baseline, *study.order} <= set(arms) else ()
    averaged = study.ensemble is not None and set(study.ensemble.arms) <= set(arms)
    ensemble = study.ensemble if averaged else None
    if not (compared or order or ensemble):
        raise SpecError(
            f"study {study.name}: nothing is compared of a budget's arms: {', '.join(arms)}."
        )
    whole = {name: dataclasses.replace(item, arms=()) for name, item in study.budgets.items()}
    return dataclasses.replace(
        study,
        limits=f"{study.limits} This budget leaves out: {_left_out(study, arms)}.",
        arms={arm: item for arm, item in study.arms.items() if arm in arms},
        comparisons=compared,
        order=order,
        ensemble=ensemble,
        checks=tuple(check for check in study.checks if check.arm in arms),
        budgets=whole,
    )


def _left_out(study: Study, arms: tuple[str, ...]) -> str:
    """Name the other arms; labels with commas in them are quoted, so that none looks like two."""
    labels = [study.labels.get(arm, arm) for arm in study.arms if arm not in arms]
    if any("," in label for label in labels):
        return "; ".join(f"“{label}”" for label in labels)
    return ", ".join(labels)
