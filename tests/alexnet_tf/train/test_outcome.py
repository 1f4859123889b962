"""Runs that diverge, reach their error or find other images: what is recorded or refused."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
import tiny
from training_of_tiny import STEPS, after, command, errors, numbers, one_line

from alexnet_tf import environment, records
from alexnet_tf.data import order, stream
from alexnet_tf.errors import EnvironmentChangedError
from alexnet_tf.spec import replace
from alexnet_tf.train import train
from alexnet_tf.train.callback import Interrupted

tiny.pin_one_thread()


@pytest.fixture(autouse=True)
def forget_models():
    keras.utils.clear_session()


@pytest.fixture
def fitted(monkeypatch) -> list[keras.Model]:
    """The models that were trained so far."""
    models, fit = [], keras.Model.fit

    def watched(model, *args, **kwargs):
        models.append(model)
        return fit(model, *args, **kwargs)

    monkeypatch.setattr(keras.Model, "fit", watched)
    return models


@pytest.fixture
def poison(monkeypatch) -> None:
    """One weight of the first convolution is no number from the first update on."""
    fit = keras.Model.fit

    def poisoned(model, *args, **kwargs):
        kernel = model.get_layer("conv1").kernel
        value = np.asarray(kernel).copy()
        value[0, 0, 0, 0] = np.nan
        kernel.assign(value)
        return fit(model, *args, **kwargs)

    monkeypatch.setattr(keras.Model, "fit", poisoned)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_weight_that_is_not_a_number_is_seen_behind_any_activation(
    run, tiny_experiment, poison, activation
):
    record = run(replace(tiny_experiment, {"model.activation": activation}))
    assert record.status == "diverged"
    assert "conv1" in record.reason and "\n" not in record.reason
    assert record.curve == () and record.test_error is None and record.validation_error is None
    assert records.from_json(records.to_json(record)) == record


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("rate", [1e6, 1e30])
def test_a_rate_far_too_high_is_recorded_as_it_is(run, tiny_experiment, fitted, activation, rate):
    changes = {"model.activation": activation, "train.learning_rate": rate}
    record = run(replace(tiny_experiment, changes))
    assert records.from_json(records.to_json(record)) == record
    assert all(np.isfinite([e.train_loss, e.train_error]).all() for e in record.curve)
    (model,) = fitted
    finite = all(np.isfinite(np.asarray(v)).all() for v in model.trainable_variables)
    if record.status == "done":
        assert finite and len(record.curve) == 3 and record.test_error is not None
    else:
        assert record.status == "diverged" and "finite" in record.reason
        assert not finite or "loss" in record.reason or "outputs" in record.reason
        assert record.test_error is None and record.validation_error is None


class Enlarge(keras.callbacks.Callback):
    """Makes finite weights so large that the outputs are NaN, after so many epochs."""

    def __init__(self, epochs: int):
        super().__init__()
        self.epochs = epochs

    def on_epoch_end(self, epoch, logs=None):
        if self.model is not None and epoch + 1 == self.epochs:
            for variable in self.model.trainable_variables:
                variable.assign(np.full(variable.shape, 1e30, np.float32))


@pytest.mark.parametrize(("validate", "epochs"), [("end", 3), ("epoch", 1)])
def test_finite_weights_whose_outputs_are_nan_are_a_divergence(
    run, tmp_path, tiny_experiment, monkeypatch, validate, epochs
):
    fit = keras.Model.fit

    def enlarged(model, *args, callbacks=(), **kwargs):
        return fit(model, *args, callbacks=[Enlarge(epochs), *callbacks], **kwargs)

    monkeypatch.setattr(keras.Model, "fit", enlarged)
    record = run(replace(tiny_experiment, {"train.validate": validate}))
    part = "250 of 250 train" if validate == "end" else "50 of 50 validation"
    assert record.status == "diverged"
    assert record.reason == f"the outputs for {part} images are not finite"
    assert len(record.curve) == (3 if validate == "end" else 0)
    assert record.test_error is None and record.evaluations == ()
    assert not list(tmp_path.glob("run/*.npz")) and not (tmp_path / "run/model.keras").exists()
    assert records.read(tmp_path / "run/result.json") == record


def test_a_diverged_run_is_finished(run, tiny_experiment, poison, monkeypatch):
    first = run(tiny_experiment)
    assert first.status == "diverged"
    monkeypatch.setattr(keras.Model, "fit", None)
    assert run(tiny_experiment) == first


def test_training_stops_after_the_first_epoch_at_the_error_asked_for(run, tiny_experiment):
    whole = run(replace(tiny_experiment, {"train.epochs": 12}), "whole")
    found = [epoch.train_error for epoch in whole.curve]
    limit = found[5]
    first = next(i for i, error in enumerate(found, start=1) if error <= limit)
    assert 1 < first < 12
    changes = {"train.epochs": 12, "train.stop_at_error": limit}
    stopped = run(replace(tiny_experiment, changes), "stopped")
    assert stopped.status == "done"
    assert errors(stopped.curve) == errors(whole.curve)[:first]


def test_a_run_that_had_reached_its_error_before_a_kill_trains_no_further(
    run, tmp_path, tiny_experiment, monkeypatch
):
    experiment = replace(tiny_experiment, {"train.stop_at_error": 1.0})
    first = run(experiment)
    assert len(first.curve) == 1
    (tmp_path / "run" / "result.json").unlink()  # as if killed between the state and the record
    monkeypatch.setattr(keras.Model, "fit", None)
    again = run(experiment)
    assert numbers(again) == numbers(first)


def test_the_order_of_images_and_the_initial_weights_do_not_depend_on_the_activation(
    run, tiny_experiment, monkeypatch
):
    asked: list[list[tuple[int, int, int]]] = []
    real = order.epoch_order

    def recorded(*arguments):
        asked[-1].append(arguments)
        return real(*arguments)

    monkeypatch.setattr(stream, "epoch_order", recorded)
    for activation in ("relu", "tanh"):
        asked.append([])
        run(replace(tiny_experiment, {"model.activation": activation}), activation)
    assert asked[0] == asked[1] == [(0, epoch, 250) for epoch in range(3)]


def test_other_images_are_a_change_that_is_refused(run, prepared, tmp_path, tiny_experiment):
    with pytest.raises(Interrupted):
        run(tiny_experiment, interrupted=after(2 * STEPS + 3))
    other = tiny.prepare(tmp_path / "others", tiny.images(seed=1))
    keras.utils.clear_session()
    with pytest.raises(EnvironmentChangedError, match="data: ") as error:
        train(tiny_experiment, out=tmp_path / "run", data_dir=other.data_dir, cache=other.cache)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("python", "3.0.0"),
        ("tensorflow", "1.0"),
        ("keras", "1.0"),
        ("numpy", "1.0"),
        ("cpu", "another"),
        ("isa", "none"),
        ("device", "another"),
        ("onednn", "0"),
        ("threads", 64),
    ],
)
def test_a_changed_environment_is_refused_with_code_4_and_named(
    interrupted, prepared, monkeypatch, capsys, field, value
):
    out, spec, before = interrupted
    real = environment.describe
    monkeypatch.setattr(
        environment,
        "describe",
        lambda **known: dataclasses.replace(real(**known), **{field: value}),
    )
    keras.utils.clear_session()
    assert command(prepared, spec, out) == 4
    said = one_line(capsys)
    assert f"{field}: " in said and f"-> {value}" in said
    assert not (out / "result.json").exists()
    states = {path.name: path.read_bytes() for path in out.glob("*.state")}
    assert states == before


@pytest.mark.parametrize("field", ["host", "memory_gib", "cores", "code", "system"])
def test_what_changes_no_bit_is_no_part_of_the_fingerprint(field):
    here = environment.describe(threads=1)
    there = getattr(here, field)
    changed = dataclasses.replace(here, **{field: "another" if there == str(there) else there + 1})
    assert changed.fingerprint() == here.fingerprint()
