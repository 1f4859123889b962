"""A sheet of the built-in images: `python -m alexnet_tf.data.builtin FILE.png`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from alexnet_tf import files
from alexnet_tf.errors import SpecError, exit_code

_SHOWN = 12  # images of a class
_NAMES = 140  # pixels for a name


def main(
    arguments: Sequence[str],
    render: Callable[[], tuple[np.ndarray, np.ndarray]],
    names: Sequence[str],
) -> int:
    """Draw the sheet; return 0, 2 (usage) or 4 (disk, or Matplotlib is missing).

    Args:
        arguments: the file's name alone, ending in .png.
        render: returns images of (N, H, W, 3) uint8, 12 of each class or more, and (N,) labels.
        names: of the classes.
    """

    def body() -> int:
        if len(arguments) != 1 or not arguments[0].endswith(".png"):
            raise SpecError("usage: python -m alexnet_tf.data.builtin FILE.png")
        _draw(Path(arguments[0]), *render(), names)
        return 0

    return exit_code("alexnet_tf.data.builtin", body)


def _draw(path: Path, images: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> None:
    """Draw the first images of each class, one row each."""
    from matplotlib.figure import Figure

    cells = np.stack([images[labels == label][:_SHOWN] for label in range(len(names))])
    cells = np.pad(cells, ((0, 0), (0, 0), (1, 1), (1, 1), (0, 0)), constant_values=255)
    sheet = np.vstack([np.hstack(list(row)) for row in cells]).repeat(3, axis=0).repeat(3, axis=1)
    height, width = sheet.shape[0], sheet.shape[1]
    figure = Figure(figsize=((width + _NAMES) / 100, height / 100), dpi=100)
    # Six bits a colour look the same and keep the noise from filling the file.
    figure.figimage(sheet & 252, xo=_NAMES)
    for row, name in enumerate(names):
        x, y = (_NAMES - 10) / (width + _NAMES), 1 - (row + 0.5) / len(names)
        figure.text(x, y, name, ha="right", va="center")
    options: Any = {"pil_kwargs": {"optimize": True}, "metadata": {"Software": None}}
    files.write_through(path, lambda place: figure.savefig(place, **options))
