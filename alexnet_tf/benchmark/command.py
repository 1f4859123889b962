"""Measure how fast this machine trains.

    python -m alexnet_tf.benchmark
    python -m alexnet_tf.benchmark --spec PAPER --precision float32 mixed_bfloat16

Without --spec, or with PAPER_ERA: ways to use the machine for the four-layer net. With
another spec: its training step with and without LRN, the norm and the input pipeline
alone, both together, and the same net in PyTorch where that is installed. See
docs/benchmark.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import re
import shlex
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, get_args

from rich.console import Console

from alexnet_tf import environment, files, terminal
from alexnet_tf.benchmark import machine, table
from alexnet_tf.benchmark.flops import training_flops
from alexnet_tf.benchmark.measure import Measurement, measure, refusals
from alexnet_tf.benchmark.results import Result, results, to_csv, to_json
from alexnet_tf.benchmark.rows import rows
from alexnet_tf.benchmark.settings import Settings
from alexnet_tf.command_line import Parser
from alexnet_tf.errors import DataError, SpecError, exit_code
from alexnet_tf.spec import PRESETS, Experiment, Precision, preset_or_file

_PROG = "alexnet_tf.benchmark"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure; return 0, 2 (usage), 3 (data), 4 (a row of ours failed, disk) or 130.

    A row of another library that cannot be measured is shown with its reason and is no failure.

    Args:
        argv: the arguments; None: those of the process.
    """
    given = sys.argv[1:] if argv is None else list(argv)
    return exit_code(_PROG, lambda: _measure(given))


def _measure(given: Sequence[str]) -> int:
    options, console = _parser().parse(given), terminal.console()
    if options.spec != "PAPER_ERA":
        return _net(options, published(given), console)
    return _compare(options, console)


def published(argv: Sequence[str]) -> str:
    """Return the arguments in one line, absolute paths by their last name alone.

    A result that is handed on says how it was made, and not where on somebody's disk.

    >>> published(["--spec", "PAPER", "--out", "/home/ann/bench", "--data", "prepared/256"])
    '--spec PAPER --out bench --data prepared/256'
    """
    words = (word.rpartition("=") for word in argv)
    return shlex.join(a + b + (Path(c).name if Path(c).is_absolute() else c) for a, b, c in words)


def _compare(options: argparse.Namespace, console: Console) -> int:
    """Compare ways to use the machine."""
    _refuse_settings(options)
    machine.compare(options.repeats, console)
    return 0


def _net(options: argparse.Namespace, command: str, console: Console) -> int:
    """Measure one net, print its table and write its files."""
    settings = _settings(options)
    if options.out is not None:
        files.check_writable(options.out)
    model = settings.experiment.model
    todo = rows(model, tuple(dict.fromkeys(options.precision)))
    refused = refusals(todo, model, torch=options.torch == "auto")
    with console.status("") as status:
        tell = status.update if console.is_terminal else _log
        measured = measure(todo, settings, refused, tell)
    flops = training_flops(model)
    found = results(measured, flops)
    facts = _facts(settings, options.spec, command)
    table.show(found, _sentence(facts), console)
    if options.out is not None:
        _write(options.out, found, measured, facts)
    failed = [m for m in measured if m.row.library == "alexnet_tf" and not m.values]
    return 4 if failed else 0


def _write(
    out: Path,
    found: Sequence[Result],
    measured: Sequence[Measurement],
    facts: dict[str, Any],
) -> None:
    from alexnet_tf.benchmark import chart

    files.write_atomic(out / "benchmark.json", to_json(found, facts, measured).encode())
    files.write_atomic(out / "benchmark.csv", to_csv(found).encode())
    here = facts["environment"]
    title = f"{facts['spec']}, batch {facts['batch']}, {here['cpu']}, {_threads(facts)}"
    figure = chart.draw(found, title)
    for kind in ("svg", "png"):
        files.write_atomic(out / f"benchmark.{kind}", chart.render(figure, kind))


