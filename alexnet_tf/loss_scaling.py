"""The paper's gradient descent on a scaled loss, which layers in float16 need."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from alexnet_tf.optimizers import PaperSGD
from alexnet_tf.spec import Precision

#: Without a bound, gradients that are all 0 would have the scale doubled to infinity.
LARGEST = 2.0**24


def descent(precision: Precision) -> type[PaperSGD]:
    """Return the gradient descent for a net of this precision.

    >>> descent("mixed_float16").__name__, descent("mixed_bfloat16").__name__
    ('LossScaledSGD', 'PaperSGD')
    """
    return LossScaledSGD if precision == "mixed_float16" else PaperSGD


@keras.saving.register_keras_serializable("alexnet_tf")
class LossScaledSGD(PaperSGD):
    """`PaperSGD` on the gradients of the loss times a scale, for layers in float16.

    A gradient below 6e-8 is 0 in float16 and one above 65,504 is infinite. The scale, a power of
    two, moves gradients in between; those of the weights are divided by it in float32
    (Micikevicius et al. 2018, section 3.2). After an update in which any gradient is not finite
    no weight and no momentum has moved and the scale is halved; it is doubled, up to 2**24, after
    `growth_steps` updates in a row without one.

    The rule and the defaults are those of `keras.optimizers.LossScaleOptimizer`. That one has
    every gradient of two towers sent to one device; here each gradient is looked at, divided and
    left out where it is, and a truth value of each is sent.

    Args:
        *args, **kwargs: as for `PaperSGD`.
        initial_scale: of the loss, a power of two, at least 1.
        growth_steps: updates after which the scale is doubled, at least 1.

    Attributes:
        loss_scale: variable of the scale, float32.
        since_change: variable, updates since the scale was last changed.
        skipped: variable, updates that were left out.

    Raises:
        ValueError: an argument outside of these.

    >>> weight = keras.Variable([1.0])
    >>> descent = LossScaledSGD(learning_rate=0.5, momentum=0.0, weight_decay=0.0, initial_scale=8)
    >>> for gradient in ([8.0], [float("inf")]):  # 8 is a gradient of 1, scaled
    ...     descent.apply([ops.convert_to_tensor(gradient)], [weight])
    >>> float(weight.numpy()[0]), float(descent.loss_scale), int(descent.skipped)
    (0.5, 4.0, 1)
    """

    def __init__(
        self,
        *args,
        initial_scale: float = 2.0**15,
        growth_steps: int = 2000,
        name: str = "sgd",
        **kwargs,
    ):
        super().__init__(*args, name=name, **kwargs)
        if not 1 <= initial_scale <= LARGEST or math.frexp(initial_scale)[0] != 0.5:
            raise ValueError(
                "`initial_scale` must be a power of two from 1 to 2**24. "
                f"Received: initial_scale={initial_scale}"
            )
        if growth_steps < 1:
            raise ValueError(
                f"`growth_steps` must be at least 1. Received: growth_steps={growth_steps}"
            )
        self.initial_scale, self.growth_steps = float(initial_scale), growth_steps

    @property
    def exhausted(self) -> bool:
        """Whether the gradients of the unscaled loss were not finite."""
        return bool(np.asarray(self.loss_scale) < 1)

    def build(self, var_list):
        if self.built:
            return
        super().build(var_list)
        initial: Any = keras.initializers.Constant(self.initial_scale)
        self.loss_scale: Any = self.add_variable((), initial, "float32", name="loss_scale")
        self.since_change: Any = self.add_variable((), "zeros", "int", name="since_change")
        self.skipped: Any = self.add_variable((), "zeros", "int", name="skipped")

    def scale_loss(self, loss):
        return loss * (self.loss_scale if self.built else self.initial_scale)

    def _distributed_tf_update_step(self, distribution, grads_and_vars, learning_rate):
        extended = distribution.extended
        flags = []
        for gradient, variable in grads_and_vars:
            flag = extended.update(variable, _all_finite, args=(gradient,), group=False)
            # a gradient that pairs of towers have in common is the same in each
            flags.append(distribution.experimental_local_results(flag)[0])
        scale = tf.convert_to_tensor(self.loss_scale.value)
        with tf.device(scale.device):
            finite = ops.all(ops.stack(flags))
        # A condition around all the updates would take every gradient to one device.
        for gradient, variable in grads_and_vars:
            arguments = (gradient, learning_rate, finite, scale)
            extended.update(variable, self._moved, args=arguments, group=False)
        self._rescaled(finite, scale)

    def _moved(self, variable: Any, gradient: Any, learning_rate: Any, finite: Any, scale: Any):
        step = self._step(gradient / scale, variable, learning_rate)
        if step is not None:
            velocity, moved = step
            self.assign(velocity, ops.where(finite, moved, velocity))
            self.assign(variable, ops.where(finite, variable + moved, variable))

    def _rescaled(self, finite: Any, scale: Any) -> None:
        """Move the scale and the counters on after an update."""
        count = tf.convert_to_tensor(self.since_change.value) + 1
        grown = ops.logical_and(finite, ops.equal(count, self.growth_steps))
        changed = ops.logical_or(grown, ops.logical_not(finite))
        factor = ops.where(finite, ops.where(grown, 2.0, 1.0), 0.5)
        self.assign(self.loss_scale, ops.minimum(scale * factor, LARGEST))
        self.assign(self.since_change, ops.where(changed, 0, count))
        self.assign_add(self.skipped, ops.logical_not(finite))

    def get_config(self):
        own = {"initial_scale": self.initial_scale, "growth_steps": self.growth_steps}
        return {**super().get_config(), **own}


def skipped_updates(model: keras.Model) -> int:
    """Return how many updates of a compiled model were left out; 0 where no loss is scaled."""
    optimizer = model.optimizer
    return int(np.asarray(optimizer.skipped)) if isinstance(optimizer, LossScaledSGD) else 0


def _all_finite(variable: Any, gradient: Any) -> Any:
    """Say whether a gradient is finite, on the device of its variable."""
    return ops.all(ops.isfinite(gradient))
