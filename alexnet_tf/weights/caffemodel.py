"""Weights in a `.caffemodel`: the fields needed of Caffe's protocol buffers, and no others.

NetParameter has `layer` = 100 (name = 1, type = 2, blobs = 7) or, before 2015, `layers` = 2
(name = 4, type = 5, blobs = 6). A blob has `shape` = 7 or num, channels, height and width = 1
to 4, and `data` = 5 in float or `double_data` = 8.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from alexnet_tf.weights.blobs import Blobs, shaped

_LAYER, _OLD_LAYER = 100, 2
# of a layer: the numbers of its name, its type and its blobs
_FIELDS = {_LAYER: (1, 2, 7), _OLD_LAYER: (4, 5, 6)}
_NORM, _POOL = (b"LRN", 15), (b"Pooling", 17)


def read_caffemodel(data: bytes) -> Blobs:
    """Read the blobs of every layer as "conv1.0" (weights) and "conv1.1" (biases).

    The order of the file's layers says whether its norms come before pooling.

    Args:
        data: of the file.

    Raises:
        ValueError: it is cut short, damaged, or no protocol buffer.
    """
    arrays: dict[str, np.ndarray] = {}
    steps = list[str]()
    for number, layer in fields(memoryview(data)):
        if number not in _FIELDS or not isinstance(layer, memoryview):
            continue
        name_at, type_at, blobs_at = _FIELDS[number]
        name, kind, blobs = "", None, list[np.ndarray]()
        for at, value in fields(layer):
            if at == name_at:
                name = bytes(value).decode()
            elif at == type_at:
                kind = bytes(value) if isinstance(value, memoryview) else value
            elif at == blobs_at:
                blobs.append(_blob(value))
        arrays |= {f"{name}.{index}": blob for index, blob in enumerate(blobs)}
        steps += ["norm"] * (kind in _NORM) + ["pool"] * (kind in _POOL)
    norm_first = steps[0] == "norm" if "norm" in steps and "pool" in steps else None
    return Blobs(arrays, norm_first)


def fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """Yield (number, value) of a message's fields: an int, or the bytes of anything longer.

    Args:
        message: bytes of one message.

    Raises:
        ValueError: a field reaches beyond the end, or is of no known kind.

    >>> [(n, bytes(v)) for n, v in fields(memoryview(b"\\x0a\\x05conv1"))]
    [(1, b'conv1')]
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        wire = key & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if wire not in (1, 2, 5):
            raise ValueError(f"it is damaged, or no file of Caffe: field of kind {wire}")
        size = 8 if wire == 1 else 4
        if wire == 2:
            size, at = _varint(message, at)
        if at + size > len(message):
            raise ValueError(f"it is cut short: {at + size - len(message):,} bytes are missing")
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, the lowest first, and where it ends."""
    number = 0
    for index in range(10):
        if at + index >= len(message):
            raise ValueError("it is cut short")
        byte = message[at + index]
        number |= (byte & 127) << 7 * index
        if byte < 128:
            return number, at + index + 1
    raise ValueError("it is damaged, or no file of Caffe: a number without end")


def _blob(message: memoryview) -> np.ndarray:
    """Return a blob in its own shape; of four extents where the file is an old one."""
    old, shape = [1, 1, 1, 1], None
    parts: dict[int, list[memoryview]] = {5: [], 8: []}
    for number, value in fields(message):
        if number in (1, 2, 3, 4):
            old[number - 1] = value
        elif number == 7:
            shape = _dimensions(value)
        elif number in parts:
            parts[number].append(value)
    numbers, dtype = (parts[8], "<f8") if parts[8] else (parts[5], "<f4")
    data = numbers[0] if len(numbers) == 1 else b"".join(numbers)  # one part if it is packed
    return shaped(data, np.dtype(dtype), tuple(old if shape is None else shape))


def _dimensions(message: memoryview) -> list[int]:
    """Return the extents of a BlobShape, packed into one field or one a field."""
    found = list[int]()
    for number, value in fields(message):
        if number != 1:
            continue
        at = 0
        while isinstance(value, memoryview) and at < len(value):
            extent, at = _varint(value, at)
            found.append(extent)
        if isinstance(value, int):
            found.append(value)
    return found
