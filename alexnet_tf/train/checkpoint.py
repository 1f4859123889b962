"""The whole state of a training, saved atomically and checked by hash.

Stock Keras checkpoints leave out the seeds of random layers, are written in place and do
not notice flipped bits. A state here is every model variable, every optimizer variable
and a JSON header with counters and history, in one file: SHA-256 of the rest, header, arrays.
With a `StateStore` the arrays are there, and the header has their name and SHA-256.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from alexnet_tf.arrays import DAMAGED
from alexnet_tf.errors import SpecError
from alexnet_tf.files import write_atomic
from alexnet_tf.state_store import StateStore

_KEEP = 2
_KEPT = "arrays"  # of the header: what a store has of the state
_log = logging.getLogger(__name__)


def variables(model: keras.Model) -> list[tuple[str, Any]]:
    """Return (name, variable) of all the state of a compiled model, the optimizer's last.

    Seeds of random layers are among the model's; an optimizer's names begin with "optimizer/".
    """
    optimizer = [(f"optimizer/{v.path}", v) for v in model.optimizer.variables]
    return [(v.path, v) for v in model.variables] + optimizer


def weights_sha256(model: keras.Model) -> str:
    """SHA-256 over the names and values of every model variable, 64 hex digits.

    Shapes and types enter too; the optimizer's variables do not.
    """
    return _sha256(model.variables)


def net_sha256(model: keras.Model) -> str:
    """The same over weights alone, which are what a file of the net gives back.

    The counters of random layers, of which inference has no need, do not enter.
    """
    return _sha256(model.weights)


def _sha256(variables: Iterable[Any]) -> str:
    digest = hashlib.sha256()
    for variable in variables:
        value = np.asarray(variable)
        digest.update(f"{variable.path}{value.shape}{value.dtype}".encode() + value.tobytes())
    return digest.hexdigest()


def save(
    folder: Path,
    epoch: int,
    model: keras.Model,
    header: dict[str, Any],
    store: StateStore | None = None,
) -> None:
    """Write the state after `epoch` epochs and drop all but the two newest.

    Args:
        folder: of the run; the file is `epoch_00012.state` after twelve epochs.
        epoch: how many epochs are done.
        model: compiled; its weights, the optimizer's and the rate's variables are kept.
        header: JSON values that `restore` gives back; "epoch" and "names" are added.
        store: keeps the arrays; None: they are in the file.

    Raises:
        OSError: the disk or the store is full or not writable; earlier states are untouched.
    """
    arrays = io.BytesIO()
    named = variables(model)
    np.savez(arrays, *(np.asarray(variable) for _, variable in named))
    content = arrays.getvalue()
    about: dict[str, Any] = {"epoch": epoch, "names": [name for name, _ in named]}
    if store is not None:
        digest = hashlib.sha256(content).hexdigest()
        about[_KEPT] = {"name": f"{epoch:05d}-{digest}.npz", "sha256": digest, "at": store.where}
        store.put(about[_KEPT]["name"], content)
        content = b""
    body = json.dumps({**header, **about}).encode() + b"\n" + content
    digest = hashlib.sha256(body).hexdigest().encode()
    write_atomic(folder / f"epoch_{epoch:05d}.state", digest + b"\n" + body)
    for old in _states(folder)[_KEEP:]:
        kept = _kept(old) if store is not None else None
        old.unlink()
        if store is not None and kept is not None:
            store.drop(kept)


def restore(
    folder: Path,
    model: keras.Model,
    check: Callable[[dict[str, Any]], None] = lambda header: None,
    store: StateStore | None = None,
) -> dict[str, Any] | None:
    """Load the newest sound state into `model` and return its header; None if there is none.

    A damaged state is renamed `*.corrupt`, a warning names it, and the one before is used. So
    is a state whose variables are not the model's, and one whose arrays are not in the store.

    Args:
        folder: of the run.
        model: compiled, with its optimizer built.
        check: sees the header of a sound state first, and may raise to leave all as it is.
        store: has the arrays of states that refer to it.

    Raises:
        SpecError: a state refers to a store, and there is none.
        OSError: a state or the store cannot be read, or a state not be renamed.
    """
    for path in _states(folder):
        loaded = _read(path, store)
        if loaded is not None:
            check(loaded[0])
        if loaded is not None and _assign(model, *loaded):
            return loaded[0]
        path.rename(path.with_suffix(".corrupt"))
        _log.warning("%s is damaged or of another net, and set aside; an earlier one is used", path)
    return None


def _states(folder: Path) -> list[Path]:
    return sorted(folder.glob("epoch_*.state"), reverse=True)


def _kept(path: Path) -> str | None:
    """Return the name of a state's arrays in a store; None: they are in the file."""
    try:
        with open(path, "rb") as file:
            file.readline()  # the hash of what follows
            return json.loads(file.readline())[_KEPT]["name"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _arrays(path: Path, kept: dict[str, str], store: StateStore | None) -> bytes:
    """Return what a store has for a state, empty unless it is what was put there."""
    if store is None:
        raise SpecError(
            f"{path}: the arrays of this state are at {kept['at']}. Continue with --states, as "
            "it was begun, or delete that file to start the run again."
        )
    content = store.get(kept["name"]) or b""
    return content if hashlib.sha256(content).hexdigest() == kept["sha256"] else b""


def _read(
    path: Path, store: StateStore | None = None
) -> tuple[dict[str, Any], list[np.ndarray]] | None:
    """Return header and arrays of a state; None unless every byte is as it was written."""
    data = path.read_bytes()
    digest, _, body = data.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        return None
    head, _, arrays = body.partition(b"\n")
    try:
        header = json.loads(head)
        kept = header.get(_KEPT)
    except (ValueError, AttributeError, RecursionError):
        return None
    if kept is not None:
        arrays = _arrays(path, kept, store)
    try:
        with np.load(io.BytesIO(arrays), allow_pickle=False) as stored:
            return header, [stored[f"arr_{i}"] for i in range(len(header["names"]))]
    except (OSError, *DAMAGED):
        return None


def _assign(model: keras.Model, header: dict[str, Any], arrays: list[np.ndarray]) -> bool:
    """Assign all variables, or none when a name, shape or type is not the model's."""
    named = variables(model)
    if header["names"] != [name for name, _ in named]:
        return False
    pairs = list(zip(named, arrays, strict=True))
    if any(np.asarray(v).shape != a.shape or np.asarray(v).dtype != a.dtype for (_, v), a in pairs):
        return False
    for (_, variable), array in pairs:
        variable.assign(array)
    return True
