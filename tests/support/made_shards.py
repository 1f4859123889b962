"""Prepared shards of a few pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from alexnet_tf.data.prepare import __main__ as prepare
from alexnet_tf.data.prepare.folder import Tree

SHARD = "train-00001.array_record"


def make(root: Path, encoding: str) -> Path:
    rng = np.random.default_rng(3)
    for part, count in (("train", 7), ("val", 2)):
        for name in ("cat", "dog", "emu"):
            folder = root / "source" / part / name
            folder.mkdir(parents=True)
            for k in range(count):
                pixels = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
                Image.fromarray(pixels).resize((20, 25)).save(folder / f"{k}.png")
    options = ["--size", "16", "--jobs", "1", "--shard-images", "5", "--encoding", encoding]
    assert prepare.main([str(root / "source"), str(root / "out"), *options]) == 0
    return root / "out"


def expected(folder: Path, part: Literal["train", "test"]) -> list[np.ndarray]:
    """The pixels of the records, straight from the files of the source."""
    from alexnet_tf.data.prepare.convert import Settings, _record

    encoding = json.loads((folder / "index.json").read_bytes())["encoding"]
    source = Tree(folder.parent / "source")
    items = source.items(part, 0, source.count(part))
    settings = Settings(16, encoding)
    return [_record(Path(item.content).read_bytes(), settings)[1] for item in items]  # type: ignore[arg-type]


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[300] ^= 1  # in the first record; most of so small a shard is padding
    path.write_bytes(data)
