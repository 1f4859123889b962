"""One shard on disk: an array_record file, and beside it, until all are done, its sums.

array_record (Google's, the format of tensorflow-datasets and Grain) reads any records of a
file in one call, checks a hash of each, has wheels for Linux and macOS, and writes the same
bytes for the same records. Measured on random batches of 128 records of 22 kB: 6,800
records/s, where a bare `os.pread` at known offsets reaches 7,200 and checks nothing. Its one
trap, that a file cut short opens as one of no records, is met by sizes and SHA-256.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from array_record.python.array_record_module import ArrayRecordReader, ArrayRecordWriter
from numpy.typing import NDArray

from alexnet_tf.arrays import DAMAGED
from alexnet_tf.data.colour import Moments
from alexnet_tf.data.prepare.convert import Batch
from alexnet_tf.data.prepare.source import Bad
from alexnet_tf.errors import DataError
from alexnet_tf.files import write_atomic

# A record alone in its chunk is read without its neighbours; JPEG cannot be compressed.
_WRITER_OPTIONS = "group_size:1,uncompressed"
_READ_AHEAD = 1 << 20


@dataclass(frozen=True)
class Shard:
    """The share of one shard in the whole: its labels, its sums and its bad files.

    `labels` and `digests` have one entry per record; a digest is 64 bits of SHA-256 over the
    pixels. `colours` are the sums over all its pixels. `bad` files have no record; `notes`
    counts what was done to the others in decoding.
    """

    state: str  # hash of the items and settings that it was made from
    sha256: str
    size: int  # bytes
    labels: NDArray[np.int64]
    digests: NDArray[np.uint64]
    total: NDArray[np.int64]  # sum over the images, (size, size, 3)
    colours: Moments
    bad: list[Bad]
    notes: Counter[str]


def collect(batches: Iterable[Batch], write: Callable[[bytes], object]) -> Shard:
    """Hand every record to `write`, in order; return the sums, without a file's facts.

    Args:
        batches: of converted images.
        write: takes the bytes of a record; what it returns is not looked at.

    Returns:
        A shard whose `state`, `sha256` and `size` are empty.
    """
    labels, digests = [], []
    bad, notes, colours = [], Counter(), Moments()
    total: NDArray[np.int64] = np.zeros((), np.int64)
    for batch in batches:
        total = total + batch.total
        colours += batch.colours
        for image in batch.images:
            if image.record is None:
                bad.append(Bad(image.item, image.reason))
                continue
            write(image.record)
            labels.append(image.label)
            digests.append(image.digest)
            notes.update(image.notes)
    arrays = np.array(labels, np.int64), np.array(digests, np.uint64)
    return Shard("", "", 0, *arrays, total, colours, bad, notes)


def write_shard(path: Path, batches: Iterable[Batch], *, partial: Path, state: str) -> Shard:
    """Write a shard atomically, then its sums, which say that it is whole.

    Args:
        path: of the shard.
        batches: what goes into it.
        partial: folder on the same disk for unfinished files and for the sums.
        state: hash of what the shard is made from, for `kept`.

    Returns:
        The shard, with the hash and size of its file.

    Raises:
        OSError: it cannot be written, or does not hold what was written to it.
    """
    unfinished = partial / f"{path.name}.unfinished"
    try:
        writer = ArrayRecordWriter(os.fspath(unfinished), _WRITER_OPTIONS)
        try:
            found = collect(batches, writer.write)
        finally:
            writer.close()
        with open(unfinished, "rb") as file:
            os.fsync(file.fileno())
        if records(unfinished) != len(found.labels):
            raise OSError(None, "records are missing from what was just written", str(path))
    except RuntimeError as error:  # array_record's word for a full or failing disk
        if type(error) is not RuntimeError:
            raise
        raise OSError(None, str(error).partition(";")[0], str(path)) from error
    os.replace(unfinished, path)
    shard = replace(found, state=state, sha256=sha256(path), size=path.stat().st_size)
    write_atomic(_sums(partial, path), _encode(shard))
    return shard


def kept(path: Path, *, partial: Path, state: str) -> Shard | None:
    """Return the shard that an earlier run finished, or None if it has to be made.

    Args:
        path: of the shard.
        partial: folder with the sums that `write_shard` left.
        state: hash of what the shard would be made from now; another one, or another size of
            the file, means that it has to be made. Its bytes are not read.
    """
    try:
        shard = _decode(_sums(partial, path).read_bytes())
        same = shard.state == state and path.stat().st_size == shard.size
    except (OSError, *DAMAGED):
        return None
    return shard if same else None


def records(path: Path) -> int:
    """Return the number of records in a shard file.

    Raises:
        RuntimeError: it is no array_record file, or damaged.
    """
    reader = ArrayRecordReader(os.fspath(path))
    try:
        return reader.num_records()
    finally:
        reader.close()


class Records:
    """The records of several shard files, read by index; a file is opened when first needed.

    Args:
        paths: of the files, in order.
        counts: how many records each has.
    """

    def __init__(self, paths: Sequence[Path], counts: Sequence[int]) -> None:
        self._paths = list(paths)
        self._starts = np.cumsum([0, *counts])
        self._open: dict[int, ArrayRecordReader] = {}
        self._lock = threading.Lock()

    def read(self, indices: NDArray[np.integer]) -> NDArray[np.object_]:
        """Return the records at `indices`, (B,) of bytes, in their order.

        Raises:
            IndexError: an index is below 0 or not below the number of records.
            DataError: a record was damaged after the file was checked.
        """
        if len(indices) and not 0 <= indices.min() <= indices.max() < self._starts[-1]:
            raise IndexError(f"an index is not in 0 to {self._starts[-1] - 1}")
        shards = np.searchsorted(self._starts, indices, side="right") - 1
        found = np.empty(len(indices), object)
        for shard in np.unique(shards).tolist():
            here = np.flatnonzero(shards == shard)
            rows = (indices[here] - self._starts[shard]).tolist()
            try:
                found[here] = self._reader(shard).read(rows)
            except RuntimeError as error:  # a record that is not of its hash
                path, again = self._paths[shard], "python -m alexnet_tf.data.prepare SOURCE"
                line = f"{path}: damaged since it was checked. Make it anew with: {again}"
                raise DataError(f"{line} {path.parent}") from error
        return found

    def _reader(self, shard: int) -> ArrayRecordReader:
        with self._lock:
            if shard not in self._open:
                # Neighbours of a record are not wanted next, so nothing is read ahead.
                options = "readahead_buffer_size:0"
                path = os.fspath(self._paths[shard])
                self._open[shard] = ArrayRecordReader(path, options=options)
            return self._open[shard]


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hex digits.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_READ_AHEAD):
            digest.update(block)
    return digest.hexdigest()


def _sums(partial: Path, path: Path) -> Path:
    return partial / f"{path.stem}.npz"


def _encode(shard: Shard) -> bytes:
    facts = {
        "state": shard.state,
        "sha256": shard.sha256,
        "size": shard.size,
        "colours": shard.colours.numbers(),
        "bad": shard.bad,
        "notes": shard.notes,
    }
    buffer = io.BytesIO()
    np.savez(
        buffer,
        facts=np.frombuffer(json.dumps(facts).encode(), np.uint8),
        labels=shard.labels,
        digests=shard.digests,
        total=shard.total.astype(np.uint32),  # 16 million images of 255 fit
    )
    return buffer.getvalue()


def _decode(data: bytes) -> Shard:
    """Inverse of `_encode`; NumPy's archive has a checksum for each array."""
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        facts = json.loads(stored["facts"].tobytes())
        labels, digests, total = (stored[name] for name in ("labels", "digests", "total"))
    return Shard(
        facts["state"],
        facts["sha256"],
        facts["size"],
        labels,
        digests,
        total.astype(np.int64),
        Moments.of_numbers(facts["colours"]),
        [Bad(*entry) for entry in facts["bad"]],
        Counter(facts["notes"]),
    )
