"""A file of weights as a net, and a net of such a file as a run's folder."""

from __future__ import annotations

import hashlib
import struct
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras

from alexnet_tf import files, records
from alexnet_tf.arrays import DAMAGED
from alexnet_tf.errors import DataError, SpecError
from alexnet_tf.model import build_alexnet
from alexnet_tf.records import RunRecord
from alexnet_tf.spec import (
    BVLC_ALEXNET,
    CAFFENET,
    TORCHVISION_ALEXNET,
    Experiment,
    replace,
    to_json,
)
from alexnet_tf.train.checkpoint import net_sha256, weights_sha256
from alexnet_tf.weights.blobs import Blobs
from alexnet_tf.weights.caffemodel import read_caffemodel
from alexnet_tf.weights.layers import Named, named, weights_of
from alexnet_tf.weights.numpy_file import read_npy, read_npz
from alexnet_tf.weights.torch_file import read_safetensors, read_torch

_READERS: dict[str, Callable[[bytes], Blobs]] = {
    ".npy": read_npy,
    ".npz": read_npz,
    ".caffemodel": read_caffemodel,
    ".pth": read_torch,
    ".pt": read_torch,
    ".safetensors": read_safetensors,
}
_PUBLISHED = {
    "BVLC_ALEXNET": BVLC_ALEXNET,
    "CAFFENET": CAFFENET,
    "TORCHVISION_ALEXNET": TORCHVISION_ALEXNET,
}
# beyond those of every archive: what damaged pickles, headers and archives lead to
_UNREADABLE = (
    *DAMAGED,
    *(AttributeError, IndexError, NotImplementedError, OverflowError, RuntimeError),
    *(struct.error, zipfile.LargeZipFile),
)


@dataclass(frozen=True)
class PublishedNet:
    """A net with weights from a file: not trained here.

    `model` gives logits (batch, classes) float32 of inputs (batch, size, size, 3), red, green,
    blue, scaled by `experiment.data.constants`. `origin` is a sentence on the file.
    """

    experiment: Experiment
    model: keras.Model
    origin: str


def read(path: Path | str, net: Experiment | None = None) -> PublishedNet:
    """Return the net whose weights are in a file.

    Args:
        path: `.npy`, `.npz` or `.caffemodel` in Caffe's names and layout or caffe-tensorflow's;
            `.pth`, `.pt`, `.safetensors` or `.npz` in torchvision's. docs/weights.md has each.
        net: whose weights they are; None: `TORCHVISION_ALEXNET` or `BVLC_ALEXNET` by the names of
            the layers, `CAFFENET` where a `.caffemodel` pools before its norms. Each of the three
            gets as many classes as the file has biases in fc8; other nets are taken as they are.

    Raises:
        SpecError: there is no such file, or none of a known ending; the file's order of pooling
            and norms is not that of `net`.
        DataError: the file is damaged, its pickle asks for anything but arrays, or a layer is
            missing, too many, or of another shape.
        OSError: it cannot be read.

    >>> import tempfile, numpy as np
    >>> from alexnet_tf.spec import ConvSpec, Experiment, ModelSpec
    >>> small = Experiment(model=ModelSpec(convs=(ConvSpec(filters=2),), output_name="fc8"))
    >>> arrays = {"conv1_w": np.ones((2, 3, 5, 5)), "conv1_b": np.zeros(2)}
    >>> arrays |= {"fc8_w": np.ones((10, 2048)), "fc8_b": np.zeros(10)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/mine.npz", **arrays)
    ...     made = read(f"{folder}/mine.npz", small)
    >>> made.model(np.ones((1, 32, 32, 3), np.float32)).shape
    TensorShape([1, 10])
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise SpecError(f"{path} has none of the endings {', '.join(_READERS)}.")
    try:
        data = path.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python on strings in damaged headers
            blobs = reader(data)
        found = named(blobs.arrays)
        name, experiment = _chosen(net, found, blobs)
        weights = weights_of(found, experiment.model)
    except FileNotFoundError as error:
        raise SpecError(f"no file {path}. Give a file of weights.") from error
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from error
    except _UNREADABLE as error:
        line = " ".join(str(error).split())[:300].rstrip(" .") or type(error).__name__
        hint = "Get it again, or give its net with --net; docs/weights.md says what is read."
        raise DataError(f"{path} cannot be used: {line}. {hint}") from error
    model = build_alexnet(experiment)
    for layer, arrays in weights.items():
        model.get_layer(layer).set_weights(list(arrays))
    digest = hashlib.sha256(data).hexdigest()
    origin = f"weights of {path.name} (SHA-256 {digest}) read as {name}; not trained here"
    return PublishedNet(experiment, model, origin)


def write_run(net: PublishedNet, out: Path | str) -> RunRecord:
    """Write a run's folder that `evaluate` and `inspect_net` take, and return its record.

    The folder has spec.json, model.keras and result.json. The record's status is "imported", its
    `reason` says from which file, and it has no curve, errors, data or environment.

    Args:
        net: from `read`.
        out: the folder; made where it is missing.

    Raises:
        SpecError: it holds a run already.
        LockedError: another process works in it.
        OSError: it is not writable or the disk is full.
    """
    out = Path(out)
    with files.lock(out):
        held = (out / "result.json", out / "pretraining", *out.glob("*.state"))
        if any(path.exists() for path in held):
            raise SpecError(f"{out} holds a run already. Use another folder.")
        record = RunRecord(
            experiment=net.experiment,
            status="imported",
            reason=net.origin,
            weights_sha256=weights_sha256(net.model),
            net_sha256=net_sha256(net.model),
        )
        files.write_atomic(out / "spec.json", to_json(net.experiment).encode())
        files.write_through(out / "model.keras", net.model.save)
        files.write_atomic(out / "result.json", records.to_json(record).encode())
    return record


def _chosen(net: Experiment | None, file: Named, blobs: Blobs) -> tuple[str, Experiment]:
    """Return what the net is called and the net, with a published one's classes as in the file.

    Raises:
        SpecError: it pools before its norms and the file says otherwise, or the reverse.
    """
    if net is None:
        name = "CAFFENET" if blobs.norm_first is False else "BVLC_ALEXNET"
        name = "TORCHVISION_ALEXNET" if file.family == "torchvision" else name
        net = _PUBLISHED[name]
        if name == "BVLC_ALEXNET" and blobs.norm_first is None:
            name += " (the file does not say whether norms precede pooling, as they do there)"
    else:
        name = next((known for known, one in _PUBLISHED.items() if one == net), "the net given")
        orders = {
            conv.order.index("norm") < conv.order.index("pool")
            for conv in net.model.convs
            if conv.norm is not None and conv.pool is not None
        }
        if blobs.norm_first is not None and orders - {blobs.norm_first}:
            how, right = ("before", "BVLC_ALEXNET") if blobs.norm_first else ("after", "CAFFENET")
            raise SpecError(f"its norms come {how} pooling, as those of {right}, unlike {name}'s")
    classes = file.classes("fc8")
    if net not in _PUBLISHED.values() or classes is None or classes < 2:
        return name, net
    return name, replace(net, {"model.classes": classes})
