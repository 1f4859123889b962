"""The declaration of a study: its claim, arms, comparisons and budgets."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Self

from ablations.study.budget import Budget, Search
from ablations.study.comparison import Check, Comparison, EpochsToError
from ablations.study.declared import check_kinds, check_labels, check_name, check_names
from ablations.study.ensemble import Ensemble
from ablations.study.nets import check_nets
from ablations.study.paper import paper_text
from ablations.study.quantity import Quantity
from ablations.study.series import Series
from alexnet_tf.errors import SpecError
from alexnet_tf.spec import Experiment, diff
from alexnet_tf.values import nearest


@dataclass(frozen=True, kw_only=True)
class Study:
    """One claim of the paper as an experiment: its arms, and what is compared of them.

    `arms` maps a name to an experiment; `on_imagenet` to the same arm of the paper's own
    net, with budgets of its own, where the study can be run on ImageNet. The first primary
    comparison is the claim. A study that compares `epochs_to_error` says in `outcome` to
    which error; with `search`, the arms' learning rates are the recorded winners of it.

    Attributes:
        name: of the study's file, of its report's folder and on the command line.
        claim_ids: of the project's list of the paper's claims; empty for a user's own study.
        section: of the paper, such as "3.3" or "3 to 5"; the index is sorted by it.
        labels: an arm without one is shown by its name.
        budgets: by name: "quick", "standard" and "full" in the suite.
        shown: is measured and listed, without a test.
        series: are drawn, each a quantity of its arms over their number.
        outcome: needed wherever `epochs_to_error` is compared or a `search` is declared.

    Raises:
        SpecError: arms, comparisons or checks that do not fit each other; says which.

    >>> from ablations.study import load
    >>> ten_views = load("ten_views")
    >>> ten_views.section, list(ten_views.arms), ten_views.paper_value
    ('4.1, footnote 5', ['paper'], '+1.5 points')
    >>> one = ten_views.comparisons[0]
    >>> one.name, one.baseline_quantity, one.quantity
    ('one_view', 'test_error_ten_views', 'test_error')
    """

    name: str
    title: str
    claim: str  # in the paper's sense, one sentence
    claim_ids: tuple[str, ...]
    section: str
    limits: str  # what this study cannot show, whichever its images
    arms: Mapping[str, Experiment]
    labels: Mapping[str, str]  # arm -> the words a reader sees
    budgets: Mapping[str, Budget]
    on_imagenet: Mapping[str, Experiment] = field(default_factory=dict)
    imagenet_budgets: Mapping[str, Budget] = field(default_factory=dict)
    scale_limits: str = ""  # what `arms` cannot show, but `on_imagenet` can
    comparisons: tuple[Comparison, ...] = ()
    ensemble: Ensemble | None = None
    series: tuple[Series, ...] = ()
    # arms whose effects the paper puts in this order, the largest first, against `baseline`
    order: tuple[str, ...] = ()
    baseline: str = "paper"
    shown: tuple[Quantity, ...] = ()  # of every arm, in no comparison
    checks: tuple[Check, ...] = ()  # that the arms had their treatment
    outcome: EpochsToError | None = None
    search: Search | None = None

    def __post_init__(self) -> None:
        self._check_fields()
        if not isinstance(self.section, str) or not self.section.replace(",", " ").split():
            raise SpecError(
                f"study {self.name}: `section` must name one of the paper, e.g. '3.3'. "
                f"Received: {self.section!r}"
            )
        counts = Counter(item.name for item in self.comparisons)
        for name in (name for name, count in counts.items() if count > 1):
            raise SpecError(f"study {self.name}: two comparisons are called '{name}'.")
        for item in self.comparisons:
            for arm in item.arms:
                self.check_arms(item.name, arm)
            # two quantities of one run may be compared with each other
            same_run = item.baseline_quantity not in (None, item.quantity)
            self.check_arms(item.name, *item.arms[2 * same_run :])
        for check in self.checks:
            self.check_arms("checks", check.arm)
        for arm, where in ((arm, item.name) for item in self.series for arm in item.arms):
            self._check_there(where, arm, self.arms)
        check_nets(self.name, self.comparisons, self.arms)
        if len(self.order) == 1:
            raise SpecError(f"`order` of '{self.name}' needs two arms or more.")
        for arm in (self.baseline, *self.order) if self.order else ():
            self.check_arms("order", arm)
        if self.ensemble is not None:
            for arm in self.ensemble.arms:
                self._check_there("ensemble", arm, self.arms)
        for name, nets in (("budgets", self.arms), ("imagenet_budgets", self.on_imagenet)):
            for arm in (arm for budget in getattr(self, name).values() for arm in budget.arms):
                self._check_there(name, arm, nets)
        self._check_outcome()

    def _check_fields(self) -> None:
        """Refuse names that cannot be shown and fields of the wrong type."""
        check_name(self.name)
        fields = ("title", "claim", "limits", "scale_limits", "claim_ids", "labels")
        kinds = {"arms": Experiment, "on_imagenet": Experiment, "comparisons": Comparison}
        kinds["series"] = Series
        kinds |= {"budgets": Budget, "imagenet_budgets": Budget, **dict.fromkeys(fields, str)}
        check_kinds(self.name, {name: (getattr(self, name), kinds[name]) for name in kinds})
        check_names(self.name, "arms", (*self.arms, *self.on_imagenet))
        check_names(self.name, "comparisons", (item.name for item in self.comparisons))
        check_labels(self.name, self.labels)

    def at(self, dataset: str) -> Self:
        """Return the study with the nets, budgets and limits that it has for a data set.

        One type for both scales, so that whatever takes a study takes it at either.

        Args:
            dataset: "imagenet" exchanges arms and budgets; any other name gives the study itself.

        Raises:
            SpecError: it has no nets for ImageNet.
        """
        if dataset != "imagenet":
            return self
        if not self.on_imagenet:
            raise SpecError(f"{self.name} cannot be run on ImageNet: its nets are CIFAR-10's.")
        large = {"arms": self.on_imagenet, "budgets": self.imagenet_budgets}
        return dataclasses.replace(self, **large, scale_limits="")

    def check_arms(self, comparison: str, *arms: str) -> None:
        """Refuse a comparison of arms that are not there or that are equal.

        Args:
            comparison: its name, for the message.
            *arms: baseline, variant, baseline, variant, ...; a last one alone has only to exist.

        Raises:
            SpecError: says which.
        """
        for arm in arms:
            self._check_there(comparison, arm, self.arms)
        for baseline, variant in zip(arms[::2], arms[1::2], strict=False):
            # every arm has the seeds of the budget, whichever its experiment has
            if not set(diff(self.arms[baseline], self.arms[variant])) - {"seed"}:
                raise SpecError(f"study {self.name}: '{comparison}' compares equal arms.")

    def _check_there(self, where: str, arm: str, nets: Mapping[str, Experiment]) -> None:
        if arm not in nets:
            hint = nearest(arm, list(nets))
            raise SpecError(f"study {self.name}: no arm '{arm}' for '{where}'.{hint}")

    def ordered(self, arm: str) -> Comparison:
        """Return the comparison whose size decides the arm's place in the order.

        It is a declared difference of `arm` minus `baseline`, or, where none is declared, one of
        the ten-view test error.
        """
        for item in self.comparisons:
            pair = (item.baseline, item.variant)
            if pair == (self.baseline, arm) and item.scale == "difference":
                return item
        return Comparison(
            name=arm, baseline=self.baseline, variant=arm, claimed="higher", smallest=0.5
        )

    @property
    def used(self) -> list[tuple[str, Quantity]]:
        """Arms with the quantities that the study uses of them, once each, ordered as `arms`."""
        found = [pair for item in self.comparisons for pair in item.used]
        for arm in self.order:
            found.extend(self.ordered(arm).used)
        if self.ensemble is not None:
            found.extend((arm, self.ensemble.quantity) for arm in self.ensemble.arms)
        found.extend((arm, item.quantity) for item in self.series for arm in item.arms)
        arms = list(self.arms)
        found.extend((arm, quantity) for arm in arms for quantity in self.shown)
        return sorted(dict.fromkeys(found), key=lambda pair: arms.index(pair[0]))

    @property
    def measured(self) -> list[tuple[str, Quantity]]:
        """Arms with the quantities that the study's tables and checks use of them.

        Those that are in no record are measured by `ablations.execution.inspection`.
        """
        return [*self.used, *((check.arm, check.quantity) for check in self.checks)]

    @property
    def threshold(self) -> float | None:
        """Training error that `epochs_to_error` counts to, 0 to 1; None without an outcome."""
        return None if self.outcome is None else self.outcome.threshold

    def _check_outcome(self) -> None:
        """Refuse times to an error, and searches for the rate that is soonest there, to none."""
        timed = any(quantity == "epochs_to_error" for _, quantity in self.measured)
        if self.outcome is None and (timed or self.search is not None):
            raise SpecError(
                f"study {self.name}: `outcome` must say to which error epochs are counted, e.g. "
                "EpochsToError(threshold=0.25)."
            )
        grids = None if self.search is None else self.search.grids
        for item in self.comparisons:
            if grids is not None and item.name not in grids:
                raise SpecError(f"study {self.name}: `search` has no grid for '{item.name}'.")

    @property
    def paper_value(self) -> str:
        """The paper's result in a few words, such as "+1.4 points", "over +1 points" or "6 ×".

        An ensemble's gain comes first, then "an order", then the first comparison with a number;
        "no number" where there is none of these.
        """
        given = self.ensemble and (self.ensemble.joined or self.ensemble)
        if given and given.paper is not None:
            return paper_text(given.paper, "points")
        if self.order:
            return "an order"
        first = next((item for item in self.comparisons if item.paper is not None), None)
        if first is None:
            return "no number"
        return paper_text(first.paper, "x" if first.scale == "ratio" else "points", first.paper_is)

    @property
    def compared(self) -> tuple[tuple[str, str, str], ...]:
        """Name, baseline arm and variant arm of each comparison.

        An interaction has two entries of its name, a slope one of each step; one arm compared
        with itself has none.
        """
        found = []
        for item in self.comparisons:
            pairs = [(item.baseline, item.variant), item.interaction or ("", "")]
            if item.slope_over is not None:
                pairs = list(pairwise(item.slope_over.arms))
            found.extend((item.name, *pair) for pair in pairs if pair[0] != pair[1])
        return tuple(found)
