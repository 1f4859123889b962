"""Weights in `.npy` and `.npz`, with arrays or with the pickled dict of caffe-tensorflow."""

from __future__ import annotations

import ast
import io
import re
import zipfile
from typing import Any, BinaryIO

import numpy as np

from alexnet_tf.weights.blobs import Blobs, flat, shaped
from alexnet_tf.weights.unpickle import Built, load

_LONGEST = 10_000  # bytes of a header, as NumPy allows


def read_npy(data: bytes) -> Blobs:
    """Read the dict {layer: [weights, biases]} of a `.npy`, as `bvlc_alexnet.npy` has it.

    Args:
        data: of the file; it may be pickled by Python 2.

    Raises:
        ValueError: the file is damaged, or its pickle asks for anything but arrays.
    """
    return Blobs(dict(flat(_array(io.BytesIO(data)))))


def read_npz(data: bytes) -> Blobs:
    """Read the arrays of an `.npz` by their names, or the dicts of arrays in it.

    Args:
        data: of the file.

    Raises:
        ValueError: the file is damaged, or a pickle in it asks for anything but arrays.
        zipfile.BadZipFile: it is damaged, or no archive.
    """
    found: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            value = _array(io.BytesIO(archive.read(name)))
            found |= flat(value, name.removesuffix(".npy"))
    return Blobs(found)


def _array(file: BinaryIO) -> Any:
    """Return the array of an open `.npy`, or the object that it holds in place of numbers."""
    shape, fortran, dtype = _header(file)
    if dtype.hasobject:
        return load(file, _KNOWN)
    numbers = shaped(file.read(), dtype, shape[::-1] if fortran else shape)
    return numbers.T if fortran else numbers


def _header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Return shape, Fortran's order or not, and type; NumPy's own reader warns of Python 2's."""
    start = file.read(8)
    if start[:6] != b"\x93NUMPY":
        raise ValueError("it is no file of NumPy")
    length = int.from_bytes(file.read(2 if start[6] == 1 else 4), "little")
    if length > _LONGEST:
        raise ValueError(f"its header of {length:,} bytes is too long")
    text = re.sub(r"(\d)L\b", r"\1", file.read(length).decode("latin1"))  # Python 2: (96L,)
    try:
        facts = ast.literal_eval(text.strip())
    except SyntaxError as error:
        raise ValueError("its header is damaged") from error
    return tuple(facts["shape"]), bool(facts["fortran_order"]), np.dtype(facts["descr"])


class _Type(Built):
    """A pickled `numpy.dtype`."""

    def __init__(self, code: Any, *_: Any):
        self.code, self.big = code, False

    def build(self, state: Any) -> None:
        self.big = state[1] == ">"

    def value(self) -> Any:
        kind = np.dtype(self.code[:1] if self.code == "O8" else self.code)
        return kind.newbyteorder(">") if self.big else kind


class _Array(Built):
    """A pickled `numpy.ndarray`: of numbers, or a lone object such as the dict of a `.npy`."""

    def __init__(self, *_: Any):
        self.state: Any = None

    def build(self, state: Any) -> None:
        self.state = state

    def value(self) -> Any:
        _, shape, kind, fortran, data = self.state
        dtype = kind.value()
        if dtype.hasobject:
            return data[0] if shape == () else data
        data = data.encode("latin1") if isinstance(data, str) else data  # Python 2's bytes
        numbers = shaped(data, dtype, shape[::-1] if fortran else shape)
        return numbers.T if fortran else numbers


def _class(*_: Any) -> Any:
    raise TypeError  # a class that only stands as an argument


def _encoded(text: str, encoding: str) -> bytes:
    """Return what a pickle of protocol 2 holds in place of bytes."""
    if encoding not in ("latin1", "latin-1"):
        raise ValueError(f"its pickle has bytes encoded as {encoding}")
    return text.encode("latin1")


_KNOWN = {
    "numpy.core.multiarray._reconstruct": _Array,
    "numpy._core.multiarray._reconstruct": _Array,
    "numpy.ndarray": _class,
    "numpy.dtype": _Type,
    "_codecs.encode": _encoded,
    "collections.OrderedDict": lambda *items: dict(*items),
}