def _facts(settings: Settings, spec: str, command: str) -> dict[str, Any]:
    """Return what the numbers depend on."""
    here = environment.describe(threads=settings.threads, device=settings.device)
    return {
        "spec": spec,
        "batch": settings.batch,
        "device": settings.device,
        "threads": settings.threads,
        "n": settings.repeats,
        "seconds": settings.seconds,
        "gflop_per_image": training_flops(settings.experiment.model) / 1e9,
        "command": f"python -m alexnet_tf.benchmark {command}",
        "images": "prepared" if settings.data is not None else "random numbers in memory",
        "environment": {**dataclasses.asdict(here), "torch": _torch()},
    }


def _threads(facts: dict[str, Any]) -> str:
    return f"{facts['threads']} thread{'' if facts['threads'] == 1 else 's'}"


def _sentence(facts: dict[str, Any]) -> str:
    here = facts["environment"]
    return (
        f"{here['cpu']}, {here['cores']} cores, {here['isa']}, {here['memory_gib']} GiB; "
        f"{facts['device']}, {_threads(facts)}; TensorFlow {here['tensorflow']}, Keras "
        f"{here['keras']}, PyTorch {here['torch']}; {facts['spec']}, batch {facts['batch']}, "
        f"{facts['gflop_per_image']:.3g} GFLOP an image; pipeline from "
        f"{facts['images']}; medians of n = {facts['n']}"
    )


def _torch() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return "not installed"


def _settings(options: argparse.Namespace) -> Settings:
    """Return the settings of the options, checked against each other and the data."""
    experiment = preset_or_file(options.spec)
    if not re.fullmatch(r"CPU|GPU:\d+", options.device):
        raise SpecError(f"--device must be CPU, GPU:0, GPU:1, ... Received: {options.device}")
    if options.data is not None:
        _check_data(options.data, experiment)
    return Settings(
        experiment=experiment,
        batch=options.batch or experiment.train.batch_size,
        device=options.device,
        threads=options.threads or environment.describe(threads=1).cores,
        repeats=options.repeats,
        seconds=options.seconds or Settings.seconds,
        data=None if options.data is None else files.real(options.data),
    )


def _check_data(folder: Path, experiment: Experiment) -> None:
    from alexnet_tf.data.shards import open_shards

    source, model = open_shards(folder), experiment.model
    if source.size < model.input_size or len(source.class_names) > model.classes:
        raise DataError(
            f"{folder} has images of {source.size} x {source.size} in {len(source.class_names)} "
            f"classes, but the model takes {model.input_size} x {model.input_size} in "
            f"{model.classes}. Prepare other images, or take another spec."
        )


def _refuse_settings(options: argparse.Namespace) -> None:
    """The comparison of ways to use the machine chooses these itself."""
    defaults = _parser().parse([])
    for name in ("batch", "precision", "device", "threads", "seconds", "data", "torch", "out"):
        if getattr(options, name) != getattr(defaults, name):
            raise SpecError(f"--{name} needs --spec with another spec than PAPER_ERA")


def _parser() -> Parser:
    parser = Parser(_PROG, __doc__)
    add = parser.add_argument
    known = ", ".join(PRESETS)
    add("--spec", default="PAPER_ERA", help=f"experiment as JSON, or one of {known}")
    add("--batch", type=_positive, metavar="N", help="images of a step (default the spec's)")
    add(
        "--precision",
        nargs="+",
        choices=get_args(Precision),
        default=["float32"],
        help="one or both (default float32)",
    )
    add("--device", default="CPU", help="CPU (default), GPU:0, ...")
    add("--threads", type=_positive, metavar="N", help="of each library (default: all cores)")
    add("--repeats", type=_positive, default=3, metavar="N", help="timings of each row; default 3")
    add("--seconds", type=_seconds, help="of each timing, at least one step; default 4")
    add("--data", type=Path, metavar="DIR", help="prepared images, for the input pipeline")
    add("--torch", choices=["auto", "no"], default="auto", help="PyTorch beside it; default auto")
    add("--out", type=Path, metavar="DIR", help="folder for CSV, JSON and a chart")
    return parser


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1. Received: {text}")
    return number


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"must be greater than 0. Received: {text}")
    return number


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
