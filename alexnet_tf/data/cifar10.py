"""CIFAR-10 through tensorflow-datasets: found, downloaded when allowed, and checked.

tensorflow-datasets and TensorFlow are imported inside the functions, because they take
seconds and a command that only lists or reports must not wait for them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from alexnet_tf.data.images import Images
from alexnet_tf.errors import DataError
from alexnet_tf.files import check_reachable

TRAIN_IMAGES = 50_000
TEST_IMAGES = 10_000
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_HOME = "https://www.cs.toronto.edu/~kriz/cifar.html"


def folder(data_dir: Path | None) -> Path:
    """Return tensorflow-datasets' folder: `data_dir`, `$TFDS_DATA_DIR` or its default.

    The default is ~/tensorflow_datasets; "~" is replaced in each of them. The folder need not
    exist.

    Raises:
        OSError: it is a file or lies below one, or may not be read.
    """
    default = os.environ.get("TFDS_DATA_DIR") or Path.home() / "tensorflow_datasets"
    found = Path(os.path.expanduser(data_dir or default))
    check_reachable(found)
    return found


@contextlib.contextmanager
def reading(what: str, hint: str = "") -> Iterator[None]:
    """Turn what damaged files of tensorflow-datasets make it raise into one error.

    Args:
        what: is read, for the message.
        hint: what to do about it, a sentence.

    Raises:
        DataError: the files are damaged.
        MemoryError: the machine has too little memory for them.
        OSError: they may not be read.
    """
    import tensorflow as tf
    from google.protobuf import json_format

    damage = (tf.errors.OpError, json_format.Error, OSError, AssertionError)
    try:
        yield
    except (PermissionError, NotADirectoryError):
        raise
    except tf.errors.ResourceExhaustedError as error:
        raise MemoryError(_line(error)) from error
    except (*damage, ValueError, LookupError, TypeError) as error:
        raise DataError(f"{what} cannot be read: {_line(error)}. {hint}".rstrip()) from error


def is_prepared(data_dir: Path | None) -> bool:
    """Say whether some version of CIFAR-10, whole or damaged, lies in the folder.

    Args:
        data_dir: as for `folder`.
    """
    return _prepared(data_dir) is not None


def key(data_dir: Path | None) -> str:
    """Return 16 hex digits that change when the prepared files change.

    They are of names, sizes and times: no file is read.

    Raises:
        DataError: nothing is prepared there.
    """
    digest = hashlib.sha256()
    for path in sorted(_require_prepared(data_dir).iterdir()):
        status = path.stat()
        digest.update(f"{path.name}:{status.st_size}:{status.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def can_download() -> bool:
    """Say within ten seconds whether CIFAR-10's home (www.cs.toronto.edu) answers."""
    try:
        request = urllib.request.Request(_HOME, method="HEAD")
        with urllib.request.urlopen(request, timeout=10):
            return True
    except (OSError, urllib.error.URLError, ValueError):
        return False


def require_download(data_dir: Path | None) -> None:
    """Say at once, not after minutes of retries, that a download cannot succeed.

    Raises:
        DataError: CIFAR-10's home does not answer.
    """
    if not can_download():
        raise DataError(
            f"CIFAR-10 is not in {folder(data_dir)} and {_HOME} cannot be reached. Name a folder "
            "where tensorflow-datasets has prepared it, with --data-dir or TFDS_DATA_DIR."
        )


def download(data_dir: Path | None) -> None:
    """Download (163 MiB) and prepare CIFAR-10 with tensorflow-datasets' progress bar.

    Raises:
        DataError: the download or the preparation failed.
    """
    require_download(data_dir)
    import tensorflow_datasets as tfds

    target = folder(data_dir)
    try:
        tfds.builder("cifar10", data_dir=target).download_and_prepare()
    except (OSError, AssertionError, ValueError, RuntimeError, urllib.error.URLError) as error:
        raise DataError(f"CIFAR-10 could not be prepared in {target}: {_line(error)}") from error


