"""Files of weights in the layouts of others, of random numbers.

Nets and arrays here are Caffe's and PyTorch's: (maps, inputs, height, width), (outputs, inputs).
"""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from alexnet_tf.spec import Experiment, replace

#: Layer -> (weights, biases), in the order of the layers.
Arrays = dict[str, tuple[np.ndarray, np.ndarray]]

CAFFE = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8")
TORCHVISION = ("features.0", "features.3", "features.6", "features.8", "features.10")
TORCHVISION += ("classifier.1", "classifier.4", "classifier.6")
GROUPS = {"conv2": 2, "conv4": 2, "conv5": 2}

#: Maps and units of small nets with two groups and with one, and the maps that fc6 sees.
MAPS, WHOLE_MAPS, HIDDEN, SIDE = (8, 12, 12, 12, 8), (6, 12, 12, 8, 8), (10, 14), 3


def small(base: Experiment, maps: tuple[int, ...], classes: int = 7) -> Experiment:
    """The same net with few maps and units for images of 103 pixels.

    Each pooling on the way to 3 x 3 maps has a window that overhangs, but for torchvision's first.
    """
    changes = {f"model.convs.{index}.filters": count for index, count in enumerate(maps)}
    changes |= {f"model.dense.{index}.units": count for index, count in enumerate(HIDDEN)}
    return replace(base, {"model.input_size": 103, "model.classes": classes, **changes})


def drawn_small(maps: tuple[int, ...] = MAPS, classes: int = 7, *, grouped: bool = True) -> Arrays:
    """Random weights of a `small` net."""
    return drawn(maps, (*HIDDEN, classes), SIDE**2 * maps[-1], grouped=grouped)


def drawn(
    maps: tuple[int, ...], units: tuple[int, ...], features: int, *, grouped: bool, seed: int = 0
) -> Arrays:
    """Weights of eight layers, whose conv1 and conv2 make outputs of about a hundred."""
    rng, inputs, made = np.random.default_rng(seed), 3, Arrays()
    for name, kernel, count in zip(CAFFE, (11, 5, 3, 3, 3), maps, strict=False):
        seen = inputs // GROUPS.get(name, 1) if grouped else inputs
        gain = {"conv3": 0.03}.get(name, 1.4)
        weights = rng.standard_normal((count, seen, kernel, kernel), np.float32)
        weights *= gain / np.sqrt(seen * kernel**2)
        made[name] = (weights, rng.normal(0.1, 0.1, count).astype(np.float32))
        inputs = count
    inputs = features
    for name, count in zip(CAFFE[5:], units, strict=True):
        weights = rng.standard_normal((count, inputs), np.float32)
        weights *= 1.4 / np.sqrt(inputs)
        made[name] = (weights, rng.normal(0.1, 0.1, count).astype(np.float32))
        inputs = count
    return made


def channels_last(weights: np.ndarray, side: int = 0) -> np.ndarray:
    """Weights as caffe-tensorflow turns them; `side` of the maps that fc6 sees."""
    if weights.ndim == 4:
        return weights.transpose(2, 3, 1, 0)
    if side:
        weights = weights.reshape(len(weights), -1, side, side).transpose(0, 2, 3, 1)
    return weights.reshape(len(weights), -1).T


def as_npy(arrays: Arrays, path: Path, side: int) -> None:
    """The dict of caffe-tensorflow, as Python 3 pickles it."""
    held = {
        name: [np.ascontiguousarray(channels_last(w, side if name == "fc6" else 0)), b]
        for name, (w, b) in arrays.items()
    }
    np.save(path, np.array(held, dtype=object), allow_pickle=True)


def python2_npy(arrays: Arrays, path: Path, side: int) -> None:
    """The same as Python 2 pickled it: byte strings, and instructions of protocol 2 alone."""
    parts = [b"\x80\x02", _array2(b")", b"U\x02O8", b"|")]
    items = b"".join(
        _text2(name)
        + b"]("
        + _numbers2(channels_last(w, side if name == "fc6" else 0))
        + _numbers2(b)
        + b"e"
        for name, (w, b) in arrays.items()
    )
    parts.append(b"](}(" + items + b"ue" + b"tb.")
    header = io.BytesIO()
    facts = {"descr": "|O", "fortran_order": False, "shape": ()}
    np.lib.format.write_array_header_1_0(header, facts)
    path.write_bytes(header.getvalue() + b"".join(parts))


