"""Variants of a net's response normalisation (section 3.3): none, or other constants."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from alexnet_tf.spec.experiment import Experiment
from alexnet_tf.values import replace


def without_lrn(base: Experiment) -> Experiment:
    """No response normalisation of any kind (section 3.3; layers-148.cfg).

    >>> from alexnet_tf.spec import PAPER
    >>> without_lrn(PAPER).model.convs[0].norm is None
    True
    """
    convs = (dataclasses.replace(c, norm=None, spatial_norm=None) for c in base.model.convs)
    return replace(base, {"model.convs": tuple(convs)})


def with_norms(base: Experiment, constants: Mapping[str, float]) -> Experiment:
    """Every response norm with these constants (section 3.3); the others stay.

    Args:
        base: any experiment.
        constants: fields of `ResponseNormSpec`: size (the paper's n), k, alpha or beta.

    >>> from alexnet_tf.spec import PAPER
    >>> with_norms(PAPER, {"k": 1.0}).model.convs[1].norm.k
    1.0
    """
    convs = (
        conv if conv.norm is None else dataclasses.replace(conv, norm=replace(conv.norm, constants))
        for conv in base.model.convs
    )
    return replace(base, {"model.convs": tuple(convs)})


def constant_norms(base: Experiment) -> Experiment:
    """Response norms with alpha = 0: the factor k^-beta, 0.59 for the paper's constants, stays."""
    return with_norms(base, {"alpha": 0.0})
