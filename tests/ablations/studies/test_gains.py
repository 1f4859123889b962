"""Variants keep the gain of every layer they keep, or change gains as they say."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest
import tiny

from alexnet_tf.model import build_alexnet
from alexnet_tf.spec import (
    CIFAR_ALEXNET,
    CIFAR_ALEXNET_2012,
    PAPER,
    Experiment,
    diff,
)
from alexnet_tf.spec import variants as v

tiny.pin_one_thread()


def test_variants_change_what_they_say_and_nothing_else():
    def changed(variant: Experiment) -> set[str]:
        return {path.rpartition(".")[2] for path in diff(PAPER, variant)}

    assert changed(v.without_dropout(PAPER)) == {"dropout"}
    assert changed(v.zero_biases(PAPER)) == {"init_bias"}
    assert changed(v.non_overlapping(PAPER)) == {"size", "padding"}
    assert changed(v.scaled_init(PAPER, 2)) == {"init_std", "output_init_std"}
    assert changed(v.full_communication(PAPER)) == {"groups"}
    assert {path.split(".")[3] for path in diff(PAPER, v.without_lrn(PAPER))} == {"norm"}


GAINS_KEPT = {
    "without_lrn": v.without_lrn,
    "non_overlapping": v.non_overlapping,
    "without_dropout": v.without_dropout,
    "halved_dropout": v.halved_dropout,
    "constant_rate": v.constant_rate,
    "constant_norms": v.constant_norms,
    "other_norms": lambda base: v.with_norms(base, {"k": 1.0, "size": 3, "beta": 1.0}),
    "zero_biases": v.zero_biases,
    "unit_biases": v.unit_biases,
    "untrained": v.untrained,
    "one_gpu": v.one_gpu,
    "six_conv": v.six_conv,
    "no_communication": v.no_communication,
    "full_communication": v.full_communication,
    "norms_2012": v.norms_2012,
    "inputs_2012": v.inputs_2012,
    "schedule_2012": v.schedule_2012,
    "divisions_2012": v.divisions_2012,
    "scaled_width": lambda base: v.scaled_width(base, 0.5),
    "without_conv2": lambda base: v.without_conv(base, "conv2"),
    "without_conv3": lambda base: v.without_conv(base, "conv3"),
    "without_conv5": lambda base: v.without_conv(base, "conv5"),
    "without_fc6": lambda base: v.without_dense(base, "fc6"),
    "three_reductions": lambda base: v.reductions(base, 3),
}


@pytest.mark.parametrize("base", [CIFAR_ALEXNET, CIFAR_ALEXNET_2012], ids=["fitted", "2012"])
@pytest.mark.parametrize("name", GAINS_KEPT)
def test_a_variant_keeps_the_gain_of_every_layer_it_keeps(base, name):
    """Measured on the weights that the built net begins with, not on the spec."""
    model: Any = build_alexnet(GAINS_KEPT[name](base))
    expected = base.model.init_gains() | {"conv6": base.model.init_gains()["conv5"]}
    for layer in model.layers:
        if layer.weights:
            kernel = np.asarray(layer.kernel)
            gain = kernel.std() * np.sqrt(np.prod(kernel.shape[:-1]))
            # the standard error of a standard deviation of so many draws
            assert gain == pytest.approx(expected[layer.name], rel=5 / np.sqrt(2 * kernel.size))
    keras.utils.clear_session()


def test_every_variant_is_among_those_whose_gains_are_tested_or_changes_gains():
    changing = {"scaled_init", "init_2012", "code2012", "with_gains", "he_gains", "tanh"}
    others = {"without_conv", "without_dense", "reductions", "jitter_2012", "replace"}
    found = {
        name
        for name, made in vars(v).items()
        if inspect.isfunction(made) and not name.startswith("_") and made.__module__ == v.__name__
    }
    assert found - changing - others == set(GAINS_KEPT) & found


def test_2012_and_tanh_change_gains_as_they_say():
    base = CIFAR_ALEXNET.model.init_gains()
    assert v.scaled_init(CIFAR_ALEXNET, 2).model.init_gains() == pytest.approx(
        {name: 2 * gain for name, gain in base.items()}
    )
    code = v.init_2012(CIFAR_ALEXNET).model.init_gains()
    assert [round(code[name] / base[name]) for name in base] == [1, 1, 3, 3, 3, 1, 1, 1]
    tanh = v.tanh(CIFAR_ALEXNET, 0.01)
    assert list(tanh.model.init_gains().values()) == pytest.approx([1] * 8)
    assert [change.learning_rate for change in tanh.train.changes] == pytest.approx([1e-3, 1e-4])
    he = v.he_gains(CIFAR_ALEXNET_2012).model.init_gains()
    assert he == pytest.approx(base)
    assert v.unit_biases(PAPER) == PAPER
    paper = v.with_gains(CIFAR_ALEXNET, PAPER.model.init_gains()).model.init_gains()
    assert paper == pytest.approx(CIFAR_ALEXNET_2012.model.init_gains())
