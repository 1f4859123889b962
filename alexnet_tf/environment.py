"""The machine and the versions that a run was computed with."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from alexnet_tf.errors import DeviceError
from alexnet_tf.records import Environment

_VECTOR_INSTRUCTIONS = ("amx_bf16", "avx512_bf16", "avx512f", "avx2", "avx", "sse4_2", "asimd")


def describe(*, threads: int, device: str = "CPU", cuda: str = "") -> Environment:
    """Return the environment of this process.

    Args:
        threads: of an operation, as the run has set them; nothing is set here.
        device: "CPU", or the GPU's name.
        cuda: what computes on the GPU, as `gpus.software` gives it; empty without one.

    Returns:
        The processor's name and its widest vector instructions are read from /proc/cpuinfo;
        without that file the instructions are "unknown". Cores are those that the process may
        run on. A version is "not installed" where the package is missing.
    """
    cpu, flags = _cpu()
    return Environment(
        cpu=cpu,
        isa=next((name for name in _VECTOR_INSTRUCTIONS if name in flags), "unknown"),
        device=device,
        cores=cores(),
        threads=threads,
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        system=f"{platform.system()} {platform.release()}",
        host=platform.node(),
        python=platform.python_version(),
        tensorflow=_version("tensorflow"),
        keras=_version("keras"),
        numpy=_version("numpy"),
        onednn=os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        code=_code(),
        cuda=cuda,
    )


def visible_gpu(index: int) -> str:
    """Return what CUDA_VISIBLE_DEVICES calls the GPU that TensorFlow numbers so in this process.

    Args:
        index: 0 for the first.

    Raises:
        DeviceError: that variable is set and names fewer GPUs.
    """
    names = os.environ.get("CUDA_VISIBLE_DEVICES")
    if names is None:
        return str(index)
    listed = [name.strip() for name in names.split(",") if name.strip()]
    if index >= len(listed):
        raise DeviceError(f"there is no GPU:{index}: CUDA_VISIBLE_DEVICES names {len(listed)}")
    return listed[index]


def cores() -> int:
    """Return how many cores this process may use: those it is bound to, or all; at least 1."""
    bound = hasattr(os, "sched_getaffinity")
    return len(os.sched_getaffinity(0)) if bound else os.cpu_count() or 1


@contextmanager
def plain_keras() -> Iterator[None]:
    """Give Keras its own defaults inside: a keras.json or a variable KERAS_* changes no number.

    They are the type float32, the channels last, and neither a limit of epochs nor of steps. The
    settings of before hold again afterwards.

    Raises:
        RuntimeError: Keras was loaded with another backend than TensorFlow, by the caller.
    """
    from keras import backend, config

    if backend.backend() != "tensorflow":
        raise RuntimeError(
            f"Keras runs on {backend.backend()}. Set KERAS_BACKEND=tensorflow, or import "
            "alexnet_tf first."
        )
    settings = {
        "floatx": "float32",
        "dtype_policy": "float32",
        "image_data_format": "channels_last",
        "epsilon": 1e-7,
        "max_epochs": None,
        "max_steps_per_epoch": None,
    }
    before = {name: getattr(config, name)() for name in settings}
    try:
        for name, value in settings.items():
            getattr(config, f"set_{name}")(value)
        yield
    finally:
        for name, value in before.items():
            getattr(config, f"set_{name}")(value)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _cpu() -> tuple[str, frozenset[str]]:
    """Return the processor's name and its flags; elsewhere than on Linux a name alone."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine(), frozenset()
    fields = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)
    }
    flags = fields.get("flags", fields.get("Features", ""))
    return fields.get("model name", platform.machine()), frozenset(flags.split())


def _code() -> str:
    """Return the git commit of a checkout, with "-dirty" after local changes, else the version."""
    root = Path(__file__).parent.parent
    if not (root / ".git").exists():
        return _version("alexnet-ablations")
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return _version("alexnet-ablations")
    return answer.stdout.strip()
