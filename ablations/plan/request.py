"""A request: what a user asks of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from ablations.plan.order import PUBLISHED
from ablations.study.budget import check_seeds
from alexnet_tf.errors import SpecError
from alexnet_tf.values import at_least_one, nearest

#: How far a study goes: to its first look, or on until its verdicts are reached.
Until = Literal["first look", "decided"]

#: What --dataset takes.
DATASETS = ("auto", *PUBLISHED)


@dataclass(frozen=True, kw_only=True)
class Request:
    """A user's wishes for a study: a budget and what to change in it.

    `settings` are spec fields, dotted path to value, set in every run of every arm. Whether a
    study has the budget and the fields is tested by `ablations.plan.check`.

    Attributes:
        budget: name of one of the study's budgets.
        dataset: one of `DATASETS`; "auto" is replaced before anything is computed.
        seeds: one look at seeds 0 to seeds - 1 of every arm, in place of the budget's; not
            together with `until="decided"`.
        epochs: longest training, in place of the budget's; learning-rate changes move in
            proportion. The result carries no verdict.
        until: "decided" adds the budget's further looks until its primary comparisons stop.
        settings: anything but `train.precision` makes the result exploratory.

    Raises:
        SpecError: a value of the wrong type or range, or an unknown data set; the message names
            the option of the command line, or the field.
    """

    budget: str = "quick"
    dataset: str = "cifar10"
    seeds: int | None = None
    epochs: int | None = None
    until: Until = "first look"
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.budget, str):
            raise SpecError(f"--budget must be a name. Received: {self.budget!r}")
        if self.dataset not in DATASETS:
            hint = nearest(str(self.dataset), list(DATASETS))
            raise SpecError(f"--dataset has no {self.dataset!r}.{hint}")
        if self.seeds is not None:
            check_seeds("--seeds", self.seeds)
        if self.epochs is not None:
            at_least_one("--epochs", self.epochs)
        if self.until not in get_args(Until):
            raise SpecError(f"--until takes 'decided'. Received: {self.until!r}")
        if self.until == "decided" and self.seeds is not None:
            raise SpecError("--until decided adds seeds itself. Leave out --seeds.")
        named = isinstance(self.settings, Mapping) and all(
            isinstance(path, str) for path in self.settings
        )
        if not named:
            raise SpecError(f"`settings` must map fields to values. Received: {self.settings!r}")
