"""Checks of the child: the same net as on one device, and where its variables lie."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from two_tower_checks import (
    BATCH,
    FOLDER,
    ONE,
    SAME,
    TWO,
    check,
    data,
    devices,
    fit,
    loss,
    momenta,
    raised,
    report,
    single,
    towers,
    weights,
    whole,
    worst,
)
from two_tower_specs import CODE_LIKE, MINI, NO_COMMUNICATION_LIKE, PAPER_LIKE

from alexnet_tf import two_tower
from alexnet_tf.model import build_alexnet
from alexnet_tf.optimizers import PaperSGD
from alexnet_tf.spec import ModelSpec, replace
from alexnet_tf.two_tower import TwoTowerStrategy


def compare(spec: ModelSpec) -> dict[str, Any]:
    """Initial weights, forward pass, gradients, and ten steps of both nets."""
    images, _ = data(spec, BATCH)
    first, last = spec.names()[0], spec.names()[-1]
    rates: dict[str, Any] = {"learning_rate": 0.05, "weight_decay": 0.01, "bias_rate": 2.0}
    rates["weight_decays"] = {last: 0.1}
    halves = {f"{first}a": 0.5, f"{first}b": 0.5}
    a = single(spec, PaperSGD(**rates, rate_factors={first: 0.5}))
    b = towers(spec, optimizer=lambda: PaperSGD(**rates, rate_factors=halves))
    start, logits = weights(a), np.asarray(a(images))
    found: dict[str, Any] = {"logits": float(np.abs(logits).max())}
    found["start"] = worst(start, whole(b, spec), start)
    found["forward"] = float(np.abs(b.predict(images, verbose=0) - logits).max())
    losses = [fit(model, spec, 1) for model in (a, b)]
    # after one step a momentum is the gradient, and the decay, times the rate
    found["gradients"] = worst(momenta(a), momenta(b), momenta(a))
    found["zero gradients"] = [name for name, g in momenta(a).items() if not g.any()]
    found["losses"] = [
        [*before, *fit(model, spec, 9)] for before, model in zip(losses, (a, b), strict=True)
    ]
    found["steps"] = worst(weights(a), whole(b, spec), weights(a))
    return found


@check
def paper_like():
    return compare(PAPER_LIKE)


@check
def code_like():
    return compare(CODE_LIKE)


@check
def no_communication_like():
    return compare(NO_COMMUNICATION_LIKE)


@check
def pairs_train_alike():
    found = {}
    for name, pairs in {"same": SAME, "one": ONE, "two": TWO}.items():
        model = towers(pairs=pairs, optimizer=lambda: PaperSGD(0.05))
        found[name] = fit(model, MINI, 6)
        found[f"{name} report"] = report(model)
        found[f"{name} devices"] = devices(model.variables + model.optimizer.variables)
    keras.utils.set_random_seed(0)
    plain: Any = two_tower.build_two_tower(MINI, seed=3)
    plain.compile(PaperSGD(0.05), loss())
    found["no strategy"] = fit(plain, MINI, 6)
    return found


@check
def to_and_from_single():
    images, _ = data(MINI, BATCH)
    model = towers(compiled=False)
    other = build_alexnet(MINI, seed=8)
    far = float(np.abs(np.asarray(other(images)) - model.predict(images, verbose=0)).max())
    two_tower.from_single(other, model)
    near = float(np.abs(np.asarray(other(images)) - model.predict(images, verbose=0)).max())
    wrong = build_alexnet(replace(MINI, {"dense.0.units": 8}))
    return {"far": far, "near": near, "wrong": raised(lambda: two_tower.to_single(model, wrong))}


@check
def placement():
    dropping = replace(MINI, {"dense.0.dropout": 0.5})
    images, labels = data(dropping, BATCH)
    path = FOLDER / "net.keras"
    model = towers(dropping)
    found: dict[str, Any] = {"built": devices(model.variables + model.optimizer.variables)}
    best = keras.callbacks.ModelCheckpoint(str(FOLDER / "best.keras"), monitor="loss")
    fit(model, dropping, 2, callbacks=[best], validation_data=(images, labels))
    found["fitted"] = devices(model.variables + model.optimizer.variables)
    model.save(path)
    with TwoTowerStrategy(ONE).scope():
        loaded: Any = keras.saving.load_model(path, safe_mode=True)
        again = keras.saving.load_model(FOLDER / "best.keras", safe_mode=True)
    with model.distribute_strategy.scope():
        clone: Any = keras.models.clone_model(model)
    outside: Any = keras.saving.load_model(path, safe_mode=True)
    logits = model.predict(images, verbose=0)
    for name, other in {"loaded": loaded, "best": again, "outside": outside}.items():
        found[f"{name} logits"] = float(np.abs(other.predict(images, verbose=0) - logits).max())
    found["evaluated"] = [m.evaluate(images, labels, verbose=0) for m in (model, loaded, outside)]
    found["kinds"] = [type(m).__name__ for m in (model, loaded, clone, outside)]
    found["loaded momenta"] = worst(*(momenta(m) for m in (model, loaded, model)))
    found["loaded report"] = report(loaded)
    for other in (loaded, clone, outside):
        fit(other, dropping, 1)
    found["loaded"] = devices(loaded.variables + loaded.optimizer.variables)
    found["cloned"] = devices(clone.variables + clone.optimizer.variables)
    found["cloned report"] = report(clone)
    return found


@check
def refused_devices():
    missing = {"GPU": [("CPU:0", "GPU:0")], "CPU": [("CPU:0", "CPU:7")]}
    found: dict[str, Any] = {k: raised(lambda p=p: TwoTowerStrategy(p)) for k, p in missing.items()}
    malformed: list[Any] = [[], "CPU:0", ["CPU:0"], [("CPU:0",)], [("CPU:0", 1)], [("CPU", "x")]]
    malformed += [[("CPU:0", "CPU:1"), ("CPU:1", "CPU:2")], [("CPU:0", "CPU:1", "CPU:2")], None]
    found["malformed"] = [raised(lambda p=p: TwoTowerStrategy(p)) for p in malformed]
    found["same names"] = TwoTowerStrategy([("/device:CPU:0", "cpu:1")]).pairs
    found["tower"] = raised(lambda: TwoTowerStrategy(ONE).tower(2).__enter__())
    found["split"] = raised(lambda: two_tower.split_cpu(3))
    return found
