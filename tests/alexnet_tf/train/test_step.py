"""Scaling inside of the step: the weights are those of a stream of inputs, to the bit."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tiny

from alexnet_tf.data.augment import input_pipeline
from alexnet_tf.data.split import split
from alexnet_tf.data.stream import training_stream
from alexnet_tf.model import build_alexnet
from alexnet_tf.spec import AugmentSpec, Experiment, JitterSpec, replace
from alexnet_tf.train import checkpoint, step

tiny.pin_one_thread()
JITTER = JitterSpec(divide=1.1, epochs=1)


def trained(images: Any, experiment: Experiment, *, scaled: bool, threads: int = 1) -> str:
    """Hash of the weights after two epochs on a stream of inputs, or of bytes."""
    keras.utils.set_random_seed(0)
    chosen = split(images, experiment.data)
    made = input_pipeline(experiment, images, chosen)
    model: Any = step.compiled(build_alexnet(experiment), experiment)
    if not scaled:
        model = step.scaling(model, made)
    stream = training_stream(
        *(images, chosen.train, made, experiment),
        epochs=range(2),
        threads=threads,
        scaled=scaled,
    )
    model.fit(stream, steps_per_epoch=16, epochs=2, shuffle=False, verbose=0)
    return checkpoint.weights_sha256(model)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"data.augment": AugmentSpec(flip=True, jitter=JITTER), "model.input_size": 6},
        {"data.scaling": "standardised", "data.augment": AugmentSpec(flip=True)},
    ],
)
def test_bytes_scaled_in_the_step_give_the_weights_of_scaled_inputs(tiny_images, changes):
    experiment = replace(tiny.experiment(epochs=2), changes)
    found = trained(tiny_images, experiment, scaled=False, threads=2)
    assert found == trained(tiny_images, experiment, scaled=True)


def test_the_stream_of_bytes_holds_bytes(tiny_images):
    experiment = replace(tiny.experiment(), {"model.input_size": 6})
    chosen = split(tiny_images, experiment.data)
    made = input_pipeline(experiment, tiny_images, chosen)
    stream = training_stream(
        *(tiny_images, chosen.train, made, experiment), epochs=range(1), scaled=False
    )
    shown, _ = next(iter(stream))
    assert np.asarray(shown.pixels).dtype == np.uint8
    assert shown.pixels.shape[1:] == (6, 6, 3)
