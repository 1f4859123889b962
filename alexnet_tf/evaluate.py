"""Errors of a trained net: from one view or ten, of one net or several averaged.

    python -m alexnet_tf.evaluate runs/my_run --views 10
    python -m alexnet_tf.evaluate runs/a --ensemble runs/b runs/c

Probabilities are averaged over views (section 4.1) and over nets (section 6). Those of
each run are kept in its folder, so that an ensemble computes nothing twice.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from alexnet_tf import arithmetic, arrays, files, records
from alexnet_tf.command_line import Parser, side_by_side
from alexnet_tf.data.augment import InputPipeline
from alexnet_tf.data.stream import image_batches
from alexnet_tf.data.windows import CENTRE
from alexnet_tf.environment import plain_keras
from alexnet_tf.errors import DataError, exit_code
from alexnet_tf.finished_run import FinishedRun, images_of, open_run
from alexnet_tf.records import Evaluation, Part

Ties = Literal["first", "fractional"]


def top_k_error(scores: np.ndarray, labels: np.ndarray, k: int = 1, ties: Ties = "first") -> float:
    """Return the fraction of images whose label is not among the k highest scores.

    Args:
        scores: (N, classes), probabilities or logits.
        labels: (N,) integers, 0 to classes - 1.
        k: at least 1.
        ties: among equal scores, "first" prefers the class of lower number; "fractional"
            gives the share of the places that the equal ones fill, as the 2012 source
            does (layer_kernels.cu).

    Raises:
        ValueError: no images, or k below 1.
        OutputError: a score is NaN, which is neither above nor below another.

    >>> scores = np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]])
    >>> top_k_error(scores, np.array([1, 2])), top_k_error(scores, np.array([1, 2]), k=3)
    (0.5, 0.0)
    """
    if k < 1 or not len(labels):
        raise ValueError(f"`k` must be at least 1, with images. Received: k={k}, N={len(labels)}")
    arrays.require_numbers(scores, "images")
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    higher = (scores > own).sum(axis=1)
    equal = scores == own
    if ties == "fractional":
        credit = np.clip((k - higher) / equal.sum(axis=1), 0, 1)
        return float(1 - credit.mean())
    before = equal & (np.arange(scores.shape[1])[None, :] < labels[:, None])
    return float((higher + before.sum(axis=1) >= k).mean())


class Predictor:
    """Softmax outputs of a net, averaged over the views of each image.

    Every call uses the weights that the net has then. The net is traced once, for one
    view, whatever is asked: its ten copies in one function take a second to trace.

    Args:
        model: gives logits, (B, classes).
        input_pipeline: turns (B, H, W, 3) uint8 images into views.
    """

    def __init__(self, model: keras.Model, input_pipeline: InputPipeline):
        self._views = tf.function(
            lambda images, count: list(input_pipeline.views(images, count)),
            autograph=False,  # which takes a second, and finds nothing to do
            reduce_retracing=True,
        )
        self._one_view = tf.function(
            lambda view: tf.nn.softmax(tf.cast(model(view, training=False), tf.float32)),
            autograph=False,
            reduce_retracing=True,
        )

    def __call__(self, images: Any, views: int = 1) -> np.ndarray:
        """Return (B, classes) float32 probabilities of (B, H, W, 3) images, views 1 or 10."""
        return self.each(images, views).mean(axis=0)

    def each(self, images: Any, views: int) -> np.ndarray:
        """Return the (views, B, classes) float32 probabilities before they are averaged."""
        shown: Any = self._views(images, views)
        return np.stack([np.asarray(self._one_view(view)) for view in shown])


def probabilities(predictor: Predictor, batches: Iterable[Any], views: int = 1) -> np.ndarray:
    """Return (N, classes) float32 for one batch of images or more."""
    return np.concatenate([predictor(images, views) for images in batches])


def centre_and_ten(predictor: Predictor, batches: Iterable[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return what `probabilities` gives for one view and for ten, of which it is one.

    Returns:
        (N, classes) float32 of the centre, and the same averaged over the ten views.
    """
    centre, ten = [], []
    for images in batches:
        each = predictor.each(images, 10)
        centre.append(each[CENTRE])
        ten.append(each.mean(axis=0))
    return np.concatenate(centre), np.concatenate(ten)


