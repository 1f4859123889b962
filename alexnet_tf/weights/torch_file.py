"""Weights of PyTorch without PyTorch: `.pth` and `.pt` of `torch.save`, and `.safetensors`."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from alexnet_tf.weights.blobs import Blobs, flat, shaped
from alexnet_tf.weights.unpickle import load

_BFLOAT16 = "bfloat16"
_STORAGES = {
    "torch.FloatStorage": "f4",
    "torch.DoubleStorage": "f8",
    "torch.HalfStorage": "f2",
    "torch.BFloat16Storage": _BFLOAT16,
    "torch.LongStorage": "i8",
    "torch.IntStorage": "i4",
}
_SAFE = {"F64": "f8", "F32": "f4", "F16": "f2", "BF16": _BFLOAT16, "I64": "i8", "I32": "i4"}
_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001  # of files before PyTorch 1.6


def read_torch(data: bytes) -> Blobs:
    """Read a state dict that `torch.save` wrote, alone or as a checkpoint's `state_dict`.

    Args:
        data: of the file, a zip archive, or of the form that was usual before PyTorch 1.6.

    Raises:
        ValueError: the file is damaged, or its pickle asks for anything but tensors.
        zipfile.BadZipFile: it is a damaged archive.
    """
    value, storages = _zipped(data) if data[:2] == b"PK" else _legacy(io.BytesIO(data))
    for key in ("state_dict", "model"):
        if isinstance(value, dict) and isinstance(value.get(key), dict):
            value = value[key]
    return _of_torchvision(dict(flat(_with_arrays(value, storages))))


def read_safetensors(data: bytes) -> Blobs:
    """Read the tensors of a `.safetensors`: a JSON header, and the numbers it points into.

    Args:
        data: of the file.

    Raises:
        ValueError: the file is damaged.
    """
    whole = memoryview(data)
    start = 8 + int.from_bytes(data[:8], "little")
    if start > len(whole):
        raise ValueError("it is cut short, or no file of safetensors")
    found: dict[str, np.ndarray] = {}
    for name, facts in json.loads(bytes(whole[8:start])).items():
        if name != "__metadata__":
            begin, end = facts["data_offsets"]
            numbers, kind = whole[start:][begin:end], _SAFE.get(facts["dtype"])
            if kind is None:
                raise ValueError(f"{name} has numbers of the type {facts['dtype']}")
            found[name] = _decoded(numbers, kind, tuple(facts["shape"]))
    return _of_torchvision(found)


def _of_torchvision(arrays: dict[str, np.ndarray]) -> Blobs:
    """Refuse other names: with Caffe's it would not be known which colour conv1 sees first."""
    if not any(name.removeprefix("module.").startswith("features.") for name in arrays):
        some = ", ".join(ascii(name[:30]) for name in [*arrays][:8]) or "no arrays"
        raise ValueError(f"it has not torchvision's names, such as features.0.weight, but {some}")
    return Blobs(arrays)


@dataclass(frozen=True)
class _Tensor:
    """Part of a storage: extents and steps count numbers, not bytes."""

    storage: tuple[str, str]  # type of its numbers, and key
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> _Tensor:
    return _Tensor(storage, offset, size, stride)


_KNOWN = {
    **_STORAGES,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": lambda data, *_: data,
    "collections.OrderedDict": lambda *items: dict(*items),
}


def _storage(identity: Any) -> tuple[str, str]:
    """Return what a pickle says of a storage: ("storage", type, key, device, count, ...)."""
    return identity[1], str(identity[2])


def _zipped(data: bytes) -> tuple[Any, Callable[[str], bytes]]:
    """Return the pickled value of an archive, and what gives the bytes of a storage."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    pickles = [name for name in archive.namelist() if name.endswith("data.pkl")]
    if len(pickles) != 1:
        raise ValueError("it is an archive without a data.pkl, and so not of torch.save")
    folder = pickles[0].removesuffix("data.pkl")
    if f"{folder}byteorder" in archive.namelist():
        if archive.read(f"{folder}byteorder") != b"little":
            raise ValueError("its numbers have the highest byte first")
    value = load(io.BytesIO(archive.read(pickles[0])), _KNOWN, _storage)
    return value, lambda key: archive.read(f"{folder}data/{key}")


def _legacy(file: io.BytesIO) -> tuple[Any, Callable[[str], bytes]]:
    """Return the same of four pickles in a row, a list of keys, and the storages in its order."""
    if (load(file, {}), load(file, {})) != (_MAGIC, _PROTOCOL):
        raise ValueError("it is no file of torch.save")
    load(file, {})  # sizes of C's types
    kinds: dict[str, str] = {}

    def storage(identity: Any) -> tuple[str, str]:
        kind, key = _storage(identity)
        kinds[key] = kind
        return kind, key

    value = load(file, _KNOWN, storage)
    held: dict[str, bytes] = {}
    for key in load(file, {}):
        count = int.from_bytes(file.read(8), "little", signed=True)
        width = 2 if kinds[key] == _BFLOAT16 else int(kinds[key][1:])
        held[key] = file.read(max(count, 0) * width)
    return value, held.__getitem__


def _with_arrays(value: Any, storages: Callable[[str], bytes]) -> Any:
    """Return a value with arrays in place of its tensors."""
    if isinstance(value, _Tensor):
        return _numbers(value, storages)
    if isinstance(value, dict):
        return {key: _with_arrays(item, storages) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_arrays(item, storages) for item in value]
    return value


def _numbers(tensor: _Tensor, storages: Callable[[str], bytes]) -> np.ndarray:
    kind, key = tensor.storage
    data = storages(key)
    whole = _decoded(data, kind, (len(data) // (2 if kind == _BFLOAT16 else int(kind[1:])),))
    steps = zip(tensor.size, tensor.stride, strict=True)
    last = tensor.offset + sum((extent - 1) * step for extent, step in steps)
    numbers = (tensor.offset, *tensor.size, *tensor.stride)
    if min(numbers) < 0 or math.prod(tensor.size) > len(whole) or last >= len(whole):
        raise ValueError(f"it is cut short: a tensor of shape {tensor.size} is not all there")
    view = np.lib.stride_tricks.as_strided(
        whole[tensor.offset :], tensor.size, [step * whole.itemsize for step in tensor.stride]
    )
    return view.copy()


def _decoded(data: Any, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return little-endian numbers of a type; a bfloat16 is the upper half of a float32."""
    if kind != _BFLOAT16:
        return shaped(data, np.dtype(f"<{kind}"), shape)
    halves = shaped(data, np.dtype("<u2"), shape)
    return (halves.astype(np.uint32) << 16).view(np.float32)
