"""Rows that are measured of one net: a piece, library, precision and way to compile each."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from alexnet_tf.spec import Experiment, ModelSpec, Precision

Kind = Literal["train", "train_pipeline", "pipeline", "norm"]
Library = Literal["alexnet_tf", "tensorflow", "torch"]
Unit = Literal["images/s", "ms"]


@dataclass(frozen=True)
class Row:
    """One thing that is timed, in a process of its own.

    `train`: training steps on one batch that stays in memory. `train_pipeline`: the same
    on batches from the input pipeline. `pipeline`: those batches alone. `norm`: the
    spec's first response norm alone, forward and backward.
    """

    kind: Kind
    library: Library
    precision: Precision = "float32"
    lrn: bool = True  # with the spec's response norms
    compiled: bool = False  # torch.compile
    channels_last: bool = False  # PyTorch's memory format; TensorFlow's is always this one

    @property
    def unit(self) -> Unit:
        """Unit of its values: images/s, the higher the better, or ms, the lower."""
        return "ms" if self.kind == "norm" else "images/s"

    @property
    def label(self) -> str:
        """A name for people, without the precision.

        >>> Row("train", "torch", compiled=True).label
        'PyTorch compiled: training step, LRN'
        """
        if self.library == "torch":
            how = "compiled" if self.compiled else "eager"
            where = f"PyTorch {how}" + (", channels_last" if self.channels_last else "")
        elif self.library == "tensorflow":
            where = "tf.nn.local_response_normalization"
        else:
            where = "alexnet_tf"
        what = {
            "train": "training step" + (", LRN" if self.lrn else ", no LRN"),
            "train_pipeline": "training from the pipeline",
            "pipeline": "pipeline alone",
            "norm": "LRN forward + backward",
        }[self.kind]
        return f"{where}: {what}"


def rows(model: ModelSpec, precisions: Sequence[Precision]) -> tuple[Row, ...]:
    """Return every row of `model`, those to be compared with each other together.

    Training steps are measured with and without LRN in every precision, the norm and the
    pipeline alone once, in float32.

    Args:
        model: without norms it has no rows for them.
        precisions: one or more, each once.
    """
    normed = has_norm(model)
    made: list[Row] = []
    for precision in precisions:
        for lrn in (True, False) if normed else (False,):
            made.append(Row("train", "alexnet_tf", precision, lrn))
            if lrn == normed:
                made.append(Row("train_pipeline", "alexnet_tf", precision, lrn))
            made.append(Row("train", "torch", precision, lrn))
            made.append(Row("train", "torch", precision, lrn, compiled=True))
            # torch.compile chooses the format of convolutions itself
            made.append(Row("train", "torch", precision, lrn, channels_last=True))
    if normed:
        made += [Row("norm", "alexnet_tf"), Row("norm", "tensorflow")]
    return (*made, Row("pipeline", "alexnet_tf"))


def has_norm(model: ModelSpec) -> bool:
    """Say whether any convolution is followed by a response norm across maps."""
    return any(conv.norm is not None for conv in model.convs)


def without_norm(experiment: Experiment) -> Experiment:
    """Return the experiment with every response norm across maps left out."""
    convs = tuple(dataclasses.replace(conv, norm=None) for conv in experiment.model.convs)
    model = dataclasses.replace(experiment.model, convs=convs)
    return dataclasses.replace(experiment, model=model)


def norm_input(model: ModelSpec) -> tuple[int, int, int]:
    """Return (height, width, maps) of what the first response norm sees.

    Raises:
        ValueError: the model has none.

    >>> from alexnet_tf.spec import PAPER
    >>> norm_input(PAPER.model)
    (55, 55, 96)
    """
    for conv, shape in zip(model.convs, model.shapes, strict=True):
        if conv.norm is not None:
            before = conv.order[: conv.order.index("norm")]
            side = shape.handed_on if "pool" in before else shape.convolved
            return side, side, conv.filters
    raise ValueError("the model has no response norm")
