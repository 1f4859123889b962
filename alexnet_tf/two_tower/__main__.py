"""Show what two towers send each other in one training step.

    python -m alexnet_tf.two_tower --report
    python -m alexnet_tf.two_tower --report --spec CIFAR_ALEXNET --devices GPU:0,GPU:1

Without --devices the CPU is split into two devices a pair. A few images are traced; the
bytes of activations and images grow with the batch and are multiplied, those of weights
do not grow.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import get_args

import keras
from rich.table import Table

from alexnet_tf import terminal
from alexnet_tf.command_line import Parser
from alexnet_tf.errors import ENVIRONMENT, DeviceError, SpecError, exit_code
from alexnet_tf.spec import PRESETS, Precision
from alexnet_tf.two_tower.devices import split_cpu
from alexnet_tf.two_tower.diagram import diagram
from alexnet_tf.two_tower.model import build_two_tower
from alexnet_tf.two_tower.report import CommunicationReport, Direction, communication_report
from alexnet_tf.two_tower.strategy import TwoTowerStrategy
from alexnet_tf.values import nearest

_BATCH = 128  # images of the paper's batch


def main(argv: Sequence[str] | None = None) -> int:
    """Print the report; return 0, 2 (usage) or 4 (devices; what crosses and should not).

    Args:
        argv: the arguments; None: those of the process.
    """
    return exit_code("alexnet_tf.two_tower", lambda: _report(_options(argv)))


def _report(options: argparse.Namespace) -> int:
    if options.spec not in PRESETS:
        raise SpecError(f"no spec '{options.spec}'.{nearest(options.spec, list(PRESETS))}")
    if options.pairs < 1 or options.batch < 1 or options.batch % options.pairs:
        raise SpecError("--batch must be a multiple of --pairs, and both at least 1")
    names = options.devices.split(",") if options.devices else []
    if names and len(names) != 2 * options.pairs:
        raise SpecError(f"--devices must name two devices a pair. Received: {options.devices}")
    try:
        if not names:
            names = [f"CPU:{number}" for number in range(2 * options.pairs)]
            split_cpu(len(names))
        strategy = TwoTowerStrategy(list(zip(names[::2], names[1::2], strict=True)))
    except (ValueError, RuntimeError) as error:
        raise DeviceError(str(error)) from error
    try:
        with strategy.scope():
            model = build_two_tower(PRESETS[options.spec], precision=options.precision)
    except SpecError as error:
        raise SpecError(f"{options.spec}: {error}") from error
    # as many images as divide the batch, up to two a pair: linear in them, see above
    traced = options.pairs * (2 if options.batch % (2 * options.pairs) == 0 else 1)
    try:
        report = communication_report(model, traced)
    except (RuntimeError, MemoryError) as error:
        raise DeviceError(str(error).partition("\n")[0]) from error
    _print(model, report, options)
    return ENVIRONMENT if report.illegal else 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser("alexnet_tf.two_tower", __doc__)
    parser.add_argument("--report", action="store_true", required=True, help="print the report")
    parser.add_argument("--spec", default="PAPER", help="a preset with two towers (default PAPER)")
    parser.add_argument("--pairs", type=int, default=1, help="pairs of devices (default 1)")
    parser.add_argument("--batch", type=int, default=_BATCH, help=f"images (default {_BATCH})")
    parser.add_argument(
        "--precision",
        choices=get_args(Precision),
        help="of the activations (default: the spec's)",
    )
    parser.add_argument("--devices", help="such as GPU:0,GPU:1 (default: the CPU, split)")
    return parser.parse(argv)


def _print(model: keras.Model, report: CommunicationReport, options: argparse.Namespace) -> None:
    console = terminal.console()
    whole, per_image = report.for_batch(options.batch), 1 / report.batch_size
    console.print(diagram(model, report), soft_wrap=True)
    console.print(_table(report))
    totals: dict[str, tuple[Direction, ...]] = {
        "activations and their gradients": ("forward", "backward"),
        "image": ("image",),
    }
    for label, directions in totals.items():
        console.print(
            f"{label}: {report.bytes(*directions) * per_image:,.0f} B an image, "
            f"{whole.bytes(*directions) / 1e6:,.1f} MB a batch of {options.batch}",
            soft_wrap=True,
        )
    if options.pairs > 1:
        console.print(
            f"gradients of weights between pairs: {whole.bytes('reduce') / 1e6:,.1f} MB a batch "
            "of any size",
            soft_wrap=True,
        )
    counts = "; ".join(
        f"{device}: {', '.join(f'{n} {kind}' for kind, n in kinds.items())}"
        for device, kinds in report.heavy_ops.items()
    )
    console.print(
        f"scalars: {report.scalars}\n{counts}\nillegal crossings: {len(report.illegal)}\n"
        f"traced with {report.batch_size} images; bytes of activations and images are linear "
        f"in the batch",
        soft_wrap=True,
    )


def _table(report: CommunicationReport) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("from", "to", "what", "made in", "taken by", "type", "shape", "B an image"):
        table.add_column(name, justify="right" if name == "B an image" else "left")
    for c in report.crossings:
        if c.direction == "reduce" and c.legal:
            continue  # one line per weight and pair would hide the rest
        bytes_ = "?" if c.bytes is None else f"{c.bytes / report.batch_size:,.0f}"
        what = c.direction if c.legal else f"{c.direction}: ILLEGAL"
        made = "the batch" if c.direction == "image" else c.layer or c.tensor.rpartition("/")[2]
        shape = "?" if c.shape is None else " x ".join(map(str, c.shape[1:]))
        table.add_row(c.source, c.target, what, made, c.consumer, c.dtype, shape, bytes_)
    return table


if __name__ == "__main__":
    sys.exit(main())
