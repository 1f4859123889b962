"""The net that a finished run has left, loaded from its folder."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import keras

import alexnet_tf.layers  # noqa: F401 - makes them known to Keras, which loads them by name
from alexnet_tf.arrays import DAMAGED
from alexnet_tf.environment import plain_keras
from alexnet_tf.errors import DataError
from alexnet_tf.records import RunRecord


@plain_keras()
def trained_net(run: Path, record: RunRecord) -> keras.Model:
    """Return the net of a run, on one device and not compiled.

    Args:
        run: its folder.
        record: its result; says why there may be no net.

    Raises:
        DataError: there is no net, as after a run that diverged, or it cannot be read.
    """
    path = run / "model.keras"
    if not path.is_file():
        ended = record.status in ("done", "imported")
        why = "its net has been deleted" if ended else f"it {record.status}"
        raise DataError(f"{run}: the run has left no model.keras: {why}.")
    # Keras says of a file that is cut that it is not there
    with path.open("rb") as file:
        whole = zipfile.is_zipfile(file)
    if not whole:
        raise DataError(
            f"{path} cannot be read: it is cut short, or no file of Keras. Compute the run again."
        )
    try:
        model: Any = keras.models.load_model(path, compile=False, safe_mode=True)
    except (OSError, *DAMAGED) as error:
        line = str(error).partition("\n")[0][:200].rstrip(" .")
        raise DataError(f"{path} cannot be read: {line}. Compute the run again.") from error
    return model
