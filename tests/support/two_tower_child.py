"""What `test_two_tower.py` asserts on, computed in one process with four logical CPUs.

    python tests/support/two_tower_child.py FOLDER

TensorFlow's devices are fixed before it computes anything, which other tests must not
see. Prints one JSON object: name of a check -> what was found, or {"error": traceback}.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tiny
from two_tower_specs import CODE_LIKE, MINI, NO_COMMUNICATION_LIKE, PAPER_LIKE

from alexnet_tf import two_tower
from alexnet_tf.model import build_alexnet
from alexnet_tf.optimizers import PaperSGD
from alexnet_tf.spec import ModelSpec, replace
from alexnet_tf.two_tower import TwoTowerModel, TwoTowerStrategy, on_tower, trainer
from alexnet_tf.two_tower import model as two_tower_model
from alexnet_tf.two_tower.__main__ import main
from alexnet_tf.two_tower.sends import observe

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


# --- the same net -------------------------------------------------------------------------


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


def momenta(model: Any) -> dict[str, np.ndarray]:
    """Layer and variable -> momentum; the halves of a layer put together."""
    found: dict[str, np.ndarray] = {}
    pairs = zip(model.trainable_variables, model.optimizer.velocities, strict=True)
    for variable, momentum in pairs:
        *_, layer, kind = variable.path.split("/")
        name, value = f"{layer.rstrip('ab')}/{kind}", np.array(momentum)
        found[name] = np.concatenate([found[name], value], axis=-1) if name in found else value
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


# --- placement ----------------------------------------------------------------------------


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


# --- what crosses -------------------------------------------------------------------------


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


def nothing(_: Any) -> Iterator[str]:
    """Refuse nothing."""
    return iter(())


def by_hand(tower: int) -> Any:
    """What a tower's scope would be without a strategy."""
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
    found["float16"] = raised(lambda: build(MINI, precision="mixed_float16"))
    across = replace(PAPER_LIKE, {"convs.0.norm.across": "layer"})
    found["across"] = raised(lambda: build(across))
    odd = towers()
    found["batch"] = raised(lambda: report(odd, 0))
    return found


NOT_TWO = {"convs.2.groups": 1, "towers": 1}


def raised(function: Callable[[], Any]) -> str:
    try:
        function()
    except Exception as error:  # the test says which it must be
        return f"{type(error).__name__}: {error}"
    return ""


# --- the command --------------------------------------------------------------------------


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
            try:
                code: Any = main(arguments)
            except SystemExit as end:
                code = end.code
        found[name] = {"code": code, "out": out.getvalue(), "err": errors.getvalue()}
    return found


def run() -> None:
    two_tower.split_cpu(4)
    keras.utils.set_random_seed(0)
    tf.config.experimental.enable_op_determinism()
    # whatever is placed on a device that cannot have it fails
    tf.config.set_soft_device_placement(False)
    found = {}
    for name in sys.argv[2:] or CHECKS:
        begun = time.process_time(), time.time()
        try:
            found[name] = CHECKS[name]()
        except Exception:
            found[name] = {"error": traceback.format_exc()}
        spent = time.process_time() - begun[0], time.time() - begun[1]
        print(f"{name}: {spent[0]:.1f} s CPU, {spent[1]:.1f} s", file=sys.stderr)
        keras.utils.clear_session()
    print(json.dumps(found))


if __name__ == "__main__":
    run()
