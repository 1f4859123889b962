"""Threads, and the digits of float32 products on a GPU, with GPUs that are not there."""

from __future__ import annotations

import types

import pytest
import tensorflow as tf
import tiny

from alexnet_tf import arithmetic, gpus
from alexnet_tf.errors import EnvironmentChangedError

tiny.pin_one_thread()


@pytest.fixture(autouse=True)
def _as_before():
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    yield
    tf.config.experimental.enable_tensor_float_32_execution(before)


@pytest.mark.parametrize(
    ("precision", "rounds"),
    [("float32", False), ("tensorfloat32", True), ("mixed_bfloat16", False)],
)
def test_only_tensorfloat32_lets_a_gpu_round_float32(precision, rounds):
    tf.config.experimental.enable_tensor_float_32_execution(not rounds)
    arithmetic.set_up_gpus(precision)
    assert tf.config.experimental.tensor_float_32_execution_enabled() == rounds


def test_every_gpu_takes_memory_as_it_needs_it(monkeypatch):
    asked: list[tuple[str, bool]] = []

    def grow(gpu, on):
        asked.append((gpu, on))
        if gpu == "one":
            raise RuntimeError("Physical devices cannot be modified after being initialized")

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["one", "two"])
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", grow)
    arithmetic.set_up_gpus()
    assert asked == [("one", True), ("two", True)]


def test_another_number_of_threads_than_the_process_has_is_refused():
    tf.reduce_sum(tf.ones(3))
    with pytest.raises(EnvironmentChangedError, match="another number of threads than 3"):
        arithmetic.pin(threads=3)


# --- what computes on a GPU ---------------------------------------------------------------


def test_without_a_gpu_there_is_nothing_to_say():
    assert gpus.names() == () and gpus.software() == ""


def test_the_software_of_a_gpu_is_what_is_loaded(monkeypatch, tmp_path):
    cards = {
        "a": {"device_name": "NVIDIA A", "compute_capability": (9, 0)},
        "b": {"device_name": "NVIDIA B", "compute_capability": (8, 6)},
        "c": {},
    }
    monkeypatch.setattr(gpus, "_gpus", lambda: [types.SimpleNamespace(name=n) for n in "ab"])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: cards[gpu.name])
    monkeypatch.setattr(gpus, "_driver", lambda: "580.159.04")
    monkeypatch.setattr(gpus, "_loaded", lambda name: None)
    assert gpus.names() == ("NVIDIA A", "NVIDIA B")
    assert gpus.software() == "compute capability 8.6 and 9.0, driver 580.159.04"
    monkeypatch.setattr(gpus, "_gpus", lambda: [types.SimpleNamespace(name="c")])
    assert gpus.names() == ("GPU",)


class _Library:
    """A library of CUDA 12.9, cuBLAS 12.9.1 and cuDNN 9.19.0, called as ctypes would."""

    class cudnnGetVersion:
        restype: object = None

        def __new__(cls):
            return 91900

    def cudaRuntimeGetVersion(self, number):
        number._obj.value = 12090
        return 0

    def cublasGetProperty(self, which, number):
        number._obj.value = (12, 9, 1)[which]
        return 0


def test_versions_of_loaded_libraries(monkeypatch):
    monkeypatch.setattr(gpus, "_loaded", lambda name: _Library())
    assert (gpus._cuda(), gpus._cublas(), gpus._cudnn()) == ("12.9", "12.9.1", "9.19.0")


def test_the_driver_is_read_from_the_kernel(tmp_path):
    path = tmp_path / "version"
    path.write_text(
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.159.04  Release Build\n"
        "GCC version:  gcc version 13.3.0\n"
    )
    assert gpus._driver(path) == "580.159.04"
    assert gpus._driver(tmp_path / "missing") == ""


def test_only_what_the_process_has_loaded_counts(tmp_path):
    assert gpus._loaded("libcudnn.so") is None
    assert gpus._loaded("libtensorflow_framework.so") is not None
    assert gpus._loaded("libc.so", tmp_path / "missing") is None
