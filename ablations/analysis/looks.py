"""The looks at the data of a comparison: fixed by study and budget, before any look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ablations.study import Budget, Comparison, Study


@dataclass(frozen=True, kw_only=True)
class Look:
    """Seeds of each arm of a comparison, and the share of the last look's information.

    Attributes:
        seeds: a look is complete when the runs of seeds 0 to that number - 1 have ended.
        time: information is the inverse of the variance of the effect, for arms of one spread;
            the stopping boundaries depend on these times alone.
    """

    number: int  # of the budget's looks, 0 for the first
    seeds: tuple[int, ...]  # of the arms in the comparison's order
    time: float  # above 0, to 1


def planned(study: Study, entry: Budget, item: Comparison) -> tuple[Look, ...]:
    """Return the looks of a comparison.

    One that decides about the claim has those of its budget; a secondary one is judged once,
    at the first. A look that would add no information is none. The information is that
    of arms of one spread: the inverse of the sum of weight^2 / seeds over the arms.

    Args:
        study: gives the arms, some of which may be the budget's shared net.
        entry: the budget.
        item: a comparison of the study; one of pairs has as much information as pairs.

    Returns:
        Looks in order; the last has the time 1.

    >>> from ablations.study import load
    >>> lrn = load("lrn")
    >>> found = planned(lrn, lrn.budgets["standard"], lrn.comparisons[0])
    >>> [(look.seeds, round(look.time, 2)) for look in found[:2]]
    [((30, 8), 0.41), ((30, 12), 0.55)]
    """
    count = len(entry.looks) if item.family == "primary" else 1
    seeds = [
        tuple(entry.seeds_at(look, study.arms[arm]) for arm in item.arms) for look in range(count)
    ]
    information = [_information(item, each) for each in seeds]
    adding = [
        place
        for place, value in enumerate(information)
        if place == 0 or value > information[place - 1]
    ]
    return tuple(
        Look(number=place, seeds=seeds[place], time=information[place] / information[-1])
        for place in adding
    )


def _information(item: Comparison, seeds: Sequence[int]) -> float:
    if item.paired:
        return float(min(seeds))
    return 1 / sum(weight**2 / count for weight, count in zip(item.weights, seeds, strict=True))