def read(data_dir: Path | None) -> Images:
    """Decode all 60,000 images, in the order of their published ids.

    Args:
        data_dir: as for `folder`; of several versions the highest is read.

    Returns:
        50,000 training and 10,000 test images of (32, 32, 3) uint8, labels 0 to 9.

    Raises:
        DataError: missing, truncated, undecodable, or not 6,000 images of each class.
    """
    path = _require_prepared(data_dir)
    import tensorflow_datasets as tfds

    with reading(f"CIFAR-10 in {path}", _mend(path)):
        builder: Any = tfds.builder_from_directory(path)
        classes = tuple(builder.info.features["label"].names)
        train, test = (_decode(builder, part) for part in ("train", "test"))
    _check(path, "train", train, TRAIN_IMAGES)
    _check(path, "test", test, TEST_IMAGES)
    return Images(
        name="cifar10",
        synthetic=False,
        source=f"tensorflow-datasets {builder.info.full_name}",
        class_names=classes,
        train_images=train[0],
        train_labels=train[1],
        test_images=test[0],
        test_labels=test[1],
    )


def _prepared(data_dir: Path | None) -> Path | None:
    found = (folder(data_dir) / "cifar10").glob("*/dataset_info.json")
    return newest(path.parent for path in found)


def newest(folders: Iterable[Path]) -> Path | None:
    """Return the folder of the highest version of a prepared data set.

    Folders of an interrupted preparation, which tensorflow-datasets calls 3.9.0.incomplete and
    a random name, have no version.

    >>> newest([Path("3.10.0"), Path("3.9.0"), Path("3.11.0.incomplete7")])
    PosixPath('3.10.0')
    """
    known = [path for path in folders if _VERSION.fullmatch(path.name)]
    return max(known, key=lambda path: [int(n) for n in path.name.split(".")], default=None)


def _require_prepared(data_dir: Path | None) -> Path:
    path = _prepared(data_dir)
    if path is None:
        where = folder(data_dir)
        raise DataError(
            f"CIFAR-10 is not prepared in {where}. Download it with: "
            f"python -m alexnet_tf.data cifar10 --data-dir {where}"
        )
    return path


def _decode(builder: Any, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images (N, 32, 32, 3) uint8 and labels (N,) int64 sorted by published id."""
    dataset = builder.as_dataset(split=part, batch_size=1000, shuffle_files=False)
    batches = list(dataset.as_numpy_iterator())
    if not batches:
        return np.zeros((0, 32, 32, 3), np.uint8), np.zeros(0, np.int64)
    ids, images, labels = (
        np.concatenate([batch[name] for batch in batches]) for name in ("id", "image", "label")
    )
    order = np.argsort(ids, kind="stable")
    return images[order], labels[order].astype(np.int64)


def _check(path: Path, part: str, arrays: tuple[np.ndarray, np.ndarray], expected: int) -> None:
    images, labels = arrays
    if len(images) != expected:
        raise DataError(
            f"CIFAR-10 in {path}: expected {expected} {part} images, got {len(images)}. "
            f"{_mend(path)}"
        )
    counts = np.bincount(labels, minlength=10)
    if images.shape[1:] != (32, 32, 3) or len(counts) != 10 or (counts != expected // 10).any():
        raise DataError(
            f"CIFAR-10 in {path}: the {part} images are {images.shape[1:]} with "
            f"{counts.tolist()} per class, expected (32, 32, 3) with {expected // 10} in each of "
            f"10. {_mend(path)}"
        )


def _mend(path: Path) -> str:
    data_dir = path.parent.parent
    return f"Remove {path} and run: python -m alexnet_tf.data cifar10 --data-dir {data_dir}"


def _line(error: BaseException) -> str:
    """Return the first line of an error text without TensorFlow's names of its own parts."""
    text = re.sub(r"\{\{.*?\}\}|\[Op:.*", "", str(error)).strip() or type(error).__name__
    return text.splitlines()[0][:300].rstrip(" .")
