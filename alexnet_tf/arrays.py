"""Arrays that a run has kept in an .npz file, and what makes them no use.

What is damaged counts as not there.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from alexnet_tf import files
from alexnet_tf.errors import OutputError

#: What a reader of an archive raises, NumPy or Keras, for a file that is cut, empty, changed, of
#: another kind or without a name. A flipped bit may say that a part is encrypted, or packed in a
#: way that Python does not know: RuntimeError, NotImplementedError.
DAMAGED = (
    *(ValueError, KeyError, TypeError, EOFError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error),
)


def read(path: Path, names: Sequence[str]) -> dict[str, np.ndarray] | None:
    """Return arrays by their names.

    Args:
        path: an .npz file.
        names: of the arrays; all of them must be there.

    Returns:
        None where the file is not there, cannot be read, or is damaged: what is in it can be
        computed again.
    """
    try:
        # a file that is no archive is left open by NumPy when it only knows the path
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            return {name: kept[name] for name in names}
    except (OSError, *DAMAGED):
        return None


def require_numbers(scores: np.ndarray, images: str) -> None:
    """Refuse scores that cannot be compared.

    Args:
        scores: (N, classes).
        images: what they are of, such as "test images", for the message.

    Raises:
        OutputError: one is NaN.
    """
    lost = int(np.isnan(scores).any(axis=1).sum())
    if lost:
        raise OutputError(f"the outputs for {lost} of {len(scores)} {images} are not finite")


def read_predictions(path: Path, weights: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Return (images, classes) probabilities and (images,) labels that a net has given.

    Args:
        path: of `keep_predictions`.
        weights: hash of the net's weights.

    Returns:
        None where there are none, or none of these weights, or some that are not finite.
    """
    kept = read(path, ("weights", "probabilities", "labels"))
    if kept is None or str(kept["weights"]) != weights:
        return None
    probabilities, labels = kept["probabilities"], kept["labels"]
    usable = probabilities.ndim == 2 and labels.shape == probabilities.shape[:1]
    usable = usable and probabilities.dtype.kind == "f" and bool(np.isfinite(probabilities).all())
    return (probabilities, labels) if usable and labels.size else None


def keep_predictions(
    path: Path, probabilities: np.ndarray, labels: np.ndarray, weights: str
) -> None:
    """Write a net's probabilities and labels, for evaluations and ensembles.

    Args:
        path: an .npz file, written whole or not at all.
        probabilities: (N, classes).
        labels: (N,) of class indices.
        weights: hash of the net's weights (`checkpoint.weights_sha256`).

    Raises:
        OSError: the disk is full or not writable.
    """
    buffer = io.BytesIO()
    np.savez(buffer, probabilities=probabilities, labels=labels, weights=weights)
    files.write_atomic(path, buffer.getvalue())
