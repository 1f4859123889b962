"""From a study and a request to its runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ablations.plan.asked import asked_of, budget
from ablations.plan.order import epoch_work, expected_epochs
from ablations.plan.request import Request
from ablations.plan.runs import PlannedRun
from ablations.study import Amount, Budget, Study
from alexnet_tf.errors import SpecError
from alexnet_tf.spec import Experiment, Pretraining, diff, replace


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A request worked out for a study: made once, and handed on to whatever needs its runs."""

    name: str  # as the user names it: a study of the suite or a file
    study: Study
    request: Request  # its data set is a known one, not "auto"
    rates: Mapping[str, float] = field(default_factory=dict)  # arm -> what its search has chosen
    looks: Mapping[str, int] = field(
        default_factory=dict
    )  # arm -> its look; the others': the first

    @cached_property
    def searches(self) -> tuple[PlannedRun, ...]:
        """Runs that choose learning rates; none where the budget does not search."""
        return search_runs(self.study, self.request) if self.budget.search else ()

    @cached_property
    def reported(self) -> tuple[PlannedRun, ...]:
        """Runs that count in the result, those of one seed together."""
        return reported_runs(self.study, self.request, self.rates, self.looks)

    @property
    def runs(self) -> tuple[PlannedRun, ...]:
        """Every run: those that search first."""
        return (*self.searches, *self.reported)

    @cached_property
    def budget(self) -> Budget:
        """Budget of the request."""
        return budget(self.study, self.request)

    @property
    def label(self) -> str:
        """Name of the budget, with what was changed in it by hand: that carries no verdict.

        The precision and the number of seeds are no such change.
        """
        request = self.request
        changes = [f"{path}={value}" for path, value in request.settings.items()]
        changes = [text for text in changes if not text.startswith("train.precision=")]
        if request.epochs is not None:
            changes.append(f"epochs={request.epochs}")
        name = request.budget
        return f"{name}, changed by hand: {', '.join(changes)}" if changes else name

    @cached_property
    def asked(self) -> Study:
        """Study on the request's data set, with the budget as asked for."""
        here = asked_of(self.study, self.request)
        exploratory = self.budget.exploratory or self.label != self.request.budget
        asked = dataclasses.replace(self.budget, exploratory=exploratory)
        return dataclasses.replace(here, budgets={**here.budgets, self.label: asked})

    def with_looks(self, looks: Mapping[str, int]) -> Plan:
        """Return the plan with arms at later looks: arm -> look, 0 for the first."""
        return dataclasses.replace(self, looks=looks)

    @property
    def ceiling(self) -> Plan:
        """The plan with every arm of a comparison that decides at its last look."""
        last = len(self.budget.looks) - 1
        items = (item for item in self.asked.comparisons if item.family == "primary")
        return self.with_looks({arm: last for item in items for arm in item.arms})

    def with_rates(self, rates: Mapping[str, float]) -> Plan:
        """Return the plan after its search: arm -> learning rate, in place of the recorded one."""
        return dataclasses.replace(self, rates=rates)

    def epochs(self, run: PlannedRun) -> float:
        """Return how many epochs a run of the plan will take, as `order.expected_epochs`."""
        return expected_epochs(self.study.at(self.request.dataset), run, self.request.budget)

    def work(self, run: PlannedRun) -> float:
        """Return the operations of a run's forward passes, pretraining too: its time's measure."""
        first = run.experiment.first_stage
        before = 0 if first is None else first.train.epochs * epoch_work(first)
        return before + self.epochs(run) * epoch_work(run.experiment)

    def longest_first(self, runs: Sequence[PlannedRun]) -> list[PlannedRun]:
        """Return the runs in the order to start them, so that no long one trails."""
        return sorted(runs, key=lambda run: -self.work(run))


def check(study: Study, request: Request) -> None:
    """Refuse a request that no study can be made of; "auto" stands for any data set of CIFAR's.

    Raises:
        SpecError: an unknown budget or spec field, a value that is not allowed, or settings
            that make two compared arms equal.
    """
    for path, option in (("seed", "--seeds"), ("data.dataset", "--dataset")):
        if path in request.settings:
            raise SpecError(f"--set cannot change '{path}'. Use {option}.")
    if request.dataset == "auto":
        request = dataclasses.replace(request, dataset="builtin")
    tuned = {"seed"} | ({"train.learning_rate"} if study.search is not None else set())
    for name, *arms in asked_of(study, request).compared:
        baseline, variant = (_base(study, request, arm) for arm in arms)
        if not set(diff(baseline, variant)) - tuned:
            settings = ", ".join(f"{path}={value}" for path, value in request.settings.items())
            raise SpecError(f"with {settings} the arms of '{name}' are the same.")


