"""Training of a net: the paper's gradient descent and its two schedules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alexnet_tf.values import check_types, require

#: "tensorfloat32": float32 whose products an NVIDIA GPU rounds to 10 bits after the point.
#: "mixed_...": float32 weights, layers that compute in the half type; float16 scales its loss.
Precision = Literal["float32", "tensorfloat32", "mixed_bfloat16", "mixed_float16"]
BiasAnnealing = Literal["with_weights", "never"]
Validate = Literal["end", "epoch"]


def dtype_policy(precision: Precision) -> str:
    """Return the name of Keras' dtype policy for a precision.

    >>> dtype_policy("tensorfloat32"), dtype_policy("mixed_bfloat16")
    ('float32', 'mixed_bfloat16')
    """
    return "float32" if precision == "tensorfloat32" else precision


def compute_type(precision: Precision) -> str:
    """Return the name of the type in which the layers of a net compute, but for the last.

    >>> compute_type("tensorfloat32"), compute_type("mixed_float16")
    ('float32', 'float16')
    """
    return dtype_policy(precision).removeprefix("mixed_")


@dataclass(frozen=True, kw_only=True)
class PlateauSpec:
    """Divide the rate when the validation error stops improving (section 5).

    The rate is divided by `factor` after `patience` epochs without a new lowest
    validation error, `reductions` times; after the last, the same wait ends the training.
    The paper says when its authors did so by hand, not for how long they waited.
    """

    factor: float = 10.0
    reductions: int = 3
    patience: int = 5  # epochs

    def __post_init__(self) -> None:
        check_types(self)
        require(self, self.factor > 1, "factor", "greater than 1")
        require(self, self.reductions >= 0, "reductions", "at least 0")
        require(self, self.patience >= 1, "patience", "at least 1")


@dataclass(frozen=True, kw_only=True)
class RateChange:
    """From after `epoch` epochs on, the weights' learning rate; 0 freezes the layer.

    A layer's own change holds against every change of all layers, earlier or later, until the
    layer's next. In 2012 such changes were made by hand (layer-params-145.cfg).
    """

    epoch: int
    learning_rate: float
    layer: str | None = None  # None: every layer without a change of its own

    def __post_init__(self) -> None:
        check_types(self)
        require(self, self.epoch >= 1, "epoch", "at least 1")
        require(self, self.learning_rate >= 0, "learning_rate", "at least 0")


@dataclass(frozen=True, kw_only=True)
class TrainSpec:
    """Stochastic gradient descent with momentum in the paper's form (section 5).

    v <- momentum * v - weight_decay * rate * w - rate * gradient; w <- w + v, with the
    gradient averaged over the batch, and biases without decay. Training ends after
    `epochs`, or after the first epoch whose training error is at most `stop_at_error`,
    or when `plateau` says so. `changes` is a recorded schedule in its place.

    The last batch of an epoch has what is left of the images and counts as a whole update.
    `validate="end"` measures the validation error of the trained net alone, `"epoch"` also
    after each epoch, which a plateau needs. The paper: batches of 128, rate 0.01, momentum 0.9,
    decay 0.0005, about 90 epochs.
    """

    batch_size: int = 128
    learning_rate: float = 0.01
    momentum: float = 0.9
    epochs: int = 90
    stop_at_error: float | None = None  # a fraction, 0 to 1; None: train all epochs
    precision: Precision = "float32"
    weight_decay: float = 0.0
    bias_rate: float = 1.0  # the biases' learning rate over the weights'; the 2012 code: 2
    bias_annealing: BiasAnnealing = "with_weights"  # do biases follow `changes`?
    plateau: PlateauSpec | None = None
    changes: tuple[RateChange, ...] = ()
    validate: Validate = "end"  # when the validation error is measured

    def __post_init__(self) -> None:
        check_types(self)
        require(self, self.batch_size >= 1, "batch_size", "at least 1")
        require(self, self.learning_rate >= 0, "learning_rate", "at least 0")
        require(self, 0 <= self.momentum < 1, "momentum", "at least 0 and below 1")
        require(self, self.epochs >= 1, "epochs", "at least 1")
        require(self, self.weight_decay >= 0, "weight_decay", "at least 0")
        require(self, self.bias_rate >= 0, "bias_rate", "at least 0")
        if self.stop_at_error is not None:
            require(self, 0 <= self.stop_at_error <= 1, "stop_at_error", "between 0 and 1")
        if self.plateau is not None:
            require(self, not self.changes, "plateau", "null beside `changes`")
            require(self, self.validate == "epoch", "validate", "'epoch' with a plateau")
        epochs = [change.epoch for change in self.changes]
        require(self, epochs == sorted(epochs), "changes", "in the order of their epochs")
