"""The reasons for no verdict, however the runs turn out: too few, too small, or not real images."""

from __future__ import annotations

from ablations.study import Budget

#: Seeds of an arm, or pairs of them, below which no verdict is given.
MIN_SEEDS = 8


def objections(
    entry: Budget | None,
    budget: str,
    *,
    synthetic: bool,
    n: int,
    needed: int | None = None,
    counted: str = "seeds",
) -> list[str]:
    """Return why `n` seeds of this budget and data give no verdict, however they turn out.

    Args:
        entry: the budget of this name; None for one that the study does not have.
        budget: its name, for the message.
        synthetic: whether the images are the built-in ones.
        n: seeds of the smaller arm, pairs of seeds, or nets.
        needed: how many of what is `counted` a verdict needs; None: MIN_SEEDS.
        counted: the word for them in the message.

    Returns:
        Phrases without a full stop; empty: nothing stands against a verdict.
    """
    found = []
    needed = MIN_SEEDS if needed is None else needed
    if n < needed:
        found.append(f"{n} of the {needed} {counted} needed for a verdict are done")
    if entry is None:
        found.append(f"the study has no budget '{budget}'")
    elif entry.exploratory:
        found.append(f"the budget '{budget}' is exploratory")
    if synthetic:
        found.append("the built-in images cannot decide a claim about CIFAR-10")
    return found
