"""A sheet of the built-in images: `python -m alexnet_tf.data.builtin FILE.png`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from alexnet_tf import files
from alexnet_tf.data.builtin import CLASS_NAMES, render
from alexnet_tf.errors import SpecError, exit_code

_IMAGES = 200  # 20 of each class
_SHOWN = 12  # of them
_NAMES = 140  # pixels for a name


def main(arguments: Sequence[str]) -> int:
    """Draw the sheet; return 0, 2 (usage) or 4 (disk, or Matplotlib is missing)."""
    return exit_code("alexnet_tf.data.builtin", lambda: _main(arguments))


def _main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1 or not arguments[0].endswith(".png"):
        raise SpecError("usage: python -m alexnet_tf.data.builtin FILE.png")
    draw(Path(arguments[0]))
    return 0


def draw(path: Path) -> None:
    """Draw 12 training images of seed 0 per class, one row each, into a PNG.

    Raises:
        OSError: the disk is full or not writable.
        ModuleNotFoundError: Matplotlib is missing.
    """
    from matplotlib.figure import Figure

    images, labels = render(_IMAGES, seed=0, part="train")
    cells = np.stack([images[labels == label][:_SHOWN] for label in range(len(CLASS_NAMES))])
    cells = np.pad(cells, ((0, 0), (0, 0), (1, 1), (1, 1), (0, 0)), constant_values=255)
    sheet = np.vstack([np.hstack(list(row)) for row in cells]).repeat(3, axis=0).repeat(3, axis=1)
    height, width = sheet.shape[0], sheet.shape[1]
    figure = Figure(figsize=((width + _NAMES) / 100, height / 100), dpi=100)
    # Six bits a colour look the same and keep the noise from filling the file.
    figure.figimage(sheet & 252, xo=_NAMES)
    for row, name in enumerate(CLASS_NAMES):
        x, y = (_NAMES - 10) / (width + _NAMES), 1 - (row + 0.5) / len(CLASS_NAMES)
        figure.text(x, y, name, ha="right", va="center")
    options: Any = {"pil_kwargs": {"optimize": True}, "metadata": {"Software": None}}
    files.write_through(path, lambda place: figure.savefig(place, **options))