def _text2(text: str) -> bytes:
    return b"U" + bytes([len(text)]) + text.encode()


def _array2(shape: bytes, kind: bytes, order: bytes) -> bytes:
    """An array up to its data, which the state of its BUILD ends with."""
    made = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    dtype = b"cnumpy\ndtype\n" + kind + b"K\x00K\x01\x87R(K\x03U\x01" + order
    dtype += b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    return made + b"(K\x01" + shape + dtype + b"\x89"


def _numbers2(array: np.ndarray) -> bytes:
    shape = b"(" + b"".join(b"J" + struct.pack("<i", extent) for extent in array.shape) + b"t"
    data = np.ascontiguousarray(array, "<f4").tobytes()
    return _array2(shape, b"U\x02f4", b"<") + b"T" + struct.pack("<i", len(data)) + data + b"tb"


def as_npz(arrays: Arrays, path: Path, form: str = "{layer}_{letter}", names=CAFFE) -> None:
    """Arrays in the order of Caffe and PyTorch, by names such as conv1_w."""
    words = {"w": "weight", "b": "bias"}
    held = {
        form.format(layer=name, letter=letter, word=words[letter]): array
        for name, pair in zip(names, arrays.values(), strict=True)
        for letter, array in zip("wb", pair, strict=True)
    }
    np.savez(path, allow_pickle=False, **held)


def _varint(number: int) -> bytes:
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    return bytes([*made, number])


def _field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def caffemodel(
    arrays: Arrays,
    path: Path,
    *,
    old: bool = False,
    steps: tuple[str, ...] = ("LRN", "Pooling"),
) -> None:
    """A NetParameter with its layers in order; `old`: as before 2015, blobs of four extents."""
    layer_at, name_at, type_at, blob_at = (2, 4, 5, 6) if old else (100, 1, 2, 7)
    numbers = {"Convolution": 4, "InnerProduct": 14, "LRN": 15, "Pooling": 17}
    parts = [_field(1, b"AlexNet")]
    for name, pair in arrays.items():
        kinds = ["Convolution" if name.startswith("conv") else "InnerProduct"]
        kinds += steps if name in ("conv1", "conv2") else ()
        for kind in kinds:
            layer = _field(name_at, (name if kind == kinds[0] else f"{kind}_{name}").encode())
            layer += _field(type_at, numbers[kind] if old else kind.encode())
            if kind == kinds[0]:
                layer += b"".join(_field(blob_at, _blob(array, old)) for array in pair)
            parts.append(_field(layer_at, layer))
    path.write_bytes(b"".join(parts))


def _blob(array: np.ndarray, old: bool) -> bytes:
    if old:
        four = (1,) * (4 - array.ndim) + array.shape
        shape = b"".join(_field(n, extent) for n, extent in enumerate(four, start=1))
    else:
        shape = _field(7, _field(1, b"".join(map(_varint, array.shape))))
    return shape + _field(5, np.ascontiguousarray(array, "<f4").tobytes())


def safetensors(arrays: Arrays, path: Path, names=TORCHVISION) -> None:
    """A JSON header and the numbers behind it."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, pair in zip(names, arrays.values(), strict=True):
        for word, array in zip(("weight", "bias"), pair, strict=True):
            begin, data = len(data), data + array.tobytes()
            where = {"shape": list(array.shape), "data_offsets": [begin, len(data)]}
            header[f"{name}.{word}"] = {"dtype": "F32", **where}  # pyright: ignore
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


class Hostile:
    """Calls a function when Python unpickles it."""

    def __init__(self, function: Callable[..., object], *arguments: object):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def hostile_pth(path: Path, function: Callable[..., object], *arguments: object) -> None:
    """The same in an archive of `torch.save`."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/data.pkl", pickle.dumps(Hostile(function, *arguments), 2))


def hostile_npy(path: Path, function: Callable[..., object], *arguments: object) -> None:
    """A `.npy` that calls a function where NumPy is allowed to unpickle it."""
    header = io.BytesIO()
    facts = {"descr": "|O", "fortran_order": False, "shape": ()}
    np.lib.format.write_array_header_1_0(header, facts)
    path.write_bytes(header.getvalue() + pickle.dumps(Hostile(function, *arguments)))
