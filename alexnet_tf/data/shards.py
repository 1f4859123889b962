"""Shards of prepared images: opened, checked before a training, and read at any index.

Records come from array_record in one call a batch and shard; JPEG is decoded inside of
TensorFlow. Measured on batches of 128 photographs of 256 x 256 (30 kB), images per second
of processor time: `tf.map_fn` with 10 parallel iterations 1,700, unbatched elements 1,570,
one call a batch 1,450, Python threads with Pillow 1,190 and with TensorFlow 1,080; reading
alone 10,500. All give the same pixels, which are also those that Pillow decodes.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from alexnet_tf.data.prepare.source import PARTS, Part
from alexnet_tf.data.shard_format.index import (
    ARRAYS,
    SUFFIX,
    ShardFacts,
    fingerprint,
    read_index,
    repair_hint,
)
from alexnet_tf.data.shard_format.shard_files import Records, records, sha256
from alexnet_tf.environment import cores
from alexnet_tf.errors import DataError
from alexnet_tf.files import write_atomic

if TYPE_CHECKING:
    import tensorflow as tf

_STAMP = ".verified.json"


@dataclass(frozen=True)
class Shards:
    """A labelled image set on disk; in memory are its labels, its mean and its colours.

    `test` is the published part that nothing is chosen on: the tree's `val`.
    """

    source: str
    class_names: tuple[str, ...]
    train_labels: NDArray[np.int64]
    test_labels: NDArray[np.int64]
    size: int
    #: (size, size, 3) float32, mean of the training images, 0 to 255.
    mean_image: NDArray[np.float32]
    #: (3,) float64, descending: of the RGB covariance of the training pixels, 0-255 units.
    eigenvalues: NDArray[np.float64]
    #: (3, 3) float64, as columns.
    eigenvectors: NDArray[np.float64]
    name: Literal["imagenet"] = field(default="imagenet", init=False)
    synthetic: bool = field(default=False, init=False)
    _folder: Path = field(repr=False, kw_only=True)
    _index: dict[str, Any] = field(repr=False, compare=False, kw_only=True)

    def fingerprint(self) -> str:
        """SHA-256, 64 hex digits, over the hashes of all shards and labels."""
        return self._index["fingerprint"]

    def mean_of(self, chosen: np.ndarray) -> np.ndarray:
        """Return the mean image that was prepared: of the whole training part, not of `chosen`."""
        return self.mean_image

    def channels_of(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of each colour, (3,) float64, of the whole part.

        The deviations are those of the prepared components: the roots of sum_k v_ck^2 lambda_k.
        """
        variance = ((self.eigenvectors**2) * self.eigenvalues[None, :]).sum(axis=1)
        return self.mean_image.mean(axis=(0, 1), dtype=np.float64), np.sqrt(variance)

    def colours_of(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the principal components that were prepared, of the whole part."""
        return self.eigenvalues, self.eigenvectors

    def reader(self, part: Part) -> Callable[[tf.Tensor], tf.Tensor]:
        """Return a function for `tf.data.Dataset.map`: indices to images.

        It takes (B,) int32 or int64, indices into the labels of the part, in any order and
        with repeats, and returns (B, size, size, 3) uint8, red, green and blue last. An
        index outside of the part, or a record that was damaged after the check, is a
        `tf.errors.OpError` there.
        """
        import tensorflow as tf

        side, raw = self.size, self._index["encoding"] == "raw"
        facts = self._index["shards"][part]
        paths = [self._folder / shard["file"] for shard in facts]
        reader = Records(paths, [shard["count"] for shard in facts])
        image = tf.TensorSpec((side, side, 3), tf.uint8)

        def decode(record: tf.Tensor) -> tf.Tensor:
            if raw:
                return tf.reshape(tf.io.decode_raw(record, tf.uint8), image.shape)
            # Pinned: the default may be another approximation on another machine.
            picture = tf.io.decode_jpeg(record, channels=3, dct_method="INTEGER_ACCURATE")
            return tf.ensure_shape(picture, image.shape)

        def read(indices: tf.Tensor) -> tf.Tensor:
            found = tf.numpy_function(reader.read, [indices], tf.string, stateful=False)
            found = tf.reshape(found, tf.shape(indices))
            return tf.map_fn(decode, found, fn_output_signature=image, parallel_iterations=10)

        return read


def open_shards(folder: Path, *, verify: bool = True) -> Shards:
    """Open a folder that `alexnet_tf.data.prepare` made, and check that it is whole.

    Args:
        folder: OUT of that command.
        verify: compare SHA-256 of every shard. A shard whose bytes were compared once is
            read again only when its size or time has changed.

    Raises:
        DataError: not prepared, unfinished, damaged, or made by newer code. One line.
    """
    index = read_index(folder)
    try:
        shards = _shards(folder, index)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"{folder}: the index is damaged ({error!r}). {repair_hint(folder)}"
        ) from error
    wrong = damaged_shards(folder, index, verify=verify, reuse=True)
    if wrong:
        name, what = next(iter(wrong.items()))
        more = f" (and {len(wrong) - 1} more shards)" if len(wrong) > 1 else ""
        raise DataError(
            f"{folder / name}{more}: {what}. Make it anew with: "
            f"python -m alexnet_tf.data.prepare SOURCE {folder}"
        )
    foreign = {path.name for path in folder.glob(f"*{SUFFIX}")} - _files(index)
    if foreign:
        raise DataError(
            f"{folder / min(foreign)} is not named in the index. Remove it, if it does not "
            "belong there."
        )
    return shards


def damaged_shards(
    folder: Path, index: dict[str, Any], *, verify: bool = True, reuse: bool = False
) -> dict[str, str]:
    """Return file name -> defect, of every shard that is not what the index says.

    Args:
        folder: of the shards.
        index: of the folder.
        verify: compare SHA-256 as well, and not the sizes alone.
        reuse: trust what an earlier call found of files with the same size and time, and
            write down in the folder what this one finds.
    """
    facts = [ShardFacts(**facts) for part in PARTS for facts in index["shards"][part]]
    stamps = _earlier_stamps(folder) if reuse else {}

    def look(shard: ShardFacts) -> tuple[str, list[Any]]:
        path = folder / shard.file
        try:
            status = path.stat()
            stamp = [status.st_size, status.st_mtime_ns, shard.sha256, shard.count]
            if status.st_size != shard.size:
                return f"has {status.st_size:,} bytes, expected {shard.size:,}", stamp
            if verify and stamps.get(shard.file) != stamp:
                if sha256(path) != shard.sha256:
                    return "is damaged: its SHA-256 is not the one in the index", stamp
                if records(path) != shard.count:
                    return f"has {records(path)} records, expected {shard.count}", stamp
        except FileNotFoundError:
            return "is missing", []
        except (OSError, RuntimeError) as error:
            return f"cannot be read: {error}".partition("\n")[0], []
        return "", stamp

    with ThreadPoolExecutor(min(8, cores())) as pool:
        looks = dict(zip((shard.file for shard in facts), pool.map(look, facts), strict=True))
    good = {file: stamp for file, (what, stamp) in looks.items() if not what}
    if verify and reuse and good != stamps:
        with contextlib.suppress(OSError):  # a read-only folder is checked each time
            write_atomic(folder / _STAMP, json.dumps(good, indent=1).encode())
    return {file: what for file, (what, _) in looks.items() if what}


def _shards(folder: Path, index: dict[str, Any]) -> Shards:
    """Return what the index says, checked against itself and against the arrays."""
    size, classes = index["size"], tuple(index["class_names"])
    hint = repair_hint(folder)
    try:
        data = (folder / ARRAYS).read_bytes()
    except OSError as error:
        text = error.strerror or error
        raise DataError(f"{folder / ARRAYS} cannot be read: {text}. {hint}") from error
    if hashlib.sha256(data).hexdigest() != index["arrays"]["sha256"]:
        raise DataError(f"{folder / ARRAYS} is damaged: another SHA-256. {hint}")
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    labels = {part: arrays[f"{part}_labels"] for part in PARTS}
    for part in PARTS:
        in_shards = sum(facts["count"] for facts in index["shards"][part])
        per_class = np.bincount(labels[part], minlength=len(classes)).tolist()
        if in_shards != len(labels[part]) or per_class != index["counts"][part]:
            raise DataError(
                f"{folder}: the {part} shards hold {in_shards:,} images, the labels are "
                f"{len(labels[part]):,} and the classes add up to "
                f"{sum(index['counts'][part]):,}. {hint}"
            )
    if fingerprint(index, labels["train"], labels["test"]) != index["fingerprint"]:
        raise DataError(f"{folder}: the index is damaged: another fingerprint. {hint}")
    return Shards(
        source=index["source"],
        class_names=classes,
        train_labels=labels["train"],
        test_labels=labels["test"],
        size=size,
        mean_image=arrays["mean_image"],
        eigenvalues=arrays["eigenvalues"],
        eigenvectors=arrays["eigenvectors"],
        _folder=folder,
        _index=index,
    )


def _files(index: dict[str, Any]) -> set[str]:
    return {facts["file"] for part in PARTS for facts in index["shards"][part]}


def _earlier_stamps(folder: Path) -> dict[str, Any]:
    try:
        stamps = json.loads((folder / _STAMP).read_bytes())
    except (OSError, ValueError):
        return {}
    return stamps if isinstance(stamps, dict) else {}
