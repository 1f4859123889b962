"""Why runs give no verdict, however they turn out: too few, too small, or not real images."""

from __future__ import annotations

from ablations.study import Budget

#: Pairs of seeds below which no verdict is given.
MIN_SEEDS = 5


def objections(
    entry: Budget | None,
    budget: str,
    *,
    synthetic: bool,
    n: int,
    needed: int = MIN_SEEDS,
    counted: str = "pairs of seeds",
) -> list[str]:
    """Return why `n` pairs of this budget and data give no verdict, however they turn out.

    Args:
        entry: the budget of this name; None for one that the study does not have.
        needed: how many of what is `counted` a verdict needs.
    """
    found = []
    if n < needed:
        found.append(f"{n} of the {needed} {counted} that a verdict needs are there")
    if entry is None:
        found.append(f"the study has no budget '{budget}'")
    elif entry.exploratory:
        found.append(f"the budget '{budget}' is exploratory")
    if synthetic:
        found.append("the built-in images cannot decide a claim about CIFAR-10")
    return found
