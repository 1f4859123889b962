"""Figure 2 of the paper as text: two columns of layers and what crosses between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from alexnet_tf.two_tower.report import CommunicationReport, Crossing, Direction

_BOX = 27  # characters of a box, and of the space between two
_GAP = 22


def diagram(model: keras.Model, report: CommunicationReport) -> str:
    """Return a text of both towers with the bytes that cross an image, forward and backward.

    Every number is a tensor of the report: at a layer without an arrow nothing crosses.

    Args:
        model: from `build_two_tower`.
        report: of the same model; its bytes are divided by its number of images.

    Returns:
        Lines from the image to the logits: weighted layers and pooling as boxes with the shapes
        of their outputs, arrows above the layer that takes what crosses.
    """
    gap, rule = " " * _GAP, "+" + "-" * (_BOX - 2) + "+"
    lines = [f"{'tower 0':^{_BOX}}{gap}{'tower 1':^{_BOX}}"]
    below: list[str] = []
    for left, right in _columns(model):
        arrows = list(_crossed(report, left))
        top = f"{rule}{gap}{rule if right else ''}".rstrip()
        if arrows or not below:
            lines += [*below, *arrows, top]
        boxes = [f"|{text:^{_BOX - 2}}|" if text else "" for text in (left, right)]
        lines.append(gap.join(boxes).rstrip())
        below = [top]
    return "\n".join([*lines, *below])


def _columns(model: keras.Model) -> list[tuple[str, str]]:
    """Return (layer of tower 0, layer of tower 1 or "") with shapes, from image to logits."""
    shapes = {layer.name: _shape(layer) for layer in model.layers if _shown(layer)}
    return [
        (shape, shapes.get(f"{name[:-1]}b", "") if name.endswith("a") else "")
        for name, shape in shapes.items()
        if not (name.endswith("b") and f"{name[:-1]}a" in shapes)
    ]


def _shown(layer: keras.layers.Layer) -> bool:
    inner = getattr(layer, "layer", None)
    return bool(inner and inner.trainable_variables) or layer.name.startswith("pool")


def _shape(layer: Any) -> str:
    return f"{layer.name}  {' x '.join(map(str, layer.output.shape[1:]))}"


def _crossed(report: CommunicationReport, left: str) -> Iterator[str]:
    """Yield one arrow a direction for what crosses in front of tower 0's layer `left`."""
    name = left.split()[0]
    bare = name[:-1] if name.endswith("a") else name
    exchange = {f"xchg_{name}", f"xchg_{bare}b"}
    forward = [c for c in report.crossings if c.consumer in exchange and c.direction == "forward"]
    back = [c for c in report.crossings if c.layer in exchange and c.direction == "backward"]
    image = [c for c in report.crossings if c.direction == "image"]
    # the image goes into the padding of a layer, or into the layer
    image = [c for c in image if c.consumer in (f"{bare}b", f"pad_{bare}b")]
    groups: tuple[tuple[Direction, list[Crossing]], ...] = (
        ("image", image),
        ("forward", forward),
        ("backward", back),
    )
    for direction, crossings in groups:
        if crossings:
            yield _arrow(direction, crossings, report.batch_size)


def _arrow(direction: Direction, crossings: list[Crossing], images: int) -> str:
    first = crossings[0]
    same = {(c.source, c.target) for c in crossings}
    both = any((target, source) in same for source, target in same)
    # tower 1's devices are the targets of an image and of the gradient of a join
    to_one = first.direction == "image" or (first.direction == "backward" and not both)
    left, right = ("<", ">") if both else ("-", ">") if to_one else ("<", "-")
    each = sum(c.bytes or 0 for c in crossings) // (2 if both else 1) // images
    text = f" {direction} {each:,} B{' each way' if both else ''} "
    width = _BOX + _GAP
    return " " * (_BOX // 2) + left + f"{text:-^{width - 2}}" + right