def search_runs(study: Study, request: Request) -> tuple[PlannedRun, ...]:
    """Return the runs that choose each arm's learning rate, arm by arm in grid order."""
    if study.search is None:
        return ()
    runs = []
    for comparison in asked_of(study, request).comparisons:
        for arm in (comparison.baseline, comparison.variant):
            base = replace(
                _base(study, request, arm),
                {
                    "train.epochs": study.search.epochs,
                    "train.stop_at_error": study.threshold,
                },
            )
            for rate in study.search.grids[comparison.name]:
                for seed in study.search.seeds:
                    experiment = replace(base, {"train.learning_rate": rate}, seed=seed)
                    runs.append(PlannedRun(arm=arm, role="search", experiment=experiment))
    return tuple(runs)


def reported_runs(
    study: Study,
    request: Request,
    rates: Mapping[str, float],
    looks: Mapping[str, int] | None = None,
) -> tuple[PlannedRun, ...]:
    """Return the runs that count, seed by seed so that every arm has some early.

    Args:
        study: declares the arms.
        request: budget and what is changed in it.
        rates: arm -> learning rate; arms that are absent use the recorded one.
        looks: arm -> look, 0 for the first; arms that are absent are at the first.

    >>> from ablations.study import load
    >>> runs = reported_runs(load("lrn"), Request(budget="quick"), {})
    >>> [(run.arm, run.experiment.seed) for run in runs[:3]]
    [('paper', 0), ('no_lrn', 0), ('constant', 0)]
    """
    chosen, arms = budget(study, request), asked_of(study, request).arms
    seeds = {arm: chosen.seeds_at((looks or {}).get(arm, 0), arms[arm]) for arm in arms}
    bases = {arm: _base(study, request, arm) for arm in arms}
    runs = []
    for seed in range(max(seeds.values())):
        for arm in (arm for arm in arms if seed < seeds[arm]):
            experiment = replace(bases[arm], seed=seed)
            if arm in rates:
                experiment = replace(experiment, {"train.learning_rate": rates[arm]})
            runs.append(PlannedRun(arm=arm, role="reported", experiment=experiment))
    return tuple(runs)


def cheapest_first(
    todo: Sequence[tuple[Plan, Sequence[PlannedRun]]],
) -> list[tuple[Plan, list[PlannedRun]]]:
    """Return the plans by the cost of their runs, each run where it stands first.

    A run that two plans share is computed with the cheaper one.
    """
    seen: set[str] = set()
    ordered = []
    for plan, runs in sorted(todo, key=lambda item: sum(item[0].work(run) for run in item[1])):
        fresh = {run.experiment.run_id: run for run in runs if run.experiment.run_id not in seen}
        seen |= set(fresh)
        ordered.append((plan, plan.longest_first(list(fresh.values()))))
    return ordered


def _base(study: Study, request: Request, arm: str) -> Experiment:
    """Return the arm's experiment with budget, data set and settings, before rate and seed."""
    chosen = budget(study, request)
    base = study.at(request.dataset).arms[arm]
    amount = chosen.amounts.get(arm, Amount())
    changes: dict[str, Any] = {
        "data.dataset": request.dataset,
        "data.train_images": _times(chosen.train_images, amount.train_images),
        "data.test_images": chosen.test_images,
        **_lasting(base, _times(chosen.epochs, amount.epochs)),
        **chosen.settings,
        **request.settings,
    }
    if base.pretraining is not None:
        changes["pretraining.data.dataset"] = request.dataset
        if "train.precision" in changes:
            changes["pretraining.train.precision"] = changes["train.precision"]
        if chosen.exploratory:
            changes["pretraining.data.train_images"] = chosen.train_images
            shorter = _lasting(base.pretraining, chosen.epochs)
            changes |= {f"pretraining.{path}": value for path, value in shorter.items()}
    return replace(base, changes)


def _times(count: int | None, factor: float) -> int | None:
    """Return the multiple of a number of epochs or images, at least 1; of all, all."""
    return None if count is None else max(1, round(count * factor))


def _lasting(stage: Experiment | Pretraining, epochs: int | None) -> dict[str, Any]:
    """Return the fields of a training of `epochs`: whatever ends or changes, at its share."""
    if epochs is None:
        return {}

    def share(epoch: int) -> int:
        return max(1, round(epoch * epochs / stage.train.epochs))

    changes = tuple(replace(item, epoch=share(item.epoch)) for item in stage.train.changes)
    fields: dict[str, Any] = {"train.epochs": epochs, "train.changes": changes}
    jitter = stage.data.augment.jitter
    if jitter is not None and jitter.epochs is not None:
        fields["data.augment.jitter.epochs"] = share(jitter.epochs)
    return fields
