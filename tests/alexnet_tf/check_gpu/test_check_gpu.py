"""The checks of a device, asked of the processor; what they say where something is wrong."""

from __future__ import annotations

import contextlib
import json
import math
from pathlib import Path

import pytest
import tiny

from alexnet_tf.check_gpu import __main__ as command
from alexnet_tf.check_gpu import checks, trainings
from alexnet_tf.check_gpu.findings import Finding, within
from alexnet_tf.environment import visible_gpu
from alexnet_tf.errors import DeviceError
from alexnet_tf.spec import replace

tiny.pin_one_thread()


@pytest.mark.parametrize(
    ("value", "passed"), [(1e-6, True), (1e-5, True), (2e-5, False), (math.nan, False)]
)
def test_a_bound_is_kept_or_broken_and_nan_breaks_it(value, passed):
    assert within("sum", value, 1e-5).passed is passed


def test_the_processor_multiplies_and_convolves_in_float32():
    found = checks.arithmetic_of("CPU:0")
    assert [each.passed for each in found] == [True, True]
    assert all(0 < float(each.found) for each in found), "compared with itself"


def test_a_rounded_product_breaks_the_bound(monkeypatch):
    """What TensorFloat-32 does: factors of 10 bits after the point."""
    multiply = checks.tf.constant

    def rounded(values):
        bits = values.view("uint32")
        return multiply(((bits + 0x1000) & 0xFFFFE000).view("float32"))

    monkeypatch.setattr(checks.tf, "constant", rounded)
    product, convolved = checks.arithmetic_of("CPU:0")
    assert not product.passed and convolved.passed


def test_layers_are_compared_with_the_processor(monkeypatch):
    monkeypatch.setattr(checks, "_NETS", {"CIFAR_11PCT": checks.CIFAR_11PCT})
    found = checks.nets("CPU:0")
    assert len(found) == 2 * len(checks._NETS) and all(each.passed for each in found)


def test_a_layer_that_computes_something_else_is_found(monkeypatch):
    honest = checks._gradients

    def wrong(spec, device):
        found = honest(spec, device)
        found[1] = found[1] * (1.02 if device == "CPU:1" else 1)
        return found

    monkeypatch.setattr(checks, "_gradients", lambda spec, device: wrong(spec, device))
    monkeypatch.setattr(checks, "_NETS", {"CIFAR_18PCT": checks.CIFAR_18PCT})
    monkeypatch.setattr(checks.tf, "device", lambda name: checks.tf.name_scope("here"))
    logits, gradients = checks.nets("CPU:1")
    assert logits.passed and not gradients.passed


def test_two_towers_lie_on_two_devices():
    found = command._asked("towers", "CPU:0", {"CUDA_VISIBLE_DEVICES": "-1"})
    assert [each.passed for each in found] == [True, True]
    assert found[0].check == "two towers on CPU:0 + CPU:1"


def test_trainings_are_repeated_and_one_is_stopped_and_continued(tmp_path):
    changes = {"data.train_images": 300, "data.test_images": 100, "train.epochs": 2}
    few = replace(trainings.SHORT, {**changes, "model": tiny.experiment().model})
    again, stopped, error = trainings.repeatable(tmp_path / "float32", "float32", {}, few)
    assert again.passed and stopped.passed and again.found == stopped.found
    assert error.found.endswith("%")
    assert json.loads((tmp_path / "float32" / "stopped" / "result.json").read_bytes())["resumes"]


class Told:
    """In place of a training: one in float16 of 16 updates, the first of which overflowed."""

    def __init__(self, folder, spec, environment):
        assert spec.train.precision == folder.parent.name

    def going(self):
        return contextlib.nullcontext(self)

    def stop_after_an_epoch(self):
        """Nothing runs."""

    def wait(self):
        """Nothing runs."""

    def end(self):
        return "ab" * 32

    def record(self):
        return {"test_error": 0.5, "skipped_updates": 1, "curve": [{"updates": 15}]}


