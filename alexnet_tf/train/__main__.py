"""Train one experiment: `model.fit` and callbacks, resumable, bit for bit repeatable.

    python -m alexnet_tf.train --spec CIFAR_ALEXNET --out runs/alexnet
    python -m alexnet_tf.train --spec PAPER --data prepared/ --out runs/paper

The folder holds `spec.json`, the two newest states `epoch_*.state`, and, once the run is
finished, `model.keras` and `result.json`. The same command continues an interrupted run
and returns at once for a finished one.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alexnet_tf import gpus, terminal
from alexnet_tf.command_line import Parser, side_by_side
from alexnet_tf.errors import (
    INTERRUPTED,
    TERMINATED,
    SpecError,
    exit_code,
    fail,
    leave,
)
from alexnet_tf.records import RunRecord
from alexnet_tf.spec import PRESETS, Experiment, preset_or_file, replace
from alexnet_tf.train.callback import Interrupted, Progress
from alexnet_tf.train.progress import ProgressReporter
from alexnet_tf.train.run import train
from alexnet_tf.values import parse_setting

_PROG = "alexnet_tf.train"


def main(argv: Sequence[str] | None = None) -> int:
    """Train one experiment from the command line; progress goes to standard output.

    SIGINT and SIGTERM end the training after the update under way.

    Args:
        argv: the arguments; None: those of the process.

    Returns:
        0 for a run that is done or has diverged, 2 (usage), 3 (data), 4 (disk, environment),
        5 (the folder is locked), 75 (stopped by SIGTERM) or 130 (by Ctrl-C).
    """
    stop: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, frame: stop.append(received))
    try:
        return exit_code(_PROG, lambda: _train(_options(argv), stop))
    except Interrupted as error:
        code = INTERRUPTED if signal.SIGINT in stop else TERMINATED
        return fail(_PROG, code, f"{error}; the same command continues the run")


def _train(options: argparse.Namespace, stop: Sequence[int]) -> int:
    """Train until the end, or until a signal is in `stop`, and say how it ended."""
    side_by_side("--threads", options.threads)
    if options.data_threads is not None:
        side_by_side("--data-threads", options.data_threads)
    experiment = _experiment(options.spec, options.set or [], options.seed)
    pairs = _pairs(options.devices)
    if options.gpu:
        gpus.require()
    with _telling(options.events, experiment) as tell:
        record = train(
            experiment,
            out=options.out,
            data_dir=options.data,
            cache=options.cache,
            threads=options.threads,
            data_threads=options.data_threads,
            pairs=pairs,
            tensorboard=options.tensorboard,
            states=options.states,
            progress=tell,
            interrupted=lambda: bool(stop),
        )
    if options.events:
        _emit({"event": "end", "status": record.status, "weights_sha256": record.weights_sha256})
    else:
        terminal.console().print(_summary(record))
    return 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(_PROG, __doc__)
    known = ", ".join(PRESETS)
    parser.add_argument("--spec", required=True, help=f"experiment as JSON, or one of {known}")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--set", action="append", metavar="FIELD=VALUE", help="change a field of the spec"
    )
    parser.add_argument("--seed", type=int, help="seed of the run (default the spec's)")
    parser.add_argument(
        "--data",
        "--data-dir",
        type=Path,
        help="folder of prepared images, or tensorflow-datasets' folder for CIFAR-10",
    )
    parser.add_argument("--cache", type=Path, help="folder for a decoded copy of the data")
    parser.add_argument("--threads", type=int, default=1, help="threads per operation (default 1)")
    parser.add_argument(
        "--data-threads",
        type=int,
        metavar="N",
        help="threads that read, decode and crop (default: as --threads); they change no bit",
    )
    parser.add_argument(
        "--devices",
        default="",
        metavar="D0,D1",
        help="devices of two towers, e.g. GPU:0,GPU:1 (four devices: two pairs)",
    )
    parser.add_argument("--gpu", action="store_true", help="stop if TensorFlow sees no GPU")
    parser.add_argument("--tensorboard", type=Path, metavar="DIR", help="write TensorBoard events")
    parser.add_argument(
        "--states",
        metavar="PLACE",
        help="keep the arrays of unfinished states there, in a folder or at an fsspec URL",
    )
    parser.add_argument(
        "--events", action="store_true", help="progress as JSON, one object per line"
    )
    return parser.parse(argv)


def _pairs(devices: str) -> list[tuple[str, str]]:
    """Return the pairs of `GPU:0,GPU:1,GPU:2,GPU:3`; none for an empty text."""
    names = [name.strip() for name in devices.split(",") if name.strip()]
    if len(names) % 2:
        raise SpecError(f"--devices takes pairs such as GPU:0,GPU:1. Received: {devices}")
    return list(zip(names[::2], names[1::2], strict=True))


def _experiment(spec: str, settings: Sequence[str], seed: int | None) -> Experiment:
    """Return the experiment of a preset or a JSON file, with the settings of the command."""
    experiment = replace(preset_or_file(spec), dict(parse_setting(setting) for setting in settings))
    return experiment if seed is None else replace(experiment, seed=seed)


@contextmanager
def _telling(events: bool, experiment: Experiment) -> Iterator[Progress]:
    if events:
        yield _emit
    else:
        with ProgressReporter(terminal.console(), experiment.train.epochs) as reporter:
            yield reporter


def _summary(record: RunRecord) -> str:
    """Return the outcome in one line for a person."""
    if record.status != "done":
        return f"{record.status}: {record.reason}"
    parts = [
        f"{e.part} error {e.top1_error:.2%}, top-5 {e.top5_error:.2%} ({_views(e.views)})"
        for e in record.evaluations
    ]
    return f"{len(record.curve)} epochs in {record.seconds:.0f} s; " + "; ".join(parts)


def _views(count: int) -> str:
    return "centre view" if count == 1 else f"{count} views"


def _emit(event: dict[str, Any]) -> None:
    try:
        print(json.dumps(event), flush=True)
    except BrokenPipeError:
        # the runner is gone: nobody may be left holding the run's folder
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise Interrupted("nobody listens any more") from None


if __name__ == "__main__":
    leave(main())
