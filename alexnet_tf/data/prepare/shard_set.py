"""The shards that a source gives, and making them: all, those that are missing, or none."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import features

from alexnet_tf.data.prepare.convert import Batch, Convert, Settings
from alexnet_tf.data.prepare.progress import progress
from alexnet_tf.data.prepare.source import PARTS, Bad, Part, Source, shown
from alexnet_tf.data.shard_format.index import (
    INDEX_VERSION,
    PARTIAL,
    SUFFIX,
    repair_hint,
    shard_name,
)
from alexnet_tf.data.shard_format.shard_files import Records, Shard, collect, kept, write_shard
from alexnet_tf.errors import DataError
from alexnet_tf.files import write_atomic

_LEAST_JPEG = 0.2  # bytes a pixel: photographs take twice as many at quality 95
_TIMES = ".source.sha256"
_NOTHING: NDArray[np.int64] = np.zeros((), np.int64)

_Block = tuple[Part, int, int, int]  # part, number of the shard, first item, last + 1


class Preparation:
    """A source, the settings and the folder for its shards.

    `plan` is the SHA-256 of the settings, the images a shard and the source's digest: a finished
    folder with another plan is not this preparation's.
    """

    def __init__(self, source: Source, settings: Settings, out: Path, shard_images: int) -> None:
        """Divide the source into shards of `shard_images`; nothing is read or written yet.

        Args:
            source: the images.
            settings: size and encoding.
            out: the folder of shards; unfinished files lie in `.partial` below it.
            shard_images: images a shard, at least 1; the last of a part has what is left.
        """
        self.source, self.settings, self.out = source, settings, out
        self.partial = out / PARTIAL
        plan = [INDEX_VERSION, asdict(settings), shard_images, source.digest()]
        self.plan = hashlib.sha256(json.dumps(plan).encode()).hexdigest()
        self._blocks: list[_Block] = [
            (part, number, start, min(start + shard_images, source.count(part)))
            for part in PARTS
            for number, start in enumerate(range(0, source.count(part), shard_images))
        ]
        self._images = sum(source.count(part) for part in PARTS)

    def shards(self, convert: Convert) -> tuple[dict[Part, list[Shard]], NDArray[np.int64]]:
        """Return all shards, kept or made, without their sums, and the sum over train.

        Shards that an earlier, interrupted call finished from the same images are not made again.
        Progress is shown on standard error.

        Args:
            convert: of `convert.converter`.

        Returns:
            The shards of each part in order, and the sum of all training images, (size, size, 3)
            int64.

        Raises:
            DataError: the source cannot be read.
            OSError: a shard cannot be written, or there is too little room.
        """
        ready: dict[tuple[Part, int], Shard] = {}
        total = _NOTHING
        for part, number, start, stop in self._blocks:
            path, state = self._path(part, number), self._state(part, start, stop)
            shard = kept(path, partial=self.partial, state=state)
            if shard is not None:
                total = total + shard.total if part == "train" else total
                ready[part, number] = replace(shard, total=_NOTHING)
        missing = [block for block in self._blocks if block[:2] not in ready]
        to_do = sum(stop - start for _, _, start, stop in missing)
        self._require_room(to_do)
        with progress(self._images, self._images - to_do) as advance:
            for block in missing:
                shard = self._make(convert, block, advance)
                total = total + shard.total if block[0] == "train" else total
                ready[block[:2]] = replace(shard, total=_NOTHING)
        return {
            part: [ready[other, number] for other, number, *_ in self._blocks if other == part]
            for part in PARTS
        }, total

    def check(self, convert: Convert) -> list[Bad]:
        """Read and decode everything, write nothing; return what cannot be used.

        Args:
            convert: of `convert.converter`.

        Raises:
            DataError: the source itself cannot be read.
        """
        bad = list(self.source.bad)
        with progress(self._images, 0) as advance:
            for part, _, start, stop in self._blocks:
                batches = convert(self.source.items(part, start, stop), self.settings)
                bad += collect(_counted(batches, advance), lambda record: None).bad
        return bad

    def repair(self, convert: Convert, index: dict[str, Any], files: Iterable[str]) -> None:
        """Make the named shards of a finished folder anew.

        Args:
            convert: turns an item of the source into a record.
            index: of the folder; it has the hash that each shard had.
            files: names of the shards, without the folder.

        Raises:
            DataError: a shard did not become what it was.
        """
        wanted = {facts["file"]: facts for part in PARTS for facts in index["shards"][part]}
        blocks = [block for block in self._blocks if shard_name(*block[:2]) in files]
        with progress(sum(stop - start for _, _, start, stop in blocks), 0) as advance:
            for block in blocks:
                name = shard_name(*block[:2])
                if self._make(convert, block, advance).sha256 != wanted[name]["sha256"]:
                    raise DataError(
                        f"{self.out / name} was made anew and is not what it was: its images or "
                        f"Pillow have changed. {repair_hint(self.out)}"
                    )

    def changed(self, convert: Convert, index: dict[str, Any]) -> list[str]:
        """Return the images of which the source would now give another record than the shards have.

        Nothing is decoded where the source has the names, sizes and times that it had when it was
        last compared (`remember`).

        Args:
            convert: of `convert.converter`.
            index: of the finished folder, whose shards are whole.

        Returns:
            Names below the source.

        Raises:
            DataError: the source itself cannot be read.
        """
        if self._remembered() == self._times():
            return []
        skipped = {name for name, _ in index["skipped"]}
        found: list[str] = []
        with progress(self._images, 0) as advance:
            for part, number, start, stop in self._blocks:
                facts = index["shards"][part][number]
                stored = Records([self._path(part, number)], [facts["count"]])
                batches = convert(self.source.items(part, start, stop), self.settings)
                at = 0
                for batch in _counted(batches, advance):
                    for image in batch.images:
                        if shown(image.item) in skipped:
                            same = image.record is None
                        else:
                            same = image.record == stored.read(np.array([at]))[0]
                            at += 1
                        found += [] if same else [image.item]
        return found

    def remember(self) -> None:
        """Note in the folder which names, sizes and times its images have; it may be read-only."""
        if self._remembered() != self._times():
            with contextlib.suppress(OSError):  # a read-only folder is compared each time
                write_atomic(self.out / _TIMES, self._times().encode())

    def _remembered(self) -> str:
        try:
            return (self.out / _TIMES).read_text(encoding="ascii")
        except (OSError, ValueError):
            return ""

    def _times(self) -> str:
        states = [self.source.state(part, start, stop) for part, _, start, stop in self._blocks]
        return hashlib.sha256(" ".join(states).encode()).hexdigest()

    def clean(self) -> None:
        """Remove what a finished folder has no need of: `.partial`, and shards not of this plan."""
        shutil.rmtree(self.partial, ignore_errors=True)
        names = {shard_name(part, number) for part, number, *_ in self._blocks}
        for path in self.out.glob(f"*{SUFFIX}"):
            if path.name not in names:
                path.unlink()

    def _make(self, convert: Convert, block: _Block, advance: Callable[[int], None]) -> Shard:
        part, number, start, stop = block
        batches = convert(self.source.items(part, start, stop), self.settings)
        return write_shard(
            self._path(part, number),
            _counted(batches, advance),
            partial=self.partial,
            state=self._state(part, start, stop),
        )

    def _path(self, part: Part, number: int) -> Path:
        return self.out / shard_name(part, number)

    def _state(self, part: Part, start: int, stop: int) -> str:
        codecs = [PIL.__version__, features.version("jpg"), features.version("libjpeg_turbo")]
        facts = [INDEX_VERSION, asdict(self.settings), codecs, self.source.state(part, start, stop)]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def _require_room(self, images: int) -> None:
        pixel = 3.0 if self.settings.encoding == "raw" else _LEAST_JPEG
        needed, free = images * self.settings.size**2 * pixel, shutil.disk_usage(self.out).free
        if needed > free:
            text = f"{images:,} images need {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free"
            raise OSError(errno.ENOSPC, f"{text}. Make room or choose another folder", self.out)


def _counted(batches: Iterable[Batch], advance: Callable[[int], None]) -> Iterator[Batch]:
    for batch in batches:
        yield batch
        advance(len(batch.images))
