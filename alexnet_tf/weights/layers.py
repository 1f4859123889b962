"""From the names and layouts of Caffe, caffe-tensorflow and torchvision to layers of Keras."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from alexnet_tf.spec import ModelSpec

#: Whose names a file has: Caffe's (conv1, fc6) or torchvision's (features.0, classifier.1).
Family = Literal["caffe", "torchvision"]

#: Layer of the net -> (kernel, bias) as Keras has them, float32.
Weights = dict[str, tuple[np.ndarray, np.ndarray]]

_TORCHVISION = {
    **{"features.0": "conv1", "features.3": "conv2", "features.6": "conv3"},
    **{"features.8": "conv4", "features.10": "conv5"},
    **{"classifier.1": "fc6", "classifier.4": "fc7", "classifier.6": "fc8"},
}
_THEIRS = {ours: theirs for theirs, ours in _TORCHVISION.items()}
_KINDS = {
    **dict.fromkeys("0 w weight weights kernel".split(), "weights"),
    **dict.fromkeys("1 b bias biases".split(), "biases"),
}
_NAME = re.compile(r"(.+)[._/]([A-Za-z]+|[01])(?::0)?")


@dataclass(frozen=True)
class Named:
    """Arrays of a file by layer and kind ("weights" or "biases"), in the names of `family`."""

    family: Family
    arrays: dict[tuple[str, str], np.ndarray]

    def classes(self, output: str) -> int | None:
        """Return the number of biases of the layer `output`; None where the file has none."""
        biases = self.arrays.get((output, "biases"))
        return None if biases is None else biases.size


def named(arrays: dict[str, np.ndarray]) -> Named:
    """Sort the arrays of a file into layers.

    A name is a layer and a kind: "conv1.0", "conv1_w", "conv1/weights:0", "features.0.weight";
    parts "module" are dropped. What has no such name is passed over.

    Args:
        arrays: as a reader of a format gives them.

    Raises:
        ValueError: two names mean the same.

    >>> found = named({"conv1_w": np.ones((8, 3, 5, 5)), "conv1_b": np.zeros(8)})
    >>> found.family, sorted(found.arrays)
    ('caffe', [('conv1', 'biases'), ('conv1', 'weights')])
    """
    found: dict[tuple[str, str], np.ndarray] = {}
    family: Family = "caffe"
    for name, array in arrays.items():
        parts = [part for part in name.split(".") if part != "module"]
        match = _NAME.fullmatch(".".join(parts))
        kind = _KINDS.get(match[2].lower()) if match else None
        if match is None or kind is None:
            continue
        layer = match[1]
        if layer in _TORCHVISION:
            family, layer = "torchvision", _TORCHVISION[layer]
        if (layer, kind) in found:
            raise ValueError(f"it has {kind} of {layer} twice")
        found[layer, kind] = array
    return Named(family, found)


def weights_of(file: Named, spec: ModelSpec) -> Weights:
    """Return what a file holds, in the shapes and orders of the net of `spec`.

    Convolutions become (height, width, inputs / groups, maps), and dense layers (inputs, units).
    The rows of the first dense layer go from channels, rows, columns (Caffe, torchvision) or rows,
    columns, channels (caffe-tensorflow) to the order of `column.FlattenTowers`. Caffe's first
    kernels see blue, green, red and are turned to red, green, blue.

    Args:
        file: the arrays by layer.
        spec: of a net whose dense layers are whole and whose convolutions share their weights.

    Raises:
        ValueError: a layer is missing, has another shape, or is one that the net lacks; a number
            is not finite. The message names the layer, what it has and what is needed.
    """
    _check_names(file, spec)
    first = file.arrays[spec.names()[0], "weights"]
    shapes = _kernel_shapes(spec)
    channels_last = first.shape == shapes[spec.names()[0]]
    made: Weights = {}
    for name, shape in shapes.items():
        kernel = _kernel(file, name, shape, channels_last)
        if name == spec.names()[len(spec.convs)]:
            kernel = _rows(kernel, spec, channels_last)
        if name == spec.names()[0] and file.family == "caffe":
            kernel = kernel[:, :, ::-1]
        biases = file.arrays[name, "biases"]
        if biases.size != shape[-1] or max(biases.shape, default=0) != biases.size:
            raise ValueError(_wrong(file, name, "biases", biases.shape, [(shape[-1],)]))
        made[name] = (_numbers(kernel, name), _numbers(biases.reshape(-1), name))
    return made


def _check_names(file: Named, spec: ModelSpec) -> None:
    """Refuse a file that lacks a layer of the net, or has one that the net lacks."""
    if any(conv.weights == "local" for conv in spec.convs) or any(
        dense.groups > 1 for dense in spec.dense
    ):
        raise ValueError("its net has local weights or dense layers in groups, which no file has")
    for name in spec.names():
        for kind in ("weights", "biases"):
            if (name, kind) not in file.arrays:
                have = _listed(_theirs(file, layer) for layer, _ in file.arrays)
                raise ValueError(f"it has no {kind} of {_theirs(file, name)}. It has: {have}")
    others = [layer for layer, _ in file.arrays if layer not in spec.names()]
    if others:
        raise ValueError(f"it has weights of {_listed(others)}, which the net lacks")


def _kernel_shapes(spec: ModelSpec) -> dict[str, tuple[int, ...]]:
    """Return the shape of each layer's kernel in Keras, in the order of the layers."""
    names, inputs = spec.names(), spec.channels
    shapes = dict[str, tuple[int, ...]]()
    for name, conv in zip(names, spec.convs, strict=False):
        shapes[name] = (conv.kernel, conv.kernel, inputs // conv.groups, conv.filters)
        inputs = conv.filters
    inputs = spec.feature_size
    units = [dense.units for dense in spec.dense]
    for name, count in zip(names[len(spec.convs) :], [*units, spec.classes], strict=True):
        shapes[name], inputs = (inputs, count), count
    return shapes


def _kernel(file: Named, name: str, shape: tuple[int, ...], channels_last: bool) -> np.ndarray:
    """Return a kernel in Keras' order of axes, rows of a dense one still as in the file."""
    kernel = file.arrays[name, "weights"]
    theirs = shape if channels_last else (*shape[::-1][:2], *shape[:-2])
    # Caffe before 2015 has four axes everywhere
    old = len(shape) == 2 and kernel.ndim == 4 and kernel.shape[:2] == (1, 1)
    if kernel.shape[2 * old :] != theirs:
        both = [shape] if channels_last else [theirs, shape][: 1 + (len(shape) == 4)]
        raise ValueError(_wrong(file, name, "weights", kernel.shape, both))
    kernel = kernel.reshape(theirs)
    if channels_last:
        return kernel
    return kernel.T if len(shape) == 2 else kernel.transpose(2, 3, 1, 0)


def _rows(kernel: np.ndarray, spec: ModelSpec, channels_last: bool) -> np.ndarray:
    """Return the first dense kernel with its rows tower by tower: rows, columns, channels."""
    side, towers = spec.shapes[-1].handed_on, spec.towers
    maps, units = spec.convs[-1].filters // towers, kernel.shape[1]
    if channels_last:
        parts = kernel.reshape(side, side, towers, maps, units).transpose(2, 0, 1, 3, 4)
    else:
        parts = kernel.reshape(towers, maps, side, side, units).transpose(0, 2, 3, 1, 4)
    return parts.reshape(-1, units)


def _numbers(array: np.ndarray, name: str) -> np.ndarray:
    """Return float32 in memory order; refuse what is no finite number."""
    if array.dtype.kind != "f":
        raise ValueError(f"its numbers of {name} are of the type {array.dtype}")
    numbers = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(numbers).all():
        raise ValueError(f"its numbers of {name} are not all finite in float32")
    return numbers


def _wrong(
    file: Named,
    name: str,
    kind: str,
    shape: tuple[int, ...],
    needed: list[tuple[int, ...]],
) -> str:
    wanted = " or ".join(map(str, needed))
    return f"its {kind} of {_theirs(file, name)} have the shape {shape}, the net needs {wanted}"


def _theirs(file: Named, layer: str) -> str:
    """Return the name that a layer has in the file."""
    return _THEIRS.get(layer, layer) if file.family == "torchvision" else layer


def _listed(names: Iterable[str]) -> str:
    """Return a few of the names in one line."""
    some = list(dict.fromkeys(names))
    shown = ", ".join(name[:30].encode("unicode_escape").decode() for name in some[:10])
    return f"{shown}, ..." if len(some) > 10 else shown or "no layers"
