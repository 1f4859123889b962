"""What one step of a training computes: the compiled model, and the scaling inside of its step."""

from __future__ import annotations

from typing import Any, cast

import keras

from alexnet_tf.data.augment import InputPipeline
from alexnet_tf.loss_scaling import descent
from alexnet_tf.spec import Experiment, ModelSpec


def compiled(model: keras.Model, experiment: Experiment) -> keras.Model:
    """Return the model, compiled with the paper's gradient descent, its optimizer built.

    Args:
        model: of `experiment.model`, on one device or with two towers.
        experiment: whose `train` has the rates and decays.
    """
    train = experiment.train
    cast(Any, model).compile(  # Keras annotates strings only
        optimizer=descent(train.precision)(
            train.learning_rate,
            train.momentum,
            train.weight_decay,
            train.bias_rate,
            weight_decays=by_layer(_decays(experiment.model), model),
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,  # five times slower on CPU
        auto_scale_loss=False,  # the descent does it where float16 needs it
    )
    model.optimizer.build(model.trainable_variables)
    return model


def scaling(model: keras.Model, input_pipeline: InputPipeline) -> keras.Model:
    """Return the model with a step that takes bytes: it adds the colours and scales them itself.

    The device that trains then gets a quarter of the memory, and what makes batches cuts bytes
    alone. The numbers are those of `InputPipeline.training`.

    Args:
        model: compiled, on one device.
        input_pipeline: made the batches, `training_stream(..., scaled=False)`.
    """
    of_inputs = cast(Any, model).train_step

    def of_bytes(batch: Any) -> Any:
        shown, labels = batch
        return of_inputs((input_pipeline.inputs(shown), labels))

    cast(Any, model).train_step = of_bytes
    return model


def _decays(spec: ModelSpec) -> dict[str, float]:
    """Return layer name -> weight decay, of the layers that have one of their own."""
    own = [layer.weight_decay for layer in (*spec.convs, *spec.dense)]
    named = zip(spec.names(), [*own, spec.output_weight_decay], strict=True)
    return {name: decay for name, decay in named if decay is not None}


def by_layer(values: dict[str, float], model: keras.Model) -> dict[str, float]:
    """Return the values of conv1 as those of conv1a and conv1b where the net has towers."""
    there, found = {layer.name for layer in model.layers}, {}
    for key, value in values.items():
        layer, slash, kind = key.partition("/")
        for name in (layer,) if layer in there else (f"{layer}a", f"{layer}b"):
            found[f"{name}{slash}{kind}"] = value
    return found
