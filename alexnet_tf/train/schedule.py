"""Learning rates as a function of the spec and of the epochs so far.

Nothing here has a state: the plateau rule is a function of the curve, which every
checkpoint holds, so that a resumed run goes on at the rate it had.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from alexnet_tf.records import EpochResult
from alexnet_tf.spec import PlateauSpec, TrainSpec


@dataclass(frozen=True)
class Rates:
    """The learning rate of the coming epoch, and factors on it by layer.

    `factors` has "conv1" for a layer's weights and biases, "conv1/bias" for its biases. A layer
    that is not in it has a factor of 1; factors multiply, and `PaperSGD.bias_rate` on top.
    """

    rate: float
    factors: dict[str, float] = field(default_factory=dict)


def rates(train: TrainSpec, layers: Sequence[str], curve: Sequence[EpochResult]) -> Rates:
    """Return the rates of the epoch that follows `curve`.

    Args:
        train: the spec.
        layers: names of all layers with weights.
        curve: one entry per finished epoch; a plateau rule looks at its validation errors, recorded
            changes at their number alone.

    >>> from alexnet_tf.spec import CIFAR_ALEXNET
    >>> epoch = EpochResult(epoch=1, updates=1, train_error=0.5, train_loss=1.0, seconds=1.0)
    >>> rates(CIFAR_ALEXNET.train, ["conv1"], [epoch] * 40)
    Rates(rate=0.004, factors={})
    """
    if train.plateau is not None:
        drops = min(drops_so_far(train.plateau, curve), train.plateau.reductions)
        return Rates(train.learning_rate / train.plateau.factor**drops)
    base = _recorded(train, None, len(curve)) or 1.0  # factors of 0 then hold all layers still
    factors = {}
    for layer in layers:
        own = _recorded(train, layer, len(curve))
        if own != base:
            factors[layer] = own / base
        if train.bias_annealing == "never" and own not in (0, train.learning_rate):
            # undoes the weights' factor: the 2012 run never lowered its biases' rates
            factors[f"{layer}/bias"] = train.learning_rate / own
    return Rates(base, factors)


def drops_so_far(plateau: PlateauSpec, curve: Sequence[EpochResult]) -> int:
    """Return how often the plateau rule has fired; one more than `reductions` is the end.

    Section 5 divides the rate "when the validation error rate stopped improving with the current
    learning rate".

    Args:
        plateau: the rule.
        curve: one entry per finished epoch.

    Raises:
        ValueError: an epoch has no validation error.

    >>> numbers = {"updates": 1, "train_error": 0.5, "train_loss": 1.0, "seconds": 1.0}
    >>> curve = [EpochResult(epoch=n, **numbers, validation_error=0.4) for n in (1, 2, 3, 4)]
    >>> drops_so_far(PlateauSpec(patience=3), curve)
    1
    """
    drops, best, waited = 0, math.inf, 0
    for epoch in curve:
        if epoch.validation_error is None:
            raise ValueError(
                f"no validation error after epoch {epoch.epoch}, which a plateau needs"
            )
        if epoch.validation_error < best:
            best, waited = epoch.validation_error, 0
        else:
            waited += 1
        if waited == plateau.patience:
            drops, waited = drops + 1, 0
    return drops


def ended(train: TrainSpec, curve: Sequence[EpochResult]) -> bool:
    """Say whether the last epoch of `curve` is the last to train.

    It is when all epochs are trained, when its training error is at most `stop_at_error`, or when
    the plateau rule has fired once more than it may divide. An empty curve has not ended.
    """
    if not curve:
        return False
    if train.stop_at_error is not None and curve[-1].train_error <= train.stop_at_error:
        return True
    if train.plateau is not None and drops_so_far(train.plateau, curve) > train.plateau.reductions:
        return True
    return len(curve) >= train.epochs


def _recorded(train: TrainSpec, layer: str | None, epochs: int) -> float:
    """Return the rate of a layer after so many epochs: its own last change, or everyone's."""
    due = [change for change in train.changes if change.epoch <= epochs]
    own = [change for change in due if layer is not None and change.layer == layer]
    common = [change for change in due if change.layer is None]
    chosen = own or common
    return chosen[-1].learning_rate if chosen else train.learning_rate
