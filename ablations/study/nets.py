"""The nets of a study's comparisons: two tests of one claim need two different nets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ablations.study.comparison import Comparison
from alexnet_tf.errors import SpecError
from alexnet_tf.spec import Experiment, nameless


def check_nets(
    study: str, comparisons: Sequence[Comparison], arms: Mapping[str, Experiment]
) -> None:
    """Refuse two primary comparisons of one baseline with nets that differ in names alone.

    They would be counted as two tests of the claim, and differ by noise.

    Args:
        study: its name, for the message.
        comparisons: of the study.
        arms: every arm that they name.
    """
    seen: dict[tuple[Any, ...], Comparison] = {}
    for item in comparisons:
        if item.family != "primary" or item.interaction is not None:
            continue
        sides = (item.baseline_quantity or item.quantity, item.quantity, item.scale)
        key = (item.baseline, nameless(arms[item.variant]), *sides)
        if (other := seen.setdefault(key, item)).variant != item.variant:
            raise SpecError(
                f"study {study}: '{other.name}' and '{item.name}' compare the same net. "
                "Make them one arm."
            )
