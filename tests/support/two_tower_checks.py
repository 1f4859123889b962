"""Two-tower nets on logical devices, and what the checks of the child compare of them."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tiny
from two_tower_specs import MINI

from alexnet_tf import two_tower
from alexnet_tf.model import build_alexnet
from alexnet_tf.optimizers import PaperSGD
from alexnet_tf.spec import ModelSpec
from alexnet_tf.two_tower import TwoTowerStrategy

tiny.pin_one_thread()

FOLDER = Path(sys.argv[1])
ONE, SAME, HOST = [("CPU:0", "CPU:1")], [("CPU:0", "CPU:0")], [("CPU:1", "CPU:2")]
TWO = [("CPU:0", "CPU:1"), ("CPU:2", "CPU:3")]
BATCH = 8
CHECKS: dict[str, Callable[[], Any]] = {}


def check(function: Callable[[], Any]) -> Callable[[], Any]:
    CHECKS[function.__name__] = function
    return function


def data(spec: ModelSpec, count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    images = rng.normal(size=(count, spec.input_size, spec.input_size, 3)).astype(np.float32)
    return images, np.arange(count) % spec.classes


def loss() -> keras.losses.Loss:
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def towers(spec: ModelSpec = MINI, pairs=None, optimizer=None, compiled=True, **kwargs) -> Any:
    """A two-tower model; `optimizer` is a function, to be called in the scope."""
    with TwoTowerStrategy(pairs or ONE).scope():
        model: Any = two_tower.build_two_tower(spec, seed=3, **kwargs)
        if compiled:
            model.compile((optimizer or PaperSGD)(), loss())
    return model


def single(spec: ModelSpec, optimizer) -> Any:
    model: Any = build_alexnet(spec, seed=3)
    model.compile(optimizer, loss(), jit_compile=False)
    return model


def fit(model: Any, spec: ModelSpec, steps: int, **kwargs) -> list[float]:
    images, labels = data(spec, BATCH)
    options: dict[str, Any] = {"batch_size": BATCH, "shuffle": False, "verbose": 0, **kwargs}
    return model.fit(images, labels, epochs=steps, **options).history["loss"]


def weights(model: keras.Model) -> dict[str, np.ndarray]:
    return {
        f"{layer.name}/{variable.name}": np.array(variable)
        for layer in model.layers
        for variable in layer.trainable_variables
    }


def whole(model: keras.Model, spec: ModelSpec) -> dict[str, np.ndarray]:
    return weights(two_tower.to_single(model, build_alexnet(spec, seed=99)))


def worst(a: dict[str, np.ndarray], b: dict[str, np.ndarray], scale: dict[str, np.ndarray]):
    """Largest difference between two sets of weights, relative to the size of `scale`."""
    assert list(a) == list(b) == list(scale)
    return max(float(np.abs(a[k] - b[k]).max() / np.abs(scale[k]).max()) for k in a)


def devices(variables) -> dict[str, list[str]]:
    return {
        v.path: [part.device.rpartition("device:")[2] for part in getattr(v.value, "values", [v])]
        for v in variables
    }


def report(model: keras.Model, batch: int = BATCH) -> dict[str, Any]:
    found = two_tower.communication_report(model, batch)
    return {**dataclasses.asdict(found), "illegal": len(found.illegal)}


def momenta(model: Any) -> dict[str, np.ndarray]:
    """Layer and variable -> momentum; the halves of a layer put together."""
    found: dict[str, np.ndarray] = {}
    pairs = zip(model.trainable_variables, model.optimizer.velocities, strict=True)
    for variable, momentum in pairs:
        *_, layer, kind = variable.path.split("/")
        name, value = f"{layer.rstrip('ab')}/{kind}", np.array(momentum)
        found[name] = np.concatenate([found[name], value], axis=-1) if name in found else value
    return found


def raised(function: Callable[[], Any]) -> str:
    try:
        function()
    except Exception as error:  # the test says which it must be
        return f"{type(error).__name__}: {error}"
    return ""


def sgd(**kwargs) -> Any:
    return keras.optimizers.SGD(0.05, momentum=0.9, weight_decay=5e-4, **kwargs)


@contextlib.contextmanager
def patched(owner: Any, **values: Any) -> Iterator[None]:
    before = {name: getattr(owner, name) for name in values}
    for name, value in values.items():
        setattr(owner, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(owner, name, value)
