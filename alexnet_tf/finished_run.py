"""A finished run opened again: its net, and the images it was trained and tested on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from alexnet_tf import records
from alexnet_tf.data.augment import InputPipeline, input_pipeline
from alexnet_tf.data.labelled import Source, check_fit
from alexnet_tf.data.load import load
from alexnet_tf.data.split import split
from alexnet_tf.data.stream import image_batches
from alexnet_tf.environment import plain_keras
from alexnet_tf.errors import DataError
from alexnet_tf.records import RunRecord
from alexnet_tf.spec import ModelSpec
from alexnet_tf.trained_net import trained_net


@dataclass(frozen=True)
class FinishedRun:
    """A trained net with its record and images.

    `threads` make batches side by side. Outputs are those of inference: centre views, dropout
    scaled and not drawn.
    """

    record: RunRecord
    model: keras.Model
    input_pipeline: InputPipeline
    source: Source
    train: np.ndarray  # indices of its training images
    validation: np.ndarray  # of those that it was validated on, in the same part
    test: np.ndarray  # and of those it is tested on
    threads: int

    @property
    def spec(self) -> ModelSpec:
        """The net's spec."""
        return self.record.experiment.model

    def outputs(self, layer: str, part: Any, chosen: np.ndarray) -> np.ndarray:
        """Return a layer's outputs for the centre views of images.

        Args:
            layer: its name, conv1 to fc8.
            part: "train" or "test".
            chosen: (N,) indices into the part.

        Returns:
            (N, ...) float32, the layer's shape behind N.
        """
        return self.tensor(self.model.get_layer(layer).output, part, chosen)

    def tensor(self, symbolic: Any, part: Any, chosen: np.ndarray) -> np.ndarray:
        """Return any symbolic tensor of the net for the same views, (N, ...) float32.

        Args:
            symbolic: output of a layer, or what is computed from some with Keras' operations.
            part: "train" or "test".
            chosen: (N,) indices into the part.
        """
        return np.concatenate(list(self.batches(symbolic, part, chosen)))

    def batches(self, symbolic: Any, part: Any, chosen: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the same as `tensor`, (B, ...) float32 at a time.

        Of the paper's net, conv1's outputs of a few thousand images alone fill 1 GB.

        Args:
            symbolic: as for `tensor`.
            part: "train" or "test".
            chosen: (N,) indices into the part.
        """
        with plain_keras():
            inner: Any = keras.Model(self.model.input, symbolic)

        @tf.function(autograph=False, reduce_retracing=True)
        def values(images: Any) -> Any:
            return tf.cast(inner(self.input_pipeline.centre(images), training=False), tf.float32)

        for images in image_batches(self.source, part, chosen, self.threads):
            yield np.asarray(values(images))

    def pixels(self, part: Any, chosen: np.ndarray) -> np.ndarray:
        """Return the stored images, (N, H, W, 3) uint8, uncropped.

        Args:
            part: "train" or "test".
            chosen: (N,) indices into the part.
        """
        batches = image_batches(self.source, part, chosen, self.threads)
        return np.concatenate([np.asarray(images) for images in batches])


def images_of(run: Path, record: RunRecord, *, data_dir: Path | None, cache: Path | None) -> Source:
    """Return the images that a run was trained and tested on.

    Args:
        run: its folder, for the message.
        record: its result.
        data_dir: where the data set lies; None: `$TFDS_DATA_DIR` or its default.
        cache: folder of decoded copies; None: none.

    Raises:
        DataError: they are missing, damaged, or others.
    """
    source = load(record.experiment.data.dataset, data_dir=data_dir, cache=cache)
    if record.data is not None and record.data.fingerprint != source.fingerprint():
        raise DataError(f"{run}: the run was trained on other images than those of {source.source}")
    return source


def open_run(
    run: Path, *, data_dir: Path | None = None, cache: Path | None = None, threads: int = 1
) -> FinishedRun:
    """Load a finished run's net and find its images.

    Args:
        run: its folder, with result.json and model.keras.
        data_dir: where the data set lies; None: `$TFDS_DATA_DIR` or its default.
        cache: folder of decoded copies; None: none.
        threads: how many read images side by side.

    Raises:
        SpecError: the run is not finished.
        RecordError: its record cannot be read.
        DataError: there is no net, as after a run that diverged; the images are missing,
            damaged, or not those the run was trained on; the net is not the run's; weights of a
            file have another number of classes or a larger input.
    """
    record = records.of_run(run)
    experiment = record.experiment
    source = images_of(run, record, data_dir=data_dir, cache=cache)
    if record.data is None:  # weights of a file: nobody has seen these images with them
        check_fit(experiment, source)
    chosen = split(source, experiment.data)
    return FinishedRun(
        record=record,
        model=trained_net(run, record),
        input_pipeline=input_pipeline(experiment, source, chosen),
        source=source,
        train=chosen.train,
        validation=chosen.validation,
        test=chosen.test,
        threads=threads,
    )
