"""Saved nets, loaded again: any of this package's, and the one that a finished run has left."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import keras

import alexnet_tf.layers
import alexnet_tf.two_tower  # noqa: F401 - makes all layers known to Keras, which asks by name
from alexnet_tf.arrays import DAMAGED
from alexnet_tf.environment import plain_keras
from alexnet_tf.errors import DataError
from alexnet_tf.records import RunRecord
from alexnet_tf.train import checkpoint


@plain_keras()
def load(path: Path | str) -> keras.Model:
    """Return a saved net of this package, with its weights and not compiled.

    Nothing in the file is run: Keras' safe mode is on, and no import but this one is needed.

    Args:
        path: a file ending in .keras, as `save` and a training write it.

    Raises:
        DataError: there is no such file, or it is damaged, or no net of these layers.

    >>> import tempfile
    >>> from alexnet_tf import build_alexnet
    >>> from alexnet_tf.spec import CIFAR_ALEXNET
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     build_alexnet(CIFAR_ALEXNET).save(f"{folder}/net.keras")
    ...     net = load(f"{folder}/net.keras")
    >>> net.output_shape
    (None, 10)
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"no file {path}. Give that of a saved net, such as a run's model.keras.")
    # Keras says of a file that is cut that it is not there
    with path.open("rb") as file:
        whole = zipfile.is_zipfile(file)
    if not whole:
        raise DataError(
            f"{path} cannot be read: it is cut short, or no file of Keras. Save the net, or "
            "compute its run, again."
        )
    try:
        model: Any = keras.models.load_model(path, compile=False, safe_mode=True)
    except (OSError, *DAMAGED) as error:
        line = str(error).partition("\n")[0][:200].rstrip(" .")
        raise DataError(
            f"{path} cannot be read: {line}. Save the net, or compute its run, again."
        ) from error
    return model


def trained_net(run: Path, record: RunRecord) -> keras.Model:
    """Return the net of a run, on one device and not compiled.

    Args:
        run: its folder.
        record: its result; says why there may be no net.

    Raises:
        DataError: there is no net, as after a run that diverged, or it cannot be read, or it has
            other weights than the record says.
    """
    path = run / "model.keras"
    if not path.is_file():
        ended = record.status in ("done", "imported")
        why = "its net has been deleted" if ended else f"it {record.status}"
        raise DataError(f"{run}: the run has left no model.keras: {why}.")
    model: Any = load(path)
    if not _same(model, record):
        raise DataError(
            f"{path} is not the net of this run: the record has other weights. Put its own file "
            "back, or compute the run again."
        )
    return model


def _same(model: Any, record: RunRecord) -> bool:
    """Say whether the weights are those of the record, as far as it says."""
    if record.net_sha256:
        return checkpoint.net_sha256(model) == record.net_sha256
    towers = record.environment is not None and "two towers" in record.environment.device
    if towers or len(model.variables) > len(model.weights):
        return True  # an older record, with counters in its hash that a file does not keep
    return checkpoint.weights_sha256(model) == record.weights_sha256