def evaluation(
    part: Part,
    views: int,
    averaged: np.ndarray,
    labels: np.ndarray,
    ties: Ties = "first",
) -> Evaluation:
    """Return the errors and the loss of averaged probabilities.

    Args:
        part: which images.
        views: how many views of each were averaged.
        averaged: (N, classes), each row summing to 1.
        labels: (N,) of class indices.
        ties: what counts of equally probable classes (`top_k_error`).

    Raises:
        OutputError: a probability is NaN.
    """
    arrays.require_numbers(averaged, f"{part} images")
    own = np.take_along_axis(averaged, labels[:, None], axis=1)
    wrong = np.packbits(averaged.argmax(axis=1) != labels).tobytes()
    return Evaluation(
        part=part,
        views=views,
        images=len(labels),
        top1_error=top_k_error(averaged, labels, 1, ties),
        top5_error=top_k_error(averaged, labels, min(5, averaged.shape[1]), ties),
        loss=float(-np.log(np.maximum(own.astype(np.float64), 1e-30)).mean()),
        wrong=base64.b64encode(wrong).decode(),
    )


@plain_keras()
def predictions(run: Path, options: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Return (probabilities, labels) of a finished run, kept in its folder for the next time.

    What is kept there and damaged is computed again.

    Raises:
        SpecError: the run is not finished.
        DataError: there is no net, as after a run that diverged; the images are missing,
            damaged, or not those the run was trained on.
        OutputError: an output is NaN; nothing is kept.
        LockedError: they have to be computed, and another process works in the folder.
    """
    record = records.of_run(run)
    path = run / f"{options.part}_{options.views}.npz"
    kept = arrays.read_predictions(path, record.weights_sha256)
    if kept is not None:
        if options.data_dir is not None:  # what is named has to be what was evaluated
            images_of(run, record, data_dir=options.data_dir, cache=options.cache)
        return kept
    with files.lock(run):
        net = open_run(run, data_dir=options.data_dir, cache=options.cache, threads=options.threads)
        found, labels = _predicted(net, options)
        arrays.require_numbers(found, f"{options.part} images of {run}")
        arrays.keep_predictions(path, found, labels, net.record.weights_sha256)
    return found, labels


def _predicted(net: FinishedRun, options: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Compute what `predictions` keeps."""
    if options.part == "validation":
        part, images, labels = "train", net.validation, net.source.train_labels
    else:
        part, images, labels = "test", net.test, net.source.test_labels
    if not len(images):
        raise DataError(f"run {net.record.run_id} has no {options.part} images")
    predictor = Predictor(net.model, net.input_pipeline)
    batches = image_batches(net.source, part, images, options.threads)
    # an image that is not turned has the first of its class's labels
    turns = net.record.experiment.data.rotations
    return probabilities(predictor, batches, options.views), labels[images] * turns


@dataclass(frozen=True)
class Settings:
    """Part and views of a run that are evaluated, and where its images lie."""

    part: Part = "test"
    views: int = 1
    ties: Ties = "first"
    data_dir: Path | None = None
    cache: Path | None = None
    threads: int = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate runs; return 0 or an error's code. The last line printed is one JSON object."""
    return exit_code("alexnet_tf.evaluate", lambda: _evaluate(_parser().parse(argv)))


def _evaluate(given: argparse.Namespace) -> int:
    threads = side_by_side("--threads", given.threads)
    arithmetic.set_up_gpus()
    settings = Settings(given.part, given.views, given.ties, given.data, given.cache, threads)
    runs = [given.run, *(given.ensemble or [])]
    made = [predictions(run, settings) for run in runs]
    if any(not np.array_equal(labels, made[0][1]) for _, labels in made):
        raise DataError("the runs of an ensemble must be evaluated on the same images")
    averaged = np.mean([found for found, _ in made], axis=0)
    result = evaluation(settings.part, settings.views, averaged, made[0][1], settings.ties)
    nets = "1 net" if len(runs) == 1 else f"{len(runs)} nets averaged"
    views = "centre view" if result.views == 1 else f"{result.views} views averaged"
    print(f"{nets}, {views}, {result.images} {result.part} images: ", end="")
    print(f"top-1 error {result.top1_error:.2%}, top-5 error {result.top5_error:.2%}")
    numbers = {name: value for name, value in vars(result).items() if name != "wrong"}
    print(json.dumps({"nets": len(runs), **numbers}))
    return 0


def _parser() -> Parser:
    parser = Parser("alexnet_tf.evaluate", __doc__)
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("--ensemble", type=Path, nargs="+", help="further runs to average with")
    add = parser.add_argument
    add("--views", type=int, choices=(1, 10), default=1, help="1: centre; 10: average of ten crops")
    add("--part", choices=("validation", "test"), default="test", help="images (default test)")
    ties = "of equal scores: the first class wins (default), or all in equal shares"
    add("--ties", choices=("first", "fractional"), default="first", help=ties)
    parser.add_argument("--data", type=Path, help="folder of the images, as in training")
    parser.add_argument("--cache", type=Path, help="folder for a decoded copy of the data")
    parser.add_argument("--threads", type=int, default=1, help="threads (default 1)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
