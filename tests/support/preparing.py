"""Trees of pictures, and the command that prepares them."""

from __future__ import annotations

from pathlib import Path

import bad_images
import numpy as np
from PIL import Image

from alexnet_tf.data.prepare import __main__ as prepare

KINDS = {kind.name: kind for kind in bad_images.kinds()}


def tree(
    root: Path, *, train: int = 5, val: int = 2, classes: tuple[str, ...] = ("b", "a")
) -> Path:
    """A tree of small PNG files of random sizes and colours."""
    rng = np.random.default_rng(0)
    for part, count in (("train", train), ("val", val)):
        for name in classes:
            folder = root / part / name
            folder.mkdir(parents=True)
            for k in range(count):
                pixels = rng.integers(0, 256, (*rng.integers(17, 40, 2), 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{k}.png")
    return root


def run(source: object, out: Path, *options: object, code: int = 0) -> None:
    arguments = ["--size", 16, "--jobs", 1, "--shard-images", 4, *options]
    assert prepare.main([str(source), str(out), *map(str, arguments)]) == code
