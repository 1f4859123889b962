"""Stochastic gradient descent as section 5 writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("alexnet_tf")
class PaperSGD(keras.optimizers.Optimizer):
    """Momentum with the weight decay inside it, on weights and not on biases.

        v <- momentum * v - weight_decay * rate * w - rate * gradient
        w <- w + v

    (section 5; weights.cu of the 2012 source). The rate stands inside the momentum:
    changing it does not rescale v. `keras.optimizers.SGD(weight_decay=...)` decays
    outside the momentum and biases too.

    Args:
        learning_rate: rate of every layer without a factor, at least 0.
        momentum: 0 to below 1.
        weight_decay: of every layer without a decay of its own, at least 0.
        bias_rate: the biases' rate over the weights', at least 0.
        rate_factors: layer name -> factor on the rate of its weights and biases, or
            "layer/kernel" or "layer/bias" for one of them. 0 freezes: neither v nor w
            moves, as in weights.cu. Read when a training step is traced.
        weight_decays: layer name -> its decay.

    Raises:
        ValueError: momentum, weight_decay or bias_rate out of its range.

    >>> weight = keras.Variable([1.0])
    >>> descent = PaperSGD(learning_rate=0.1, momentum=0.9, weight_decay=0.5)
    >>> for _ in range(2):  # v: -0.15, then 0.9 * -0.15 - 0.1 * (1 + 0.5 * 0.85)
    ...     descent.apply([ops.ones(1)], [weight])
    >>> round(float(weight.numpy()[0]), 4)
    0.5725
    """

    def __init__(
        self,
        learning_rate: float = 0.01,
        momentum: float = 0.9,
        weight_decay: float = 5e-4,
        bias_rate: float = 1.0,
        rate_factors: Mapping[str, float] | None = None,
        weight_decays: Mapping[str, float] | None = None,
        name: str = "sgd",
        **kwargs,
    ):
        # Keras' own weight decay lies outside the momentum and stays off
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        if not 0 <= momentum < 1:
            raise ValueError(
                f"`momentum` must be at least 0 and below 1. Received: momentum={momentum}"
            )
        for label, value in (("weight_decay", weight_decay), ("bias_rate", bias_rate)):
            if value < 0:
                raise ValueError(f"`{label}` must be at least 0. Received: {label}={value}")
        self.momentum, self.decay, self.bias_rate = momentum, weight_decay, bias_rate
        self.rate_factors = dict(rate_factors or {})
        self.weight_decays = dict(weight_decays or {})

    def build(self, var_list):
        if self.built:
            return
        super().build(var_list)
        # TensorFlow hands `update_step` bare variables without their layer
        self._owners = [_owner(variable.path) for variable in var_list]
        self.velocities = [
            self.add_variable_from_reference(variable, name="momentum") for variable in var_list
        ]

    def update_step(self, gradient, variable, learning_rate):
        step = self._step(gradient, variable, learning_rate)
        if step is not None:
            velocity, moved = step
            self.assign(velocity, moved)
            self.assign_add(variable, moved)

    def _step(self, gradient: Any, variable: Any, learning_rate: Any) -> tuple[Any, Any] | None:
        """Return a variable's momentum and what it is to become, which the variable moves by.

        None where the layer is frozen.
        """
        index = self._get_variable_index(variable)
        layer, kind = self._owners[index]
        bias = kind == "bias"
        factor = self.rate_factors.get(layer, 1.0) * self.rate_factors.get(f"{layer}/{kind}", 1.0)
        factor *= self.bias_rate if bias else 1.0
        if factor == 0:
            return None
        decay = 0.0 if bias else self.weight_decays.get(layer, self.decay)
        rate: Any = ops.cast(learning_rate, variable.dtype)
        rate = rate if factor == 1 else rate * factor
        gradient = ops.cast(gradient, variable.dtype)
        if decay:
            gradient = gradient + variable * decay
        velocity: Any = self.velocities[index]
        return velocity, velocity * self.momentum - gradient * rate

    def get_config(self):
        config = super().get_config()
        # Keras' own decay is None here and has this optimizer's name for it
        return {
            **config,
            "momentum": self.momentum,
            "weight_decay": self.decay,
            "bias_rate": self.bias_rate,
            "rate_factors": self.rate_factors,
            "weight_decays": self.weight_decays,
        }


def _owner(path: str) -> tuple[str, str]:
    """Return (layer name, variable name) of a variable's path."""
    *_, layer, kind = ("", *path.split("/"))
    return layer, kind
