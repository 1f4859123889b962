"""The train command on pairs of devices: the same losses, and the same bits after a kill."""

from __future__ import annotations

import signal

import numpy as np
import pytest
import tiny

from alexnet_tf import records
from alexnet_tf.spec import (
    ConvSpec,
    DenseSpec,
    ModelSpec,
    PoolSpec,
    RateChange,
    ResponseNormSpec,
    replace,
)

slow = pytest.mark.timeout(1200)
EXPERIMENT = replace(
    # with seed 0 a last bit decides a maximum in epoch 4, and the two part ways
    tiny.experiment(epochs=6, seed=1),
    {
        "model": ModelSpec(
            input_size=8,
            towers=2,
            convs=(
                ConvSpec(filters=8, kernel=3, padding=1, norm=ResponseNormSpec(), pool=PoolSpec()),
                ConvSpec(filters=8, kernel=3, padding=1, groups=2, weight_decay=0.01),
                ConvSpec(filters=8, kernel=3, padding=1, pool=PoolSpec()),
            ),
            dense=(DenseSpec(units=16),),
            init="glorot_he",
        ),
        "train.weight_decay": 5e-4,
        "train.validate": "epoch",
        "train.changes": (
            RateChange(epoch=3, learning_rate=0.0, layer="conv2"),
            RateChange(epoch=4, learning_rate=0.01),
        ),
    },
)
LONG = replace(EXPERIMENT, {"train.epochs": 15})  # not over before it is killed
PAIR = "CPU:0,CPU:1"


@slow
def test_one_device_and_two_train_to_the_same_with_a_layer_frozen_on_the_way(prepared, tmp_path):
    for name, devices in (("one", ""), ("pair", PAIR)):
        with tiny.child(prepared, EXPERIMENT, tmp_path / name, devices=devices) as child:
            assert child.end() == 0, child.errors()
    one, pair = (records.read(tmp_path / name / "result.json") for name in ("one", "pair"))
    losses = [[epoch.train_loss for epoch in record.curve] for record in (one, pair)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)
    assert pair.test_error == pytest.approx(one.test_error, abs=1.5 / 60)
    assert one.environment is not None and pair.environment is not None
    assert pair.environment.device == f"{one.environment.device}, two towers on CPU:0 + CPU:1"


@slow
@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_two_towers_end_with_the_same_bits_after_a_kill(prepared, tmp_path, precision):
    spec = replace(LONG, {"train.precision": precision})
    with tiny.child(prepared, spec, tmp_path / "whole", devices=PAIR) as child:
        assert child.end() == 0, child.errors()
    with tiny.child(prepared, spec, tmp_path / "killed", devices=PAIR) as child:
        child.until_epoch(2)
        child.process.kill()
        assert child.process.wait() == -signal.SIGKILL
    with tiny.child(prepared, spec, tmp_path / "killed") as child:
        assert child.end() == 4, "a run of two towers was continued on one device"
        assert "two towers" in child.errors() and "Traceback" not in child.errors()
    with tiny.child(prepared, spec, tmp_path / "killed", devices=PAIR) as child:
        assert child.end() == 0, child.errors()
    whole, killed = (records.read(tmp_path / n / "result.json") for n in ("whole", "killed"))
    assert killed.resumes == 1
    assert killed.weights_sha256 == whole.weights_sha256
    assert killed.skipped_updates == whole.skipped_updates
    assert [e.validation_error for e in killed.curve] == [e.validation_error for e in whole.curve]


@pytest.mark.parametrize(
    ("devices", "code", "words"),
    [
        ("GPU:7,GPU:8", 4, "there is no device GPU:7"),
        ("CPU:0", 2, "--devices takes pairs"),
        ("CPU0,CPU1", 4, "a device must have a name"),
    ],
)
def test_devices_that_are_not_there_are_refused_in_one_line(
    prepared, tmp_path, devices, code, words
):
    with tiny.child(prepared, EXPERIMENT, tmp_path / "run", devices=devices) as child:
        assert child.end() == code
        said = [line for line in child.errors().splitlines() if line.startswith("alexnet_tf.train")]
        assert len(said) == 1 and words in said[0]
        assert "Traceback" not in child.errors()
