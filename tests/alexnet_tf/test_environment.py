"""Settings decided before TensorFlow is loaded, seen from fresh interpreters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tiny

from alexnet_tf import build_alexnet, records
from alexnet_tf.environment import plain_keras
from alexnet_tf.spec import CIFAR_ALEXNET, DenseSpec, replace

tiny.pin_one_thread()

SHOW = (
    "import {first}; import alexnet_tf; import os, sys;"
    "print(os.environ.get('TF_ENABLE_ONEDNN_OPTS', 'unset'), 'tensorflow' in sys.modules)"
)


def seen(first: str, setting: str | None, stand_in: Path) -> str:
    """TF_ENABLE_ONEDNN_OPTS after `first` and this project, and whether TensorFlow is loaded."""
    environment = {k: v for k, v in tiny.environment().items() if k != "TF_ENABLE_ONEDNN_OPTS"}
    environment["PYTHONPATH"] = f"{stand_in}:{environment['PYTHONPATH']}"
    if setting is not None:
        environment["TF_ENABLE_ONEDNN_OPTS"] = setting
    command = [sys.executable, "-c", SHOW.format(first=first)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("first", "setting", "expected"),
    [
        # set before TensorFlow, which reads it as it is loaded
        ("alexnet_tf", None, "1 False"),
        ("alexnet_tf", "0", "0 False"),
        # too late to have an effect, so that a record must not claim it
        ("tensorflow", None, "unset True"),
    ],
)
def test_onednn_is_on_unless_the_user_or_an_earlier_import_decided(
    tmp_path, first, setting, expected
):
    (tmp_path / "tensorflow.py").write_text("")  # the real one would take seconds
    assert seen(first, setting, tmp_path) == expected


def test_the_tests_run_with_the_setting_of_the_product():
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] in ("0", "1")


def test_what_the_user_has_set_for_keras_changes_no_bit(prepared, tmp_path, monkeypatch):
    """A whole training and the evaluation of its net, in fresh processes."""
    units = (DenseSpec(units=12, dropout=0.5),)
    experiment = replace(tiny.experiment(epochs=2), {"model.dense": units})
    settings = {"floatx": "float16", "epsilon": 0.1, "image_data_format": "channels_first"}
    (tmp_path / "keras.json").write_text(json.dumps({**settings, "backend": "jax"}))
    for name in ("plain", "set"):
        with tiny.child(prepared, experiment, tmp_path / name) as child:
            assert child.end() == 0, child.errors()
        monkeypatch.setenv("KERAS_HOME", str(tmp_path))
        monkeypatch.setenv("KERAS_MAX_EPOCHS", "1")
        monkeypatch.setenv("KERAS_MAX_STEPS_PER_EPOCH", "3")
    plain, there = (records.read(tmp_path / name / "result.json") for name in ("plain", "set"))
    assert there.weights_sha256 == plain.weights_sha256
    assert there.evaluations == plain.evaluations
    assert [point.train_loss for point in there.curve] == [p.train_loss for p in plain.curve]
    (tmp_path / "set" / "test_1.npz").unlink()
    code = "import sys; from alexnet_tf import evaluate; sys.exit(evaluate.main(sys.argv[1:]))"
    places = ["--data", str(prepared.data_dir), "--cache", str(prepared.cache)]
    ended = tiny.python(code, str(tmp_path / "set"), *places)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout.splitlines()[-1])["loss"] == plain.evaluations[2].loss


def test_a_net_is_built_in_plain_keras_and_the_caller_s_settings_hold_again():
    image = np.random.default_rng(0).normal(size=(2, 24, 24, 3)).astype(np.float32)
    expected = np.asarray(build_alexnet(CIFAR_ALEXNET)(image))
    with plain_keras():  # restores what the rest of this test sets
        keras.config.set_floatx("float16")
        keras.config.set_dtype_policy("mixed_float16")
        keras.config.set_image_data_format("channels_first")
        keras.config.set_epsilon(0.5)
        net = build_alexnet(CIFAR_ALEXNET)
        assert keras.config.floatx() == "float16" and keras.config.epsilon() == 0.5
        assert keras.config.image_data_format() == "channels_first"
        assert keras.config.dtype_policy().name == "mixed_float16"
        np.testing.assert_array_equal(np.asarray(net(image)), expected)


def test_a_keras_that_was_loaded_with_another_backend_is_told(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match="runs on jax. Set KERAS_BACKEND=tensorflow"):
        build_alexnet(CIFAR_ALEXNET)
