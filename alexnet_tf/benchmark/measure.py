"""Times every row in a process of its own, rows that are compared in turn.

The processes of one precision, with or without norms, live side by side and wait while
another is timed: a slow minute hits every library alike, and each pays for its start
once. All rows at once would not fit in memory.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from alexnet_tf.benchmark.rows import Row
from alexnet_tf.benchmark.settings import Settings, encode
from alexnet_tf.benchmark.torch_net import unsupported
from alexnet_tf.spec import ModelSpec


@dataclass(frozen=True)
class Measurement:
    """The timings of one row, or why there are none. The tuples have one entry per repeat."""

    row: Row
    values: tuple[float, ...] = ()  # images/s, or ms: `Row.unit`
    of_cpu: tuple[float, ...] = ()  # the same a second of processor time, or in ms of it
    gemm_gflops: tuple[float, ...] = ()  # 10^9 operations a second of a product, beside it
    peak_mib: int | None = None  # peak memory of the process
    reason: str = ""  # why there are no values


def measure(
    rows: Sequence[Row], settings: Settings, refused: dict[Row, str], tell: Callable[[str], None]
) -> list[Measurement]:
    """Return one measurement for each row, in order.

    Args:
        rows: what is timed; rows of one precision and one choice of LRN take turns, so that
            a change of the machine's speed meets all of them.
        settings: net, batch, threads, repeats.
        refused: row -> why it cannot be measured here; it is not tried.
        tell: called with a line of text before each step.

    Returns:
        Of a row that fails, the reason in place of values; the others go on.
    """
    found: list[Measurement] = []
    for _, group in groupby(rows, key=lambda row: (row.precision, row.lrn)):
        found += _group(list(group), settings, refused, tell)
    return found


def refusals(rows: Sequence[Row], model: ModelSpec, *, torch: bool) -> dict[Row, str]:
    """Return the rows that cannot be measured here, each with its reason.

    Args:
        rows: all rows.
        model: the net; of some kinds PyTorch's is not built (`torch_net.unsupported`).
        torch: False leaves all of PyTorch's rows out.

    Returns:
        Row -> one line: PyTorch is missing or unwanted, or a C++ compiler for `torch.compile`.
    """
    why = "left out (--torch no)" if not torch else unsupported(model)
    if torch and importlib.util.find_spec("torch") is None:
        why = "PyTorch is not installed (pip install 'alexnet-ablations[bench]')"
    compilers = [os.environ.get("CXX", ""), "g++", "clang++"]
    found = any(shutil.which(name) for name in compilers if name)
    refused = {}
    for row in rows:
        if row.library == "torch" and why:
            refused[row] = why
        elif row.compiled and not found:
            refused[row] = "torch.compile needs a C++ compiler"
    return refused


class WorkerError(RuntimeError):
    """A worker cannot time its row; the message is its reason, one line."""


def _group(
    rows: list[Row], settings: Settings, refused: dict[Row, str], tell: Callable[[str], None]
) -> list[Measurement]:
    reasons, answers = dict(refused), {row: [] for row in rows}
    with contextlib.ExitStack() as stack:
        workers: dict[Row, subprocess.Popen[str]] = {}
        for row in rows:
            if row not in reasons:
                tell(f"{row.precision}, {row.label}: warming up")
                workers[row] = stack.enter_context(_worker(settings))
                with _noting(reasons, row):
                    _ask(workers[row], encode(row, settings))
        for repeat in range(settings.repeats):
            for row in (row for row in workers if row not in reasons):
                tell(f"{row.precision}, {row.label}: {repeat + 1} of {settings.repeats}")
                with _noting(reasons, row):
                    answers[row].append(_ask(workers[row], "go"))
    return [_measurement(row, answers[row], reasons.get(row, "")) for row in rows]


def _measurement(row: Row, answers: list[dict[str, Any]], reason: str) -> Measurement:
    if reason or not answers:
        return Measurement(row, reason=reason or "no timing")
    rates = [answer["gemm_gflops"] for answer in answers]
    return Measurement(
        row,
        values=tuple(answer["value"] for answer in answers),
        of_cpu=tuple(answer["of_cpu"] for answer in answers),
        gemm_gflops=tuple(rate for rate in rates if rate is not None),
        peak_mib=answers[-1]["peak_mib"],
    )


@contextlib.contextmanager
def _noting(reasons: dict[Row, str], row: Row) -> Iterator[None]:
    try:
        yield
    except WorkerError as error:
        reasons[row] = str(error)


@contextlib.contextmanager
def _worker(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """Start a process and end it, whatever happens."""
    hidden = settings.device.partition(":")[2] if settings.gpu else "-1"
    environment = {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": hidden,
        # several processes share a GPU
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "alexnet_tf.benchmark.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _ask(worker: subprocess.Popen[str], line: str) -> dict[str, Any]:
    """Return the worker's answer to a line.

    Raises:
        WorkerError: it has none.
    """
    if worker.stdin is None or worker.stdout is None:
        raise WorkerError("the process has no pipes")
    with contextlib.suppress(BrokenPipeError):
        worker.stdin.write(line + "\n")
        worker.stdin.flush()
    answer = worker.stdout.readline()
    if not answer:
        raise WorkerError(f"its process ended with exit code {worker.wait()}")
    message = json.loads(answer)
    if "error" in message:
        raise WorkerError(message["error"])
    return message
