"""Errors of a trained net on every part of its images."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from alexnet_tf import arrays
from alexnet_tf.data.augment import InputPipeline
from alexnet_tf.data.labelled import Source
from alexnet_tf.data.split import Split
from alexnet_tf.data.stream import image_batches
from alexnet_tf.evaluate import (
    Predictor,
    centre_and_ten,
    evaluation,
    probabilities,
    top_k_error,
)
from alexnet_tf.records import Evaluation, Part
from alexnet_tf.spec import Experiment

_SAMPLE = 10_000  # training images at most


class Evaluator:
    """Measures one net, with the weights of the moment, on the parts of its images.

    Args:
        experiment: the rotations and the input size are used.
        source: the images.
        split: which of them train, validate and test.
        input_pipeline: makes their views.
        threads: how many read images side by side.
    """

    def __init__(
        self,
        experiment: Experiment,
        source: Source,
        split: Split,
        input_pipeline: InputPipeline,
        threads: int,
    ):
        self.experiment, self.source, self.split = experiment, source, split
        self.input_pipeline, self.threads = input_pipeline, threads
        self._predictor: Predictor | None = None  # traced when first needed

    def validation_error(self, net: keras.Model) -> float:
        """Return the top-1 error on the validation images, 0 to 1, from one view.

        Args:
            net: gives logits; the same one in every call.

        Raises:
            ValueError: there are no validation images.
            OutputError: an output is NaN, though every weight may be finite.
        """
        found = probabilities(self._predict(net), self._batches("validation"))
        arrays.require_numbers(found, "validation images")
        return top_k_error(found, self._labels("validation"))

    def evaluations(self, net: keras.Model, out: Path, weights: str) -> tuple[Evaluation, ...]:
        """Return one view of every part, and ten of the test images where nets see crops.

        Of the training images 10,000 at most are evaluated, evenly spread; a part without images is
        left out. Files test_1.npz and test_10.npz of the probabilities are for ensembles.

        Args:
            net: always the same one; its weights may change.
            out: folder that keeps the probabilities of the test images.
            weights: hash of the weights, kept with them.

        Raises:
            OutputError: an output is NaN; no file is written then.
        """
        predictor, found = self._predict(net), []
        for part in ("train", "validation"):
            if len(labels := self._labels(part)):
                averaged = probabilities(predictor, self._batches(part))
                found.append(evaluation(part, 1, averaged, labels))
        labels, tested = self._labels("test"), self._tested(predictor)
        found += [evaluation("test", views, each, labels) for views, each in tested.items()]
        for views, averaged in tested.items():
            arrays.keep_predictions(out / f"test_{views}.npz", averaged, labels, weights)
        return tuple(found)

    def _tested(self, predictor: Predictor) -> dict[int, np.ndarray]:
        """Return number of views -> probabilities of the test images."""
        batches = self._batches("test")
        if self.experiment.model.input_size == self.source.size:
            return {1: probabilities(predictor, batches)}
        centre, ten = centre_and_ten(predictor, batches)
        return {1: centre, 10: ten}

    def _images(self, part: Part) -> np.ndarray:
        """Return the indices of the part's images in the published set they are from."""
        if part == "train":
            train = self.split.train
            evenly = np.linspace(0, len(train) - 1, min(len(train), _SAMPLE))
            return train[evenly.astype(int)]
        return self.split.validation if part == "validation" else self.split.test

    def _labels(self, part: Part) -> np.ndarray:
        """Return what the net is to say of the part's images, which stand upright."""
        source = self.source
        labels = source.test_labels if part == "test" else source.train_labels
        return labels[self._images(part)] * self.experiment.data.rotations

    def _batches(self, part: Part) -> tf.data.Dataset:
        published = "test" if part == "test" else "train"
        return image_batches(self.source, published, self._images(part), self.threads)

    def _predict(self, net: keras.Model) -> Predictor:
        if self._predictor is None:
            self._predictor = Predictor(net, self.input_pipeline)
        return self._predictor
