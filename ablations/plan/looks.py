"""The rule for `--until decided`: seeds can be added only where looks are planned."""

from __future__ import annotations

from collections.abc import Sequence

from ablations.plan.expand import Plan
from alexnet_tf.errors import SpecError


def check_looks(plans: Sequence[Plan]) -> None:
    """Refuse to add seeds until verdicts are reached where no study has a second look.

    One study with a further look is enough: the others then end at their first.

    Raises:
        SpecError: every budget has one look.
    """
    decided = [plan for plan in plans if plan.request.until == "decided"]
    if decided and not any(plan.budget.more for plan in decided):
        raise SpecError(
            f"the budget '{decided[0].request.budget}' has one look: leave out --until decided."
        )
