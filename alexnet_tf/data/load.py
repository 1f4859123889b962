"""The images of a data set, checked, from their source or from a decoded copy."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal, overload

import numpy as np

from alexnet_tf.data import builtin, cifar10
from alexnet_tf.data.images import Images
from alexnet_tf.data.labelled import Source
from alexnet_tf.errors import DataError, SpecError
from alexnet_tf.files import write_atomic
from alexnet_tf.spec import DatasetName

#: Seed of the built-in data set; its images are part of the project's definition.
BUILTIN_SEED = 2012


@overload
def load(
    name: Literal["cifar10", "builtin"],
    *,
    data_dir: Path | None = None,
    cache: Path | None = None,
) -> Images: ...


@overload
def load(
    name: DatasetName, *, data_dir: Path | None = None, cache: Path | None = None
) -> Source: ...


def load(name: DatasetName, *, data_dir: Path | None = None, cache: Path | None = None) -> Source:
    """Return the images of `name`.

    Args:
        name: the data set.
        data_dir: "cifar10": where tensorflow-datasets keeps its data; None:
            `$TFDS_DATA_DIR`, or the library's own default. "imagenet": the folder that
            `alexnet_tf.data.prepare` made.
        cache: folder for a decoded copy, which later calls read in a second; None: none.

    Raises:
        SpecError: a folder for the built-in images, which are rendered and not read.
        DataError: missing, truncated or of the wrong size.
        OSError: the decoded copy could not be written, or `data_dir` is a file or below one.
    """
    if name == "builtin" and data_dir is not None:
        raise SpecError(
            f"the built-in images are rendered, not read from a folder. Received: {data_dir}"
        )
    if name == "imagenet":
        return _shards(data_dir)
    if name == "builtin":
        key, read = _builtin_key(), _read_builtin
    else:
        key, read = cifar10.key(data_dir), lambda: cifar10.read(data_dir)
    if cache is None:
        return read()
    return _through(cache / f"{name}-{key}.images", read)


def _shards(folder: Path | None) -> Source:
    if folder is None:
        raise DataError(
            "prepared images are needed: give their folder with --data, or make it with "
            "`python -m alexnet_tf.data.prepare SOURCE OUT`"
        )
    # array_record is needed for shards alone, and not there on every system
    from alexnet_tf.data.shards import open_shards

    return open_shards(folder)


def _builtin_key() -> str:
    code = Path(builtin.__file__).read_bytes()
    return hashlib.sha256(code + str(BUILTIN_SEED).encode()).hexdigest()[:16]


def _read_builtin() -> Images:
    train = builtin.render(builtin.TRAIN_IMAGES, seed=BUILTIN_SEED, part="train")
    test = builtin.render(builtin.TEST_IMAGES, seed=BUILTIN_SEED, part="test")
    return Images(
        name="builtin",
        synthetic=True,
        source=f"rendered by alexnet_tf.data.builtin, seed {BUILTIN_SEED}",
        class_names=builtin.CLASS_NAMES,
        train_images=train[0],
        train_labels=train[1],
        test_images=test[0],
        test_labels=test[1],
    )


def _through(path: Path, read: Callable[[], Images]) -> Images:
    """Return the decoded copy at `path`, or read the source and leave a copy there."""
    if path.exists():
        images = _decode(path.read_bytes())
        if images is not None:
            return images
    images = read()
    write_atomic(path, _encode(images))
    return images


def _encode(images: Images) -> bytes:
    """Return SHA-256 of the rest, facts as JSON and arrays: a damaged copy is noticed."""
    arrays = io.BytesIO()
    np.savez(
        arrays, images.train_images, images.train_labels, images.test_images, images.test_labels
    )
    facts = [images.name, images.synthetic, images.source, images.class_names]
    body = json.dumps(facts).encode() + b"\n" + arrays.getvalue()
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def _decode(data: bytes) -> Images | None:
    """Inverse of `_encode`; None when the copy is damaged in any way."""
    digest, _, body = data.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        return None
    facts, _, arrays = body.partition(b"\n")
    name, synthetic, source, classes = json.loads(facts)
    with np.load(io.BytesIO(arrays), allow_pickle=False) as stored:
        parts = [stored[f"arr_{i}"] for i in range(4)]
    return Images(name, synthetic, source, tuple(classes), *parts)
