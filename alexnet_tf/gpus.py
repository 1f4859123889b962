"""The GPUs that TensorFlow sees, and the libraries that it has loaded to compute on them."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

import tensorflow as tf

from alexnet_tf.errors import DeviceError


def names() -> tuple[str, ...]:
    """Return the name of each visible GPU, in TensorFlow's order; of an unknown one "GPU"."""
    return tuple(_details(gpu, "device_name", "GPU") for gpu in _gpus())


def require() -> None:
    """Raise where TensorFlow sees no GPU, with what to do about it.

    Raises:
        DeviceError: it sees none.
    """
    if not _gpus():
        raise DeviceError(
            "TensorFlow sees no GPU. Install its CUDA libraries, pip install "
            "'alexnet-ablations[cuda]', and look at nvidia-smi for the driver"
        )


def software() -> str:
    """Return what computes on the visible GPUs: compute capability, driver, CUDA, cuBLAS, cuDNN.

    The versions are those of the libraries in the memory of this process, which need not be
    those that TensorFlow was built with. A part that cannot be found out is left out.

    Returns:
        Such as "compute capability 9.0, driver 580.159.04, CUDA 12.9, cuDNN 9.12.0"; empty
        without a GPU.
    """
    gpus = _gpus()
    if not gpus:
        return ""
    found = {_details(gpu, "compute_capability", (0, 0)) for gpu in gpus}
    capability = " and ".join(f"{major}.{minor}" for major, minor in sorted(found))
    parts = {
        "compute capability": capability,
        "driver": _driver(),
        "CUDA": _cuda(),
        "cuBLAS": _cublas(),
        "cuDNN": _cudnn(),
    }
    return ", ".join(f"{name} {value}" for name, value in parts.items() if value)


def _gpus() -> list[tf.config.PhysicalDevice]:
    return tf.config.list_physical_devices("GPU")


def _details(gpu: tf.config.PhysicalDevice, name: str, default):
    return tf.config.experimental.get_device_details(gpu).get(name, default)


def _driver(path: Path = Path("/proc/driver/nvidia/version")) -> str:
    try:
        words = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = re.search(r"Module.*?\s(\d+\.[\d.]+)", words)
    return found[1] if found else ""


def _cuda() -> str:
    library, number = _loaded("libcudart.so"), ctypes.c_int()
    if library is None or library.cudaRuntimeGetVersion(ctypes.byref(number)):
        return ""
    return f"{number.value // 1000}.{number.value % 1000 // 10}"


def _cublas() -> str:
    library, parts = _loaded("libcublas.so"), []
    if library is None:
        return ""
    for which in range(3):  # MAJOR_VERSION, MINOR_VERSION, PATCH_LEVEL
        number = ctypes.c_int()
        if library.cublasGetProperty(which, ctypes.byref(number)):
            return ""
        parts.append(str(number.value))
    return ".".join(parts)


def _cudnn() -> str:
    library = _loaded("libcudnn.so")
    if library is None:
        return ""
    library.cudnnGetVersion.restype = ctypes.c_size_t
    number = library.cudnnGetVersion()
    return f"{number // 10000}.{number % 10000 // 100}.{number % 100}"


def _loaded(name: str, maps: Path = Path("/proc/self/maps")) -> ctypes.CDLL | None:
    """Return the library of that name that this process has loaded; None: it has not."""
    try:
        lines = maps.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    paths = (line.partition("/") for line in lines)
    found = [f"/{path}" for _, slash, path in paths if slash and Path(path).name.startswith(name)]
    return ctypes.CDLL(found[0]) if found else None
