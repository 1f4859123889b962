"""The runs that a request means, and requests that mean none."""

from __future__ import annotations

import dataclasses

import pytest
from made_up import difference, study
from quick_run import QUICK

from ablations import plan
from ablations.plan import Request
from ablations.studies.relu_vs_tanh import STUDY
from ablations.study import Budget
from alexnet_tf.errors import SpecError

# --- the plan ------------------------------------------------------------------------------


def test_a_plan_has_every_arm_with_every_seed_and_no_run_twice():
    runs = plan.reported_runs(STUDY, Request(budget="standard", seeds=3), {})
    assert [(r.experiment.seed, r.arm) for r in runs] == [
        (seed, arm) for seed in range(3) for arm in STUDY.arms
    ]
    assert len({r.experiment.run_id for r in runs}) == len(runs)
    assert all(r.experiment.train.epochs == 60 for r in runs)


def test_a_budget_may_train_some_arms_and_then_compares_no_others():
    quick = plan.Plan(name="relu_vs_tanh", study=STUDY, request=QUICK)
    assert [(r.arm, r.experiment.seed) for r in quick.reported] == [
        ("relu", 0), ("tanh", 0), ("relu", 1), ("tanh", 1)
    ]  # fmt: skip
    assert {run.arm for run in plan.search_runs(STUDY, QUICK)} == {"relu", "tanh"}
    asked = quick.asked
    assert list(asked.arms) == ["relu", "tanh"]
    assert [item.name for item in asked.comparisons] == ["paper_era"]
    assert asked.limits.endswith(
        " leaves out: “ReLU, modern initialisation”; “tanh, modern initialisation”."
    )
    every = plan.Plan(name="relu_vs_tanh", study=STUDY, request=Request(budget="standard"))
    assert list(every.asked.arms) == list(STUDY.arms)


@pytest.mark.parametrize(
    ("arms", "words"),
    [(("relu", "tan"), "no arm 'tan'"), (("relu", "tanh_modern"), "nothing is compared")],
)
def test_a_budget_of_arms_that_are_not_compared_is_refused(arms, words):
    with pytest.raises(SpecError, match=words):
        budgets = {"quick": Budget(seeds=2, epochs=1, arms=arms)}
        chosen = dataclasses.replace(STUDY, budgets=budgets)
        plan.check(chosen, Request(budget="quick"))


def test_a_comparison_that_is_left_out_asks_for_no_further_look():
    budget = Budget(seeds=2, more=(4,), epochs=None, arms=("paper", "b"))
    given = study(
        difference(family="secondary"),
        difference(name="d", variant="d"),
        budgets={"standard": budget},
    )
    made = plan.Plan(name="made_up", study=given, request=Request(budget="standard"))
    assert made.ceiling.reported == made.reported


def test_search_seeds_are_never_reported():
    for name in STUDY.budgets:
        request = Request(budget=name)
        reported = {r.experiment.seed for r in plan.reported_runs(STUDY, request, {})}
        assert not reported & {r.experiment.seed for r in plan.search_runs(STUDY, request)}


def test_arms_of_a_comparison_search_the_same_grid():
    rates: dict[str, list[float]] = {}
    for found in plan.search_runs(STUDY, Request(budget="standard")):
        rates.setdefault(found.arm, []).append(found.experiment.train.learning_rate)
    for comparison in STUDY.comparisons:
        assert rates[comparison.baseline] == rates[comparison.variant]


def test_a_chosen_rate_replaces_the_recorded_one_in_its_arm_alone():
    changed = plan.reported_runs(STUDY, QUICK, {"tanh": 0.5})
    for before, after in zip(plan.reported_runs(STUDY, QUICK, {}), changed, strict=True):
        rate = after.experiment.train.learning_rate
        assert rate == (0.5 if after.arm == "tanh" else before.experiment.train.learning_rate)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"budget": "quik"}, "'quick'"),
        ({"budget": 5}, "--budget"),
        ({"dataset": "imagnet"}, "Did you mean 'imagenet'"),
        ({"dataset": None}, "--dataset"),
        ({"seeds": 0}, "--seeds must be a whole number, at least 1. Received: 0"),
        ({"seeds": "x"}, "--seeds"),
        ({"seeds": True}, "--seeds"),
        ({"epochs": -1}, "--epochs"),
        ({"epochs": 1.5}, "--epochs"),
        ({"settings": 5}, "`settings`"),
        ({"settings": {3: 5}}, "`settings`"),
        ({"settings": {"train.bach_size": 3}}, "'batch_size'"),
        ({"settings": {"seed": 3}}, "--seeds"),
        ({"settings": {"data.dataset": "builtin"}}, "--dataset"),
        ({"settings": {"model.activation": "tanh"}}, "the same"),
    ],
)
def test_a_request_that_makes_no_study_is_refused_in_one_line(fields, words):
    with pytest.raises(SpecError) as error:
        plan.check(STUDY, Request(**fields))
    assert words in str(error.value) and "\n" not in str(error.value)
