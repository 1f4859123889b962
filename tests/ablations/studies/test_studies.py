"""Every study: what it claims, which runs it asks for, and that each of its nets trains."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tiny
from all_studies import SCORES, STUDIES

from ablations import plan
from ablations.budgets import SMALL_ALEXNET
from ablations.plan import Request
from alexnet_tf.errors import SpecError
from alexnet_tf.model import build_alexnet
from alexnet_tf.optimizers import PaperSGD
from alexnet_tf.spec import (
    PAPER,
    Experiment,
    ModelSpec,
    diff,
)

tiny.pin_one_thread()


#: Study -> a claim of the paper that it must test.
CLAIMS = {
    "relu_vs_tanh": "C20",
    "one_vs_two_gpus": "C21",
    "lrn": "C24",
    "lrn_cifar": "C25",
    "lrn_constants": "C19",
    "overlapping_pooling": "C27",
    "layer_removal": "C30",
    "bigger_and_longer": "C45",
    "crop_flip": "C32",
    "pca_jitter": "C33",
    "ten_views": "C35",
    "validation_against_test": "C07",
    "dropout": "C36",
    "weight_decay": "C41",
    "bias_one": "C42",
    "init_std": "C42",
    "learning_rate_schedule": "C43",
    "ensemble": "C04",
    "pretraining": "C05",
    "seven_nets": "C06",
    "tower_communication": "C16",
    "tower_specialisation": "C51",
    "feature_neighbours": "C53",
    "paper_vs_code2012": "C43",
    "importance_order": "C29",
    "recipe_2012": "C42",
}


#: Every different net that a study trains on CIFAR-10 -> where it is declared first.
NETS: dict[ModelSpec, tuple[str, Experiment]] = {}


for _name, _study in STUDIES.items():
    for _arm, _experiment in _study.arms.items():
        NETS.setdefault(_experiment.model, (f"{_name}-{_arm}", _experiment))


ARMS = dict(NETS.values())


def planned(name: str, budget: str = "standard", dataset: str = "cifar10") -> set[str]:
    request = Request(budget=budget, dataset=dataset)
    plan.check(STUDIES[name], request)
    runs = plan.reported_runs(STUDIES[name], request, {})
    return {run.experiment.run_id for run in runs}


def test_every_claim_that_a_program_can_test_has_its_study():
    assert set(STUDIES) == set(CLAIMS)
    for name, claim in CLAIMS.items():
        found = STUDIES[name]
        assert found.name == name and claim in found.claim_ids
        assert found.claim.endswith(".") and found.paper_value
        assert found.limits or found.scale_limits
        assert set(found.labels) == set(found.arms)


@pytest.mark.parametrize("dataset", ["cifar10", "builtin", "imagenet"])
@pytest.mark.parametrize("name", STUDIES)
def test_every_budget_plans_as_many_runs_as_arms_and_seeds(name, dataset):
    found = STUDIES[name]
    if dataset == "imagenet" and not found.on_imagenet:
        with pytest.raises(SpecError, match="cannot be run on ImageNet"):
            planned(name, "quick", dataset)
        return
    for budget in ("quick", "standard", "full"):
        chosen = plan.budget(found, Request(budget=budget, dataset=dataset))
        here = found.at(dataset).arms
        arms = [here[arm] for arm in chosen.arms or here]
        # `epochs` of quick cut the net that is trained longer to the length of the others
        same = chosen.seeds if name == "pretraining" and budget == "quick" else 0
        seeds = sum(chosen.seeds_at(0, arm) for arm in arms)
        assert len(planned(name, budget, dataset)) == seeds - same


def test_studies_of_the_same_net_share_their_runs():
    base = planned("ensemble")
    assert len(base) == 30
    for name, found in SCORES.items():
        if found.arms.get("paper") == SMALL_ALEXNET:
            assert base <= planned(name), name
    together = set().union(*(planned(name) for name in STUDIES))
    assert len(together) < sum(len(planned(name)) for name in STUDIES) - 60


@pytest.mark.parametrize("name", [name for name, item in SCORES.items() if item.on_imagenet])
def test_an_arm_changes_the_paper_s_net_as_it_changes_the_small_one(name):
    found = SCORES[name]
    assert set(found.on_imagenet) == set(found.arms)
    assert found.on_imagenet["paper"].model == PAPER.model
    for item in found.comparisons:
        for baseline, variant in ((item.baseline, item.variant),):
            small = diff(found.arms[baseline], found.arms[variant])
            large = diff(found.on_imagenet[baseline], found.on_imagenet[variant])
            # schedules differ in length, and standard deviations follow the fan-in
            parts = {path.split(".")[0] for path in small}
            if variant == "tanh":  # its own rate was searched on the small net alone
                parts -= {"train"}
            assert parts == {path.split(".")[0] for path in large}


@pytest.mark.parametrize("experiment", ARMS.values(), ids=ARMS)
def test_the_net_of_every_arm_takes_a_step(experiment):
    model: Any = build_alexnet(experiment)
    assert model.count_params() == experiment.model.parameters()
    train = experiment.train
    model.compile(
        optimizer=PaperSGD(train.learning_rate, train.momentum, train.weight_decay),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        run_eagerly=True,  # tracing takes longer than the step
    )
    rng, size = np.random.default_rng(0), experiment.model.input_size
    images = rng.normal(0, 60, (8, size, size, 3)).astype(np.float32)
    before = [np.array(weight) for weight in model.trainable_variables]
    loss = model.train_on_batch(images, np.arange(8) % experiment.model.classes)
    assert np.isfinite(loss)
    for old, new in zip(before, model.trainable_variables, strict=True):
        assert np.isfinite(np.asarray(new)).all(), new.path
        # beside a bias of 1 the smallest gradients are lost to rounding
        assert "bias" in new.path or not np.array_equal(old, new), new.path
    keras.utils.clear_session()
