"""Checks of the child: what crosses, planted faults, refusals and the command."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from two_tower_checks import (
    HOST,
    ONE,
    check,
    fit,
    loss,
    patched,
    raised,
    report,
    sgd,
    towers,
)
from two_tower_specs import CODE_LIKE, MINI, NO_COMMUNICATION_LIKE, PAPER_LIKE

from alexnet_tf import two_tower
from alexnet_tf.spec import replace
from alexnet_tf.two_tower import TwoTowerModel, TwoTowerStrategy, on_tower, trainer
from alexnet_tf.two_tower import model as two_tower_model
from alexnet_tf.two_tower.__main__ import main
from alexnet_tf.two_tower.sends import observe


@check
def reports():
    specs = {"paper": PAPER_LIKE, "code": CODE_LIKE, "apart": NO_COMMUNICATION_LIKE}
    found: dict[str, Any] = {
        name: report(towers(spec, compiled=False)) for name, spec in specs.items()
    }
    model = towers(PAPER_LIKE, precision="mixed_bfloat16", optimizer=sgd)
    before = [np.array(v) for v in model.variables + model.optimizer.variables]
    found["bfloat16"] = report(model)
    after = [np.array(v) for v in model.variables + model.optimizer.variables]
    found["unchanged"] = all(map(np.array_equal, before, after))
    found["bfloat16 losses"] = fit(model, PAPER_LIKE, 6)
    found["host"] = report(towers(pairs=HOST))
    return found


@check
def planted_faults():
    found: dict[str, Any] = {"none": report(towers(optimizer=sgd))}
    with patched(TwoTowerModel, train_step=keras.Model.train_step):
        found["tape"] = report(towers(optimizer=sgd))
    model = towers(optimizer=sgd)
    del model.optimizer._all_reduce_sum_gradients
    found["reduction"] = report(model)
    with patched(trainer, refused_options=nothing, refused_layers=nothing):
        for option in ("clipnorm", "global_clipnorm", "clipvalue", "loss_scale_factor"):
            found[option] = report(towers(optimizer=lambda o=option: sgd(**{o: 2.0})))
        found["loss scale"] = report(
            towers(optimizer=lambda: keras.optimizers.LossScaleOptimizer(sgd()))
        )
        model = towers(compiled=False)
        model.get_layer("conv1b").layer.kernel.regularizer = keras.regularizers.L2(0.01)
        found["regularizer"] = report(model)
        model = towers(compiled=False)
        model.get_layer("conv1b").layer.activity_regularizer = keras.regularizers.L2(0.01)
        found["activity"] = report(model)
        model = towers(compiled=False)
        model.get_layer("conv1b").layer.kernel.constraint = keras.constraints.MaxNorm(1)
        found["constraint"] = report(model)
        found["use_ema"] = report(towers(optimizer=lambda: sgd(use_ema=True)))
        found["gradient_accumulation_steps"] = raised(
            lambda: report(towers(optimizer=lambda: sgd(gradient_accumulation_steps=2)))
        )
    with patched(on_tower, tower_scope=by_hand), patched(two_tower_model, tower_scope=by_hand):
        model = two_tower.build_two_tower(MINI)
        model.compile(sgd(), loss())
        found["default strategy"] = report(model)
    found["stale"] = raised(stale_function)
    return found


def nothing(*_: Any) -> Iterator[str]:
    """Refuse nothing."""
    return iter(())


def by_hand(tower: int) -> Any:
    """Return a tower's scope as it would be without a strategy."""
    return tf.device(f"CPU:{tower}")


def stale_function() -> None:
    function = tf.function(lambda: tf.eye(2) @ tf.eye(2))
    observe(function)
    observe(function)


@check
def refusals():
    with TwoTowerStrategy(ONE).scope():
        model: Any = two_tower.build_two_tower(MINI)
        optimizers = {o: sgd(**{o: 2.0}) for o in ("clipnorm", "global_clipnorm", "clipvalue")}
        optimizers |= {o: sgd(**{o: 2}) for o in ("gradient_accumulation_steps", "use_ema")}
        optimizers["loss_scale_factor"] = sgd(loss_scale_factor=2.0)
        optimizers["LossScaleOptimizer"] = keras.optimizers.LossScaleOptimizer(sgd())
    found = {o: raised(lambda v=v: model.compile(v, loss())) for o, v in optimizers.items()}
    found["scope"] = raised(lambda: model.compile(sgd(), loss()))
    for option in ("run_eagerly", "jit_compile"):
        found[option] = raised(lambda o=option: model.compile("sgd", loss(), **{o: True}))
    for name, value in {
        "regularizer": keras.regularizers.L2(0.1),
        "constraint": keras.constraints.MaxNorm(1),
    }.items():
        other = towers(compiled=False)
        setattr(other.get_layer("conv2a").layer.kernel, name, value)
        found[name] = raised(lambda m=other: m.compile("sgd", loss()))
    build: Any = two_tower.build_two_tower
    found["one tower"] = raised(lambda: build(replace(MINI, NOT_TWO)))
    across = replace(PAPER_LIKE, {"convs.0.norm.across": "layer"})
    found["across"] = raised(lambda: build(across))
    odd = towers()
    found["batch"] = raised(lambda: report(odd, 0))
    return found


NOT_TWO = {"convs.2.groups": 1, "towers": 1}


@check
def command():
    small = ["--report", "--spec", "CIFAR_ALEXNET", "--batch", "4", "--devices", "CPU:0,CPU:1"]
    calls = {
        "report": small,
        "pairs": [*small[:-1], "CPU:0,CPU:1,CPU:2,CPU:3", "--pairs", "2"],
        "no spec": ["--report", "--spec", "CIFAR_ALEXNEST"],
        "one tower": ["--report", "--spec", "MODERN", "--devices", "CPU:0,CPU:1"],
        "odd batch": ["--report", "--batch", "3", "--pairs", "2"],
        "one device": ["--report", "--devices", "CPU:0"],
        "no device": ["--report", "--devices", "CPU:0,CPU:9"],
        "too late": ["--report", "--pairs", "3", "--batch", "3"],
        "usage": [],
    }
    found = {}
    for name, arguments in calls.items():
        out, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            code = main(arguments)
        found[name] = {"code": code, "out": out.getvalue(), "err": errors.getvalue()}
    return found
