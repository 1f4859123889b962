"""Declarations that make no sense are refused."""

from __future__ import annotations

from typing import Any, cast

import pytest
import tiny
from all_studies import SCORES, STUDIES

from ablations import plan
from ablations.budgets import SMALL_ALEXNET
from ablations.plan import Request
from ablations.study import Comparison, Study
from alexnet_tf.errors import SpecError
from alexnet_tf.spec import Experiment, nameless, replace
from alexnet_tf.spec import variants as v

tiny.pin_one_thread()


# --- declarations that make no sense ------------------------------------------------------


def test_a_difference_needs_a_size_that_matters():
    common: dict[str, Any] = {
        "name": "x", "baseline": "a", "variant": "b", "claimed": "higher"
    }  # fmt: skip
    with pytest.raises(SpecError, match="`smallest` of 'x' must be above 0"):
        Comparison(**common, smallest=0)
    with pytest.raises(SpecError, match="must be above 1"):
        Comparison(**common, smallest=1.0, scale="ratio")


def test_a_study_compares_arms_that_are_there_and_differ():
    found = SCORES["lrn"]
    values = {name: getattr(found, name) for name in found.__dataclass_fields__}
    with pytest.raises(SpecError, match="no arm 'no_lrn'"):
        Study(**{**values, "arms": {"paper": SMALL_ALEXNET}})
    same = {"paper": SMALL_ALEXNET, "no_lrn": SMALL_ALEXNET}
    with pytest.raises(SpecError, match="compares equal arms"):
        Study(**{**values, "arms": same})


def test_two_arms_that_differ_in_names_alone_are_no_two_tests():
    base = SMALL_ALEXNET
    arms = {"paper": base, **{f"no_{n}": v.without_conv(base, n) for n in ("conv3", "conv4")}}
    assert nameless(arms["no_conv3"]) == nameless(arms["no_conv4"])
    assert nameless(arms["paper"]) != nameless(arms["no_conv3"])
    found = SCORES["layer_removal"]
    values = {name: getattr(found, name) for name in found.__dataclass_fields__}
    compared = tuple(
        Comparison(name=n, baseline="paper", variant=n, claimed="higher", smallest=0.5)
        for n in ("no_conv3", "no_conv4")
    )
    with pytest.raises(SpecError, match="'no_conv3' and 'no_conv4' compare the same net"):
        Study(**{**values, "arms": arms, "comparisons": compared})


def test_settings_that_make_two_arms_equal_are_refused():
    request = Request(budget="quick", settings={"train.weight_decay": 0.0})
    with pytest.raises(SpecError, match="the arms of 'training_error' are the same"):
        plan.check(STUDIES["weight_decay"], request)


def test_pretraining_follows_the_data_set_and_the_precision_asked_for():
    request = Request(dataset="builtin", settings={"train.precision": "float32"})
    runs = plan.reported_runs(STUDIES["pretraining"], request, {})
    (first,) = [run.experiment for run in runs if run.arm == "pretrained"][:1]
    stage = cast(Experiment, first.first_stage)
    assert stage.data.dataset == "builtin" and stage.train.precision == "float32"
    assert stage.data.train_images == first.data.train_images == 2000
    assert stage.model == replace(first.model, classes=40)
