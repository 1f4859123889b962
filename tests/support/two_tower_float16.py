"""Checks of the child in float16: what crosses, the same net as on one device, overflow."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from two_tower_checks import (
    TWO,
    check,
    devices,
    fit,
    loss,
    momenta,
    patched,
    raised,
    report,
    single,
    towers,
    weights,
    whole,
    worst,
)
from two_tower_specs import MINI, PAPER_LIKE

from alexnet_tf import two_tower
from alexnet_tf.loss_scaling import LossScaledSGD
from alexnet_tf.model import build_alexnet
from alexnet_tf.optimizers import PaperSGD
from alexnet_tf.two_tower import TwoTowerStrategy

HALF: dict[str, Any] = {"precision": "mixed_float16"}


def scaled(**kwargs: Any) -> LossScaledSGD:
    return LossScaledSGD(0.05, weight_decay=0.01, bias_rate=2.0, initial_scale=1024.0, **kwargs)


def state(model: Any) -> list[float]:
    """Scale, updates since it changed, updates left out."""
    optimizer = model.optimizer
    counters = (optimizer.loss_scale, optimizer.since_change, optimizer.skipped)
    return [float(np.array(variable)) for variable in counters]


@check
def float16_crossings():
    model = towers(PAPER_LIKE, optimizer=scaled, **HALF)
    found: dict[str, Any] = {"one pair": report(model)}
    found["places"] = devices(model.variables + model.optimizer.variables)
    model = towers(pairs=TWO, optimizer=scaled, **HALF)
    found["two pairs"] = report(model)
    found["places of two pairs"] = devices(model.variables + model.optimizer.variables)
    return found


@check
def float16_trains_alike():
    def growing() -> LossScaledSGD:
        return scaled(growth_steps=4)

    one: Any = build_alexnet(MINI, seed=3, precision="mixed_float16")
    one.compile(growing(), loss(), jit_compile=False, auto_scale_loss=False)
    made = {"single": one}
    for name, pairs in {"one pair": None, "two pairs": TWO}.items():
        made[name] = towers(pairs=pairs, optimizer=growing, **HALF)
    found: dict[str, Any] = {
        name: {"losses": fit(model, MINI, 6), "state": state(model)} for name, model in made.items()
    }
    found["apart"] = worst(weights(one), whole(made["one pair"], MINI), weights(one))
    full = single(MINI, PaperSGD(0.05, weight_decay=0.01, bias_rate=2.0))
    found["float32"] = {"losses": fit(full, MINI, 6)}
    return found


@tf.custom_gradient
def spoiled(maps: Any) -> Any:
    """ReLU whose gradient is too large for any type."""
    return tf.nn.relu(maps), lambda upstream: upstream * np.inf


@check
def float16_overflows():
    """An update in which the gradients of tower 1's first layer alone are not finite."""
    found: dict[str, Any] = {}
    for name, pairs in {"one pair": None, "two pairs": TWO}.items():
        model = towers(pairs=pairs, optimizer=scaled, **HALF)
        fit(model, MINI, 2)
        before, kept = weights(model), momenta(model)
        with patched(model.get_layer("conv1b").layer, activation=spoiled):
            model.make_train_function(force=True)
            lost = fit(model, MINI, 1)
        after, moved = weights(model), momenta(model)
        found[name] = {
            "losses": lost,
            "state": state(model),
            "weights": all(np.array_equal(before[k], after[k]) for k in before),
            "momenta": all(np.array_equal(kept[k], moved[k]) for k in kept),
        }
        model.make_train_function(force=True)
        found[name]["losses"] += fit(model, MINI, 1)
        found[name]["state after"] = state(model)
        found[name]["moved"] = worst(weights(model), after, after)
    return found


@check
def float16_refused():
    with TwoTowerStrategy([("CPU:0", "CPU:1")]).scope():
        model: Any = two_tower.build_two_tower(MINI, precision="mixed_float16")
        plain = PaperSGD()
    return {"plain": raised(lambda: model.compile(plain, loss()))}
