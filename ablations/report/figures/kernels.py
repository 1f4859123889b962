"""Figures 3 and 4 of the paper from a net of ours: small pictures, each pixel an image's.

A picture is a PNG inside the page, shown larger by the page's style sheet without smoothing.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ablations.plan import StudyRun
from alexnet_tf import arrays

_A_ROW = 16  # kernels
_GAP = 1  # pixels between kernels
_LABELS = 5
_ARRAYS = (
    *("conv1", "test_images", "test_labels", "probabilities", "neighbours", "neighbour_labels"),
    "class_names",
)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A PNG as a data URI, and a description of it in words.

    Attributes:
        words: the text for those who cannot see it.
        width: in pixels, as `height`; a style sheet shows each pixel larger.
    """

    uri: str
    words: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """One of the most probable labels of a test image.

    Attributes:
        right: whether it is the image's own label.
    """

    label: str
    probability: float  # 0 to 1
    right: bool


@dataclass(frozen=True, kw_only=True)
class Example:
    """A test image with what the net takes it for, and the training images nearest in fc7.

    Attributes:
        label: the true one.
        predictions: five at most, the most probable first.
        neighbours: the nearest first, each with its label as its words.
    """

    picture: Picture
    label: str
    predictions: tuple[Prediction, ...]
    neighbours: tuple[Picture, ...]


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """The pictures that Figures 3 and 4 show of one net."""

    run_id: str
    seed: int
    kernels: tuple[Picture, ...]  # one a tower
    examples: tuple[Example, ...]


def inspect(runs: Sequence[StudyRun]) -> Inspection | None:
    """Return the pictures of the first run that was inspected; None where none was.

    Args:
        runs: each run's folder is searched for inspection.npz; one that cannot be read is passed
            over.
    """
    for run in runs:
        # the store gives no inspection of other weights than the record's
        path = (run.folder or Path()) / "inspection.npz"
        if not run.inspection or run.folder is None:
            continue
        found = arrays.read(path, _ARRAYS)
        if found is None:
            continue
        experiment = run.planned.experiment
        return Inspection(
            run_id=experiment.run_id,
            seed=experiment.seed,
            kernels=kernels(found["conv1"]),
            examples=examples(found),
        )
    return None


def kernels(conv1: np.ndarray, towers: int = 2) -> tuple[Picture, ...]:
    """Return a picture a tower of its kernels (h, w, 3, filters), on one scale for all.

    Args:
        conv1: weights of the first layer; the least is black and the largest white.
        towers: equal parts of the filters.
    """
    low, high = float(conv1.min()), float(conv1.max())
    scaled = (conv1 - low) / (high - low) if high > low else np.zeros_like(conv1)
    pixels = np.rint(255 * scaled).astype(np.uint8)
    found = []
    for number, half in enumerate(np.split(pixels, towers, axis=3), start=1):
        words = f"Tower {number}: its {half.shape[3]} kernels of the first layer"
        found.append(picture(tiled(half), words))
    return tuple(found)


def tiled(half: np.ndarray) -> np.ndarray:
    """Return the kernels as one image (H, W, 4), transparent where there is none.

    Args:
        half: (h, w, 3, filters) uint8; 16 kernels a row, with a gap of one pixel.
    """
    height, width, _, count = half.shape
    rows = -(-count // _A_ROW)
    columns = min(count, _A_ROW)
    size = (rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP, 4)
    sheet = np.zeros(size, np.uint8)
    for number in range(count):
        row, column = divmod(number, _A_ROW)
        top, left = row * (height + _GAP), column * (width + _GAP)
        sheet[top : top + height, left : left + width, :3] = half[..., number]
        sheet[top : top + height, left : left + width, 3] = 255
    return sheet


def examples(arrays: dict[str, np.ndarray]) -> tuple[Example, ...]:
    """Return the test images with their most probable labels and nearest training images.

    Args:
        arrays: of an inspection (inspection.npz): `test_images` (n, H, W, 3) uint8,
            `test_labels` (n,), `probabilities` (n, classes), `neighbours` (n, m, H, W, 3)
            uint8, `neighbour_labels` (n, m), `class_names` (classes,).

    Returns:
        One example a test image, with its five most probable labels, the first one on top.
    """
    names = [str(name) for name in arrays["class_names"]]
    found = []
    for index, image in enumerate(arrays["test_images"]):
        label = names[int(arrays["test_labels"][index])]
        probabilities = arrays["probabilities"][index]
        best = np.argsort(-probabilities, kind="stable")[:_LABELS]
        near = zip(arrays["neighbours"][index], arrays["neighbour_labels"][index], strict=True)
        found.append(
            Example(
                picture=picture(image, f"test image: {label}"),
                label=label,
                predictions=tuple(
                    Prediction(
                        label=names[k], probability=float(probabilities[k]), right=names[k] == label
                    )
                    for k in best
                ),
                neighbours=tuple(picture(other, names[int(k)]) for other, k in near),
            )
        )
    return tuple(found)


def picture(pixels: np.ndarray, words: str) -> Picture:
    """Return the pixels (H, W, 3 or 4) of 8 bits as a PNG.

    Args:
        pixels: rows from the top; a fourth channel is opacity.
        words: what it shows, for those who cannot see it.
    """
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, format="PNG")
    uri = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return Picture(uri=uri, words=words, width=pixels.shape[1], height=pixels.shape[0])
