"""Learning rates: the plateau rule, the recorded schedule, and both over an interruption."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet_tf.errors import SpecError
from alexnet_tf.records import EpochResult
from alexnet_tf.spec import (
    CODE2012,
    PAPER,
    DataSpec,
    PlateauSpec,
    Pretraining,
    RateChange,
    TrainSpec,
    replace,
)
from alexnet_tf.train import schedule, train
from alexnet_tf.train.callback import Interrupted

tiny.pin_one_thread()

LAYERS = CODE2012.model.names()
many = settings(max_examples=200, deadline=None)


def curve(*validation: float) -> list[EpochResult]:
    return [
        EpochResult(
            epoch=n, updates=n, train_error=0.5, train_loss=1.0, seconds=1.0, validation_error=v
        )
        for n, v in enumerate(validation, start=1)
    ]


def plateau(**fields) -> TrainSpec:
    return TrainSpec(learning_rate=0.08, validate="epoch", plateau=PlateauSpec(**fields), epochs=90)


def drops_by_hand(errors: list[float], patience: int) -> int:
    """Walk along: count the epochs since the best or the last drop, whichever is later."""
    drops, anchor = 0, -1
    for now in range(len(errors)):
        best = min(range(now + 1), key=lambda i: (errors[i], i))
        anchor = max(anchor, best)
        if now - anchor == patience:
            drops, anchor = drops + 1, now
    return drops


@many
@given(st.lists(st.integers(0, 9).map(lambda n: n / 10), max_size=40), st.integers(1, 6))
def test_the_plateau_rule_is_the_one_walked_along_by_hand(errors, patience):
    spec = plateau(patience=patience, reductions=3)
    drops = drops_by_hand(errors, patience)
    assert spec.plateau is not None
    assert schedule.drops_so_far(spec.plateau, curve(*errors)) == drops
    assert schedule.rates(spec, LAYERS, curve(*errors)).rate == 0.08 / 10 ** min(drops, 3)
    assert schedule.ended(spec, curve(*errors)) == (drops > 3)


def test_three_reductions_and_the_end_of_the_paper():
    spec = plateau(patience=2)
    seen = [schedule.rates(spec, LAYERS, curve(*[0.5] * n)).rate for n in range(10)]
    assert seen == [0.08] * 3 + [0.08 / 10] * 2 + [0.08 / 100] * 2 + [0.08 / 1000] * 3
    assert [schedule.ended(spec, curve(*[0.5] * n)) for n in range(10)] == [False] * 9 + [True]


def test_a_plateau_rule_does_not_fire_on_an_error_that_is_not_measured():
    spec = plateau(patience=1)
    unmeasured = [dataclasses.replace(curve(0.5)[0], validation_error=None)]
    with pytest.raises(ValueError, match="no validation error after epoch 1"):
        schedule.ended(spec, unmeasured)
    with pytest.raises(ValueError, match="which a plateau needs"):
        schedule.rates(spec, LAYERS, unmeasured)


def test_a_plateau_rule_without_validation_images_is_refused_in_either_stage():
    with pytest.raises(SpecError, match=r"validation_images` must be at least 1 with `train\.plat"):
        replace(PAPER, {"data.validation_images": 0})
    with pytest.raises(SpecError, match=r"validation_images` must be at least 1 with `train\.plat"):
        Pretraining(data=DataSpec(validation_images=0), train=PAPER.train, classes=10)
    assert replace(PAPER, {"train.plateau": None, "data.validation_images": 0})


def effective(epochs: int, layer: str, kind: str) -> float:
    """The rate of one layer's kernel or bias as the optimizer forms it."""
    found = schedule.rates(CODE2012.train, LAYERS, curve(*[0.5] * epochs))
    rate = found.rate * found.factors.get(layer, 1) * found.factors.get(f"{layer}/{kind}", 1)
    return rate * (CODE2012.train.bias_rate if kind == "bias" else 1)


@pytest.mark.parametrize(
    ("epochs", "conv1", "others"),
    [
        (0, 1e-2, 1e-2),
        (24, 1e-2, 1e-2),
        (25, 1e-3, 1e-3),
        (51, 1e-4, 1e-4),
        (66, 1e-4, 1e-4),
        (67, 1e-5, 1e-4),
        (72, 0, 1e-4),
        (79, 0, 1e-5),
        (90, 0, 1e-5),
    ],
)
def test_the_schedule_of_the_2012_run_is_that_of_its_notes(epochs, conv1, others):
    assert effective(epochs, "conv1", "kernel") == pytest.approx(conv1)
    assert effective(epochs, "fc8", "kernel") == pytest.approx(others)
    # its biases' rate of 0.02 was never lowered; a frozen layer is frozen whole
    assert effective(epochs, "fc8", "bias") == pytest.approx(0.02)
    assert effective(epochs, "conv1", "bias") == pytest.approx(0.02 if conv1 else 0)
    assert schedule.ended(CODE2012.train, curve(*[0.5] * epochs)) == (epochs >= 91)


def test_biases_that_are_annealed_follow_the_weights():
    spec = replace(CODE2012.train, {"bias_annealing": "with_weights"})
    found = schedule.rates(spec, LAYERS, curve(*[0.5] * 30))
    assert found == schedule.Rates(1e-3, {})


EXPERIMENT = replace(
    tiny.experiment(epochs=9),
    {
        "train.learning_rate": 0.5,
        "train.validate": "epoch",
        "train.plateau": PlateauSpec(patience=1, reductions=2),
    },
)


def test_a_plateau_is_the_same_over_a_kill_and_a_resume(prepared, tmp_path):
    options = {"data_dir": prepared.data_dir, "cache": prepared.cache}
    whole = train(EXPERIMENT, out=tmp_path / "whole", **options)
    errors = [epoch.validation_error for epoch in whole.curve]
    assert None not in errors
    assert EXPERIMENT.train.plateau is not None
    assert schedule.drops_so_far(EXPERIMENT.train.plateau, whole.curve) > 0, "nothing was tested"
    keras.utils.clear_session()
    left = iter(range(len(whole.curve) * 16 - 20))
    with pytest.raises(Interrupted):
        train(
            EXPERIMENT,
            out=tmp_path / "part",
            interrupted=lambda: next(left, None) is None,
            **options,
        )
    keras.utils.clear_session()
    part = train(EXPERIMENT, out=tmp_path / "part", **options)
    assert part.resumes == 1
    assert part.weights_sha256 == whole.weights_sha256
    assert [epoch.validation_error for epoch in part.curve] == errors


def test_a_layer_frozen_by_the_schedule_keeps_its_bits_from_then_on(
    prepared, tmp_path, monkeypatch
):
    kernels: list[np.ndarray] = []
    fit = keras.Model.fit

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            assert self.model is not None
            kernels.append(np.asarray(self.model.get_layer("conv1").kernel))

    def watched(model, *args, callbacks, **kwargs):
        return fit(model, *args, callbacks=[*callbacks, Look()], **kwargs)

    monkeypatch.setattr(keras.Model, "fit", watched)
    changes = (RateChange(epoch=2, learning_rate=0.0, layer="conv1"),)
    experiment = replace(tiny.experiment(epochs=4), {"train.changes": changes})
    train(experiment, out=tmp_path / "run", data_dir=prepared.data_dir, cache=prepared.cache)
    moved = [not np.array_equal(a, b) for a, b in zip(kernels, kernels[1:], strict=False)]
    assert moved == [True, False, False]
