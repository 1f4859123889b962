"""The Keras model of two towers: its training step, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf
from keras.src.losses.loss import unscale_loss_for_distribution

from alexnet_tf.loss_scaling import LossScaledSGD
from alexnet_tf.two_tower.strategy import TwoTowerStrategy


@keras.saving.register_keras_serializable("alexnet_tf")
class TwoTowerModel(keras.Model):
    """`keras.Model` whose training keeps each tower's work on its own device.

    fit, evaluate, predict, callbacks and saving are Keras' own. The stock training step
    computes all gradients of tower 1 on device 0, and the stock optimizer sends them
    there once more.
    """

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        *,
        run_eagerly: bool = False,
        jit_compile: Any = "auto",
        **kwargs,
    ) -> None:
        """Prepare for training, as `keras.Model.compile` does, and build the optimizer.

        Args:
            optimizer: made in the scope of the model's strategy, or its name.
            loss: as for Keras.
            run_eagerly: must be False.
            jit_compile: must not be True; "auto" is False here.
            **kwargs: as for Keras; `auto_scale_loss` is always False.

        Raises:
            ValueError: an option that fails on two devices or has gradients or weights
                cross between them. One line says which.
        """
        if run_eagerly:
            raise ValueError("two towers need run_eagerly=False: gradients are placed in a graph")
        if jit_compile is True:
            raise ValueError("two towers need jit_compile=False: XLA compiles for one device")
        with self.distribute_strategy.scope():
            optimizer = keras.optimizers.get(optimizer)
            for refusal in (*refused_options(optimizer), *refused_layers(self, optimizer)):
                raise ValueError(refusal)
            kwargs["auto_scale_loss"] = False
            super().compile(optimizer, loss, run_eagerly=False, jit_compile=False, **kwargs)
            self._check_optimizer_scope()
            self.optimizer.build(self.trainable_variables)
        if isinstance(self.distribute_strategy, TwoTowerStrategy):
            self.optimizer._all_reduce_sum_gradients = _reduced_where_they_are

    def compile_from_config(self, config):
        # Keras skips a compile() that is not its own
        with self.distribute_strategy.scope():
            self.compile(**keras.saving.deserialize_keras_object(config))

    def train_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        logits = self(x, training=True)
        loss = self._compute_loss(
            x=x, y=y, y_pred=logits, sample_weight=sample_weight, training=True
        )
        self._loss_tracker.update_state(
            unscale_loss_for_distribution(loss),
            sample_weight=tf.shape(tf.nest.flatten(x)[0])[0],
        )
        loss = self.optimizer.scale_loss(loss)
        weights = self.trainable_weights
        # unlike a tape it puts each gradient where the forward operation is
        gradients = tf.gradients(loss, [weight.value for weight in weights])
        self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return self.compute_metrics(x, y, logits, sample_weight=sample_weight)

    def _check_optimizer_scope(self) -> None:
        if self.optimizer._distribution_strategy is not self.distribute_strategy:
            raise ValueError(
                "the optimizer must be made in the scope of the model's strategy: "
                "with strategy.scope(): optimizer = ..."
            )


def refused_options(optimizer: Any) -> Iterator[str]:
    """Yield one line for each option of an optimizer that two towers cannot have.

    Clipping, scaled losses and averaged weights would bring tower 1's gradients or weights to
    device 0, and Keras cannot trace accumulated gradients under a strategy.

    Args:
        optimizer: a Keras optimizer.
    """
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        yield (
            "two towers cannot have a LossScaleOptimizer: it inspects every gradient on device 0; "
            "use LossScaledSGD"
        )
        return
    for name in ("clipnorm", "global_clipnorm", "clipvalue"):
        if getattr(optimizer, name) is not None:
            yield f"two towers cannot have {name}: gradients would cross to be clipped on device 0"
    if optimizer.loss_scale_factor is not None:
        yield "two towers cannot have loss_scale_factor: gradients would cross to be unscaled"
    if optimizer.use_ema:
        yield "two towers cannot have use_ema: weights would cross to be averaged on device 0"
    if optimizer.gradient_accumulation_steps:
        yield (
            "two towers cannot have gradient_accumulation_steps: "
            "Keras cannot trace it under a strategy"
        )


def refused_layers(model: keras.Model, optimizer: Any) -> Iterator[str]:
    """Yield one line for each layer with something that two towers cannot have.

    Regularizers and constraints, since weights would cross, and layers in float16 whose
    gradients the optimizer does not scale.

    Args:
        model: built.
        optimizer: the model is to be trained with.
    """
    for variable in model.trainable_variables:
        if variable.regularizer is not None:
            yield (
                f"{variable.path}: two towers cannot have a regularizer: weights would cross; "
                "use the optimizer's weight_decay"
            )
        if variable.constraint is not None:
            yield f"{variable.path}: two towers cannot have a constraint: weights would cross"
    for layer in model._flatten_layers():
        if layer.compute_dtype == "float16" and not isinstance(optimizer, LossScaledSGD):
            yield f"{layer.name}: two towers train in float16 with LossScaledSGD alone"


def _reduced_where_they_are(gradients_and_variables: Any) -> list[Any]:
    """Return (sum over the pairs of each gradient, variable); with one pair what came in."""
    gradients, variables = zip(*gradients_and_variables, strict=True)
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return list(zip(gradients, variables, strict=True))

    def merge(strategy, *parts):
        return strategy.extended.batch_reduce_to(
            tf.distribute.ReduceOp.SUM, [(part, part) for part in parts]
        )

    reduced = replica.merge_call(merge, args=gradients)
    return list(zip(reduced, variables, strict=True))
