"""Check that this machine's GPU computes what the processor does, the same every time.

    python -m alexnet_tf.check_gpu
    python -m alexnet_tf.check_gpu --device GPU:1 --out gpu.json

Compares products, every kind of layer, and two towers with a processor and with float64;
trains the small net three times, once interrupted, and compares the weights bit for bit;
measures memory, training and feeding. Takes some minutes. The table is what to send with a report
of a fault.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

from rich.table import Table
from rich.text import Text

from alexnet_tf import environment, files, terminal
from alexnet_tf.benchmark.measure import measure
from alexnet_tf.benchmark.rows import Row
from alexnet_tf.benchmark.settings import Settings
from alexnet_tf.check_gpu.findings import Finding
from alexnet_tf.check_gpu.trainings import repeatable
from alexnet_tf.command_line import Parser
from alexnet_tf.errors import ENVIRONMENT, DeviceError, SpecError, exit_code
from alexnet_tf.spec import Precision, preset_or_file

_PROG = "alexnet_tf.check_gpu"
# Of the speed of training from memory, what training from the pipeline should keep.
_FED = 0.9


def main(argv: Sequence[str] | None = None) -> int:
    """Check one device; return 0, 2 (usage) or 4 (a check failed, or there is no such device).

    Args:
        argv: the arguments; None: those of the process.
    """
    return exit_code(_PROG, lambda: _check(_parser().parse(argv)))


def _parser() -> Parser:
    parser = Parser(_PROG, __doc__)
    add = parser.add_argument
    add("--device", default="GPU:0", help="GPU:0 (default), GPU:1, ..., or CPU")
    add("--out", type=Path, metavar="FILE", help="write the findings as JSON too")
    add("--no-speed", action="store_true", help="leave the timings out")
    return parser


def _check(given: argparse.Namespace) -> int:
    if not re.fullmatch(r"CPU|GPU:\d+", given.device):
        raise SpecError(f"--device must be CPU, GPU:0, GPU:1, ... Received: {given.device}")
    console = terminal.console()
    found: list[Finding] = []
    for finding in findings(given.device, speed=not given.no_speed):
        found.append(finding)
        if not console.is_terminal:
            console.print(_line(finding))
    if console.is_terminal:
        console.print(_table(found))
    here = environment.describe(threads=1, device=given.device)
    console.print(
        f"{here.cpu}, {here.cores} cores; TensorFlow {here.tensorflow}, Keras {here.keras}, "
        f"{here.system}"
    )
    if given.out is not None:
        facts = {"environment": dataclasses.asdict(here)}
        lines = [dataclasses.asdict(each) for each in found]
        text = json.dumps({**facts, "findings": lines}, indent=1) + "\n"
        files.write_atomic(given.out, text.encode())
    failed = [each.check for each in found if not each.passed]
    if failed:
        raise DeviceError(
            f"{len(failed)} of {len(found)} checks failed on {given.device}: {'; '.join(failed)}"
        )
    return 0


def findings(device: str, *, speed: bool = True) -> Iterator[Finding]:
    """Yield what each check finds, as it is found.

    Args:
        device: "GPU:0", "GPU:1", ..., or "CPU".
        speed: with timings.

    Raises:
        DeviceError: the device is not there, or a check ended with an error.
    """
    kind, _, number = device.partition(":")
    gpu = environment.visible_gpu(int(number)) if kind == "GPU" else "-1"
    alone = {"CUDA_VISIBLE_DEVICES": gpu}
    here = f"{kind}:0"
    yield from _asked("devices", here, alone)
    for check in ("arithmetic", *(["rounded"] if kind == "GPU" else []), "nets"):
        yield from _asked(check, here, alone)
    yield from _asked("towers", here, {} if kind == "GPU" and number == "0" else alone)
    yield from _asked("memory", here, alone)
    with tempfile.TemporaryDirectory() as folder:
        for precision in _precisions(kind):
            yield from repeatable(Path(folder) / precision, precision, alone)
    if speed:
        yield from _speeds(device)


def _precisions(kind: str) -> tuple[Precision, ...]:
    """Return what is trained in: on a processor, the others are float32 too, or very slow."""
    return ("float32",) if kind == "CPU" else get_args(Precision)


def _asked(check: str, device: str, changes: dict[str, str]) -> list[Finding]:
    """Run a check in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "alexnet_tf.check_gpu.checks", check, device],
        capture_output=True,
        text=True,
        env={**os.environ, **changes},
    )
    last = (done.stderr.strip().splitlines() or ["no message"])[-1][:300]
    if done.returncode == ENVIRONMENT:
        raise DeviceError(last.removeprefix(f"{_PROG}: "))
    if done.returncode:
        return [Finding(check=check, found=last, wanted="an answer", passed=False)]
    return [Finding(**each) for each in json.loads(done.stdout.splitlines()[-1])]


def _speeds(device: str) -> Iterator[Finding]:
    """Time the small net and the paper's: from memory, from the pipeline, and images alone."""
    for name in ("CIFAR_ALEXNET", "PAPER"):
        experiment = preset_or_file(name)
        threads = environment.describe(threads=1).cores
        settings = Settings(experiment, experiment.train.batch_size, device, threads, seconds=2.0)
        precisions = _precisions(device.partition(":")[0])
        rows = [Row("train", "alexnet_tf", precision) for precision in precisions]
        rows += [Row("train_pipeline", "alexnet_tf"), Row("pipeline", "alexnet_tf")]
        rates = {}
        for measured in measure(rows, settings, {}, lambda words: None):
            row, values = measured.row, sorted(measured.values)
            what = f"{name}, {row.precision}: {row.kind.replace('_', ' from the ')}"
            if not values:
                yield Finding(check=what, found=measured.reason, wanted="a time", passed=False)
                continue
            rates[row] = values[len(values) // 2]
            spread = f"{rates[row]:.0f} images/s ({values[0]:.0f} to {values[-1]:.0f})"
            yield Finding(check=what, found=spread)
        if rows[0] in rates and rows[-2] in rates:
            share = rates[rows[-2]] / rates[rows[0]]
            wanted = "" if share >= _FED else f"{_FED:.0%}: the images come too slowly"
            yield Finding(check=f"{name}: speed kept when fed", found=f"{share:.0%}", wanted=wanted)


def _line(finding: Finding) -> str:
    mark = "ok  " if finding.passed else "FAIL"
    wanted = f" (wanted {finding.wanted})" if finding.wanted else ""
    return f"{mark} {finding.check}: {finding.found}{wanted}"


def _table(found: Sequence[Finding]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("", "check", "found", "wanted"):
        table.add_column(name, overflow="fold")
    for each in found:
        mark = Text("ok", "green") if each.passed else Text("FAIL", "bold red")
        table.add_row(mark, each.check, each.found, each.wanted)
    return table


if __name__ == "__main__":
    sys.exit(main())
