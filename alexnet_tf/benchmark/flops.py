"""Operations of a training step, counted from the spec."""

from __future__ import annotations

from alexnet_tf.spec import ModelSpec


def training_flops(model: ModelSpec) -> int:
    """Operations of one image's training step: three passes, less conv1's input gradient.

    A multiplication and an addition are two operations. The passes are forward, the gradients
    of the weights and those of the inputs; optimizer, norms and pooling are not counted.

    >>> from alexnet_tf.spec import PAPER
    >>> training_flops(PAPER.model)
    4135610496
    """
    conv1, side = model.convs[0], model.shapes[0].convolved
    first = 2 * side * side * conv1.kernel**2 * model.channels // conv1.groups * conv1.filters
    return 3 * model.flops() - first
