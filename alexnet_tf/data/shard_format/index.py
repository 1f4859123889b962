"""The index of a folder of shards: what is in it, and how to tell that it still is."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet_tf import sealed
from alexnet_tf.data.colour import Moments
from alexnet_tf.data.prepare.convert import Settings
from alexnet_tf.data.prepare.source import PARTS, Part, Source, shown
from alexnet_tf.data.shard_format.shard_files import Shard
from alexnet_tf.errors import DataError
from alexnet_tf.files import write_atomic

#: Raised when a folder of shards could no longer be read by older code.
INDEX_VERSION = 1
INDEX, ARRAYS, BAD_FILES = "index.json", "arrays.npz", "bad_files.csv"
#: Folder for what a finished preparation has no need of.
PARTIAL = ".partial"
SUFFIX = ".array_record"
_FORMAT = "alexnet_tf shards"


@dataclass(frozen=True)
class ShardFacts:
    """A shard as the index names it: file name, number of images, bytes, SHA-256 in hex."""

    file: str
    count: int
    size: int
    sha256: str


def shard_name(part: Part, number: int) -> str:
    """Return the file name of a shard.

    Args:
        part: "train" or "test".
        number: of the shard in its part, from 0.

    >>> shard_name("train", 12)
    'train-00012.array_record'
    """
    return f"{part}-{number:05d}{SUFFIX}"


def publish(
    out: Path,
    source: Source,
    settings: Settings,
    plan: str,
    shards: dict[Part, list[Shard]],
    total: NDArray[np.int64],
) -> dict[str, Any]:
    """Write arrays (labels, mean, colours), then the index, which says all is there; return it.

    Args:
        out: the folder of shards.
        source: what they were made from.
        settings: how.
        plan: hash of the source and of all options.
        shards: of each part, in order; their `total` is not looked at.
        total: sum over all training images, (size, size, 3).

    Raises:
        DataError: no training image is left.
        OSError: they cannot be written.
    """
    none = np.zeros(0, np.int64)
    labels = {p: np.concatenate([none, *(s.labels for s in shards[p])]) for p in PARTS}
    if not len(labels["train"]):
        raise DataError(f"{source.description}: no training image is left. Mend the bad files.")
    colours = sum((shard.colours for shard in shards["train"]), Moments())
    values, vectors = colours.pca()
    arrays = io.BytesIO()
    np.savez(
        arrays,
        train_labels=labels["train"],
        test_labels=labels["test"],
        mean_image=(total / len(labels["train"])).astype(np.float32),
        eigenvalues=values,
        eigenvectors=vectors,
    )
    write_atomic(out / ARRAYS, arrays.getvalue())
    classes = len(source.class_names)
    skipped = [*source.bad, *(bad for part in PARTS for s in shards[part] for bad in s.bad)]
    index = {
        "format": _FORMAT,
        "version": INDEX_VERSION,
        "plan": plan,
        "source": source.description,
        **asdict(settings),
        "class_names": list(source.class_names),
        "counts": {part: np.bincount(labels[part], minlength=classes).tolist() for part in PARTS},
        "shards": {part: _facts(part, shards[part]) for part in PARTS},
        "arrays": {"file": ARRAYS, "sha256": hashlib.sha256(arrays.getvalue()).hexdigest()},
        "pca": {"eigenvalues": values.tolist(), "eigenvectors": vectors.tolist()},
        "colour_sums": colours.numbers(),
        "skipped": [[shown(bad.name), bad.reason] for bad in skipped],
        "notes": dict(sorted(sum((s.notes for p in PARTS for s in shards[p]), Counter()).items())),
        "test_images_also_in_train": leaked(shards),
        "warnings": source.warnings,
    }
    index["fingerprint"] = fingerprint(index, labels["train"], labels["test"])
    write_atomic(out / INDEX, sealed.dumps(index).encode())
    return index


def _facts(part: Part, shards: list[Shard]) -> list[dict[str, Any]]:
    return [
        asdict(ShardFacts(shard_name(part, k), len(s.labels), s.size, s.sha256))
        for k, s in enumerate(shards)
    ]


def leaked(shards: dict[Part, list[Shard]]) -> int:
    """Return the number of test images whose pixels are those of a training image.

    Pixels are compared by 64 bits of their SHA-256, those of the records as they were written.
    """
    train, test = (
        np.concatenate([np.zeros(0, np.uint64), *(s.digests for s in shards[part])])
        for part in PARTS
    )
    return int(np.isin(test, train).sum())


def fingerprint(
    index: dict[str, Any], train_labels: NDArray[np.int64], test_labels: NDArray[np.int64]
) -> str:
    """Return the SHA-256, 64 hex digits, of all that a training can see of the shards.

    Args:
        index: its size, encoding, class names and the shards' counts and hashes are used.
        train_labels: (N,).
        test_labels: (M,).
    """
    content = [index["size"], index["encoding"], index["class_names"]]
    content += [[s["count"], s["sha256"]] for part in PARTS for s in index["shards"][part]]
    for labels in (train_labels, test_labels):
        content.append(hashlib.sha256(labels.astype("<i8").tobytes()).hexdigest())
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def read_index(folder: Path) -> dict[str, Any]:
    """Return the index of a folder, as `publish` made it.

    The form and the version are checked here, the content by `shards.open_shards`.

    Raises:
        DataError: there is none, or it is unfinished, damaged, or of another version.
        OSError: the folder is a file or lies below one, or may not be read.
    """
    path = folder / INDEX
    try:
        index = sealed.loads(path.read_bytes())
    except FileNotFoundError:
        if (folder / PARTIAL).is_dir():
            raise DataError(
                f"{folder} is not finished. Run the same command again: "
                "python -m alexnet_tf.data.prepare SOURCE " + str(folder)
            ) from None
        raise DataError(
            f"{folder} holds no {INDEX}. Prepare one with: "
            f"python -m alexnet_tf.data.prepare SOURCE {folder}"
        ) from None
    except (NotADirectoryError, PermissionError):
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read: {error}. {repair_hint(folder)}") from error
    if index.get("format") != _FORMAT:
        raise DataError(f"{path} is not an index of {_FORMAT}. Name another folder.")
    version = index.get("version")
    if version != INDEX_VERSION:
        newer = isinstance(version, int) and version > INDEX_VERSION
        raise DataError(
            f"{path} has version {version}, this code reads {INDEX_VERSION}. "
            + ("Update alexnet_tf." if newer else "Prepare the folder again.")
        )
    return index


def repair_hint(folder: Path) -> str:
    """Return what to do about a damaged folder of shards, a sentence or two for a message."""
    return f"Remove {folder} and run: python -m alexnet_tf.data.prepare SOURCE {folder}"