def test_in_float16_the_updates_that_overflowed_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(trainings, "_Training", Told)
    *others, last = trainings.repeatable(tmp_path / "mixed_float16", "mixed_float16", {})
    assert last.check == "mixed_float16: updates left out, whose gradients overflowed"
    assert last.found == "1 of 16" and len(others) == 3
    assert len(trainings.repeatable(tmp_path / "float32", "float32", {})) == 3


def test_a_gpu_is_asked_for_every_precision_and_a_processor_for_one():
    assert command._precisions("CPU") == ("float32",)
    every = ("float32", "tensorfloat32", "mixed_bfloat16", "mixed_float16")
    assert command._precisions("GPU") == every


def test_other_weights_are_a_failure():
    assert not trainings._same("trained again", "ab" * 32, "cd" * 32).passed


def ends_with(folder: Path, words: str, code: int) -> str:
    """A program in place of Python that says these words and ends with this code."""
    program = folder / "python"
    program.write_text(f'#!/bin/sh\necho "{words}" >&2\nexit {code}\n')
    program.chmod(0o755)
    return str(program)


def test_a_training_that_cannot_run_says_why(tmp_path, monkeypatch):
    program = ends_with(tmp_path, "alexnet_tf.train: no such images", 3)
    monkeypatch.setattr(trainings.sys, "executable", program)
    with pytest.raises(DeviceError, match=r"a training failed: alexnet_tf\.train: no such images"):
        trainings.repeatable(tmp_path / "float32", "float32", {})


# --- the command --------------------------------------------------------------------------


def test_a_machine_without_a_gpu_is_told_what_to_install(monkeypatch, capfd):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert command.main([]) == 4
    said = capfd.readouterr().err.strip()
    assert said.startswith("alexnet_tf.check_gpu: TensorFlow sees no GPU. Install its CUDA")
    assert len(said.splitlines()) == 1


def test_another_kind_of_device_is_refused(capfd):
    assert command.main(["--device", "TPU:0"]) == 2
    assert "--device must be CPU, GPU:0, GPU:1, ... Received: TPU:0" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("visible", "index", "expected"), [(None, 1, "1"), ("3,5", 1, "5"), ("GPU-ab", 0, "GPU-ab")]
)
def test_a_gpu_is_numbered_as_tensorflow_numbers_it(monkeypatch, visible, index, expected):
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert visible_gpu(index) == expected


def test_a_gpu_that_is_not_visible_is_refused(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    with pytest.raises(DeviceError, match="no GPU:1: CUDA_VISIBLE_DEVICES names 1"):
        visible_gpu(1)


def test_a_broken_bound_is_the_exit_code_and_every_finding_is_kept(tmp_path, monkeypatch, capfd):
    made = [within("products", 1.0, 1e-5), Finding(check="memory", found="1.00 GiB")]
    monkeypatch.setattr(command, "findings", lambda device, speed: iter(made))
    assert command.main(["--device", "CPU", "--out", str(tmp_path / "found.json")]) == 4
    shown = capfd.readouterr()
    assert "FAIL products: 1.0e+00 (wanted <= 1e-05)" in shown.out
    assert "ok   memory: 1.00 GiB" in shown.out
    assert shown.err.strip() == ("alexnet_tf.check_gpu: 1 of 2 checks failed on CPU: products")
    kept = json.loads((tmp_path / "found.json").read_bytes())
    assert [each["check"] for each in kept["findings"]] == ["products", "memory"]
    assert kept["environment"]["tensorflow"]


def test_a_check_that_ends_with_an_error_is_a_finding(tmp_path, monkeypatch):
    monkeypatch.setattr(command.sys, "executable", ends_with(tmp_path, "KeyError: conv1", 1))
    (found,) = command._asked("nets", "CPU:0", {})
    assert not found.passed and found.found == "KeyError: conv1" and found.wanted == "an answer"
