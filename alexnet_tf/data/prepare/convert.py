"""Image files to records, in parallel processes, in an order that does not depend on them."""

from __future__ import annotations

import hashlib
import io
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from alexnet_tf.data.colour import Moments, moments
from alexnet_tf.data.prepare.decode import BadImage, decode
from alexnet_tf.data.prepare.resize import square
from alexnet_tf.data.prepare.source import Item

Encoding = Literal["jpeg", "raw"]
_BATCH = 16
_AHEAD = 3  # batches under way for each process: none waits, and memory stays small


@dataclass(frozen=True)
class Settings:
    """The form of a record.

    `size` is the side of the square in pixels; `encoding` "jpeg", of `quality` 1 to 100 and
    4:2:0 subsampling, or "raw", the bytes of (size, size, 3).
    """

    size: int = 256
    encoding: Encoding = "jpeg"
    quality: int = 95


class Converted(NamedTuple):
    """One image after conversion: a record, or the reason why there is none.

    `item` is the file's name in the source. Without a record `notes` is empty and `digest` 0.
    """

    item: str
    label: int
    record: bytes | None
    reason: str
    notes: list[str]
    digest: int  # 64 bits of SHA-256 over the pixels of the record


class Batch(NamedTuple):
    """Some images in order, with the sums over the pixels of those that are good.

    `total` is (size, size, 3): the sum of the images, from which their mean is made.
    """

    images: list[Converted]
    total: NDArray[np.uint32]
    colours: Moments


Convert = Callable[[Iterable[Item], Settings], Iterator[Batch]]


@contextmanager
def converter(jobs: int) -> Iterator[Convert]:
    """Give a function that converts items in order, in `jobs` processes, or here if 1.

    The function takes items and settings and yields batches of up to 16 images, the same
    whatever the number of processes. Items are taken as they are needed: up to three batches a
    process are under way.

    Args:
        jobs: at least 1.
    """
    if jobs == 1:
        yield lambda items, settings: (_convert(list(batch), settings) for batch in _batched(items))
        return
    # Not forked: the parent may have threads, of the progress bar or of TensorFlow.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_end_with_parent) as pool:
        try:
            yield lambda items, settings: _in_order(pool, jobs, items, settings)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _in_order(
    pool: ProcessPoolExecutor, jobs: int, items: Iterable[Item], settings: Settings
) -> Iterator[Batch]:
    waiting: deque[Future[Batch]] = deque()
    for batch in _batched(items):
        waiting.append(pool.submit(_convert, batch, settings))
        if len(waiting) >= _AHEAD * jobs:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _batched(items: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _end_with_parent() -> None:
    """Leave Ctrl-C to the parent, and end when it was killed and can end nobody."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def _convert(items: list[Item], settings: Settings) -> Batch:
    images, colours = [], Moments()
    total = np.zeros((settings.size, settings.size, 3), np.uint32)
    for item in items:
        try:
            record, pixels, notes = _record(_read(item), settings)
        except BadImage as error:
            images.append(Converted(item.name, item.label, None, str(error), [], 0))
            continue
        total += pixels
        colours += moments(pixels)
        digest = int.from_bytes(hashlib.sha256(pixels.data).digest()[:8], "big")
        images.append(Converted(item.name, item.label, record, "", notes, digest))
    return Batch(images, total, colours)


def _read(item: Item) -> bytes:
    if isinstance(item.content, bytes):
        return item.content
    try:
        return Path(item.content).read_bytes()
    except OSError as error:
        raise BadImage(f"cannot be read: {error.strerror or error}") from error


def _record(data: bytes, settings: Settings) -> tuple[bytes, NDArray[np.uint8], list[str]]:
    """Return the record, the pixels that a reader of it will see, and notes."""
    image, notes = decode(data)
    if min(image.size) < settings.size:
        notes.append("enlarged")
    pixels = np.ascontiguousarray(square(image, settings.size))
    if settings.encoding == "raw":
        return pixels.tobytes(), pixels, notes
    buffer = io.BytesIO()
    # 4:2:0 is what the OpenCV of 2014 wrote; said here, so that no default can change it.
    Image.fromarray(pixels).save(buffer, "JPEG", quality=settings.quality, subsampling="4:2:0")
    with Image.open(buffer, formats=("JPEG",)) as written:
        return buffer.getvalue(), np.asarray(written), notes
