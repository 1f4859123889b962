"""Ways to use the machine: a precision, trainings side by side, threads of each.

A row's trainings run in processes of their own, start together after a warm-up, and are
timed for a few seconds; then the same processes time a matrix product of the same
precision. Rows are interleaved over the repeats, so that a slow minute hits all.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from rich.console import Console
from rich.table import Table

from alexnet_tf import environment
from alexnet_tf.benchmark.flops import training_flops
from alexnet_tf.spec import PAPER_ERA, Precision, compute_type

_MATRIX = 3072  # rows and columns of the product that stands for the machine's rate
_SECONDS = 4.0  # of each timing


@dataclass(frozen=True)
class Row:
    """One way to use the machine: `jobs` trainings at once, of `threads` threads each."""

    precision: Precision
    jobs: int
    threads: int
    jit: bool = False  # compile the training step with XLA


@dataclass(frozen=True)
class Rates:
    """Rates that one process, or all processes of a row together, reached."""

    images_per_second: float
    gflops: float  # of the matrix product, 10^9 operations a second


def rows(cores: int) -> list[Row]:
    """Return what is compared on a machine with `cores` cores.

    One training on one core and on all, and one training a core, in float32 and bfloat16; last,
    one on all cores compiled with XLA.
    """
    shapes = sorted({(1, 1), (1, cores), (cores, 1)})
    precisions: tuple[Precision, ...] = ("float32", "mixed_bfloat16")
    plain = [Row(p, jobs, threads) for p in precisions for jobs, threads in shapes]
    return [*plain, Row("float32", 1, cores, jit=True)]


def measure(row: Row) -> Rates:
    """Time the row's processes together and return the sums of their rates.

    Each trains the four-layer net (`PAPER_ERA`) for four seconds, then multiplies matrices of
    3,072 x 3,072 for as long.

    Raises:
        RuntimeError: a process ended early.
    """
    command = [sys.executable, "-m", "alexnet_tf.benchmark.machine", row.precision]
    command += [str(row.threads), str(int(row.jit))]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [
        subprocess.Popen(command, stderr=subprocess.DEVNULL, **pipes) for _ in range(row.jobs)
    ]
    answers = [_together(workers) for _ in ("train", "multiply")]
    for worker in workers:
        worker.communicate()
    return Rates(images_per_second=sum(answers[0]), gflops=sum(answers[1]) / 1e9)


def compare(repeats: int, console: Console) -> None:
    """Measure every row `repeats` times and print the table of medians.

    Args:
        repeats: at least 1.
        console: where the table goes.

    Raises:
        RuntimeError: a process ended early.
    """
    here = environment.describe(threads=1)
    todo = rows(here.cores)
    measured: dict[Row, list[Rates]] = {row: [] for row in todo}
    for _ in range(repeats):
        for row in todo:
            measured[row].append(measure(row))
    console.print(_table(measured))
    console.print(
        f"{here.cpu}, {here.cores} cores, {here.isa}; TensorFlow {here.tensorflow}, Keras "
        f"{here.keras}; four-layer net, batch {PAPER_ERA.train.batch_size}, "
        f"{training_flops(PAPER_ERA.model) / 1e6:.1f} MFLOP an image; "
        f"medians of n = {repeats}",
        soft_wrap=True,
    )


def _table(measured: dict[Row, list[Rates]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in (
        "precision",
        "jobs x threads",
        "XLA",
        "images/s",
        "min-max",
        "GEMM GFLOP/s",
        "reached",
    ):
        table.add_column(name, justify="left" if name == "precision" else "right")
    for row, rates in measured.items():
        images = sorted(rate.images_per_second for rate in rates)
        middle = statistics.median(images)
        gemm = statistics.median(rate.gflops for rate in rates)
        share = middle * training_flops(PAPER_ERA.model) / (gemm * 1e9)
        table.add_row(
            row.precision,
            f"{row.jobs} x {row.threads}",
            "yes" if row.jit else "no",
            f"{middle:.0f}",
            f"{images[0]:.0f}-{images[-1]:.0f}",
            f"{gemm:.0f}",
            f"{share:.0%}",
        )
    return table


def _together(workers: list[subprocess.Popen[str]]) -> list[float]:
    """Wait until every worker is ready, let all begin at once, and return their answers."""
    for worker in workers:
        _read(worker)
    for worker in workers:
        if worker.stdin is not None:
            worker.stdin.write("go\n")
            worker.stdin.flush()
    return [float(_read(worker)) for worker in workers]


def _read(worker: subprocess.Popen[str]) -> Any:
    line = worker.stdout.readline() if worker.stdout is not None else ""
    if not line:
        raise RuntimeError(f"a benchmark process ended with exit code {worker.wait()}")
    return json.loads(line)


def _work(precision: Precision, threads: int, *, jit: bool) -> None:
    """Be a worker: twice say ready, wait for the word, time for a few seconds, answer."""
    import keras
    import numpy as np
    import tensorflow as tf

    from alexnet_tf import arithmetic
    from alexnet_tf.loss_scaling import descent
    from alexnet_tf.model import build_alexnet

    arithmetic.pin(threads=threads, precision=precision)
    keras.utils.set_random_seed(0)
    train = PAPER_ERA.train
    batch = train.batch_size
    # Keras annotates strings only
    model: Any = build_alexnet(PAPER_ERA.model, precision=precision)
    model.compile(
        optimizer=descent(precision)(1e-4, train.momentum, train.weight_decay),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=jit,
        auto_scale_loss=False,
    )
    draw = np.random.default_rng(0)
    images = tf.constant(draw.normal(0, 50, (batch, 32, 32, 3)).astype(np.float32))
    labels = tf.constant(draw.integers(0, 10, batch))
    data = tf.data.Dataset.from_tensors((images, labels)).repeat()
    model.make_train_function()
    step, stream = model.train_function, iter(data)
    _timed(lambda: step(stream), batch)
    matrix = tf.cast(draw.normal(size=(_MATRIX, _MATRIX)), compute_type(precision))
    multiply = tf.function(lambda: tf.reduce_sum(tf.matmul(matrix, matrix)))
    _timed(lambda: float(multiply()), 2 * _MATRIX**3)


def _timed(work: Callable[[], Any], amount: float) -> None:
    """Print "ready", wait for a line, repeat `work` for a while, print amount per second."""
    for _ in range(3):
        work()
    print(json.dumps("ready"), flush=True)
    sys.stdin.readline()
    begun, times = time.perf_counter(), 0
    while time.perf_counter() - begun < _SECONDS:
        work()
        times += 1
    print(json.dumps(amount * times / (time.perf_counter() - begun)), flush=True)


if __name__ == "__main__":
    precision, threads, jit = sys.argv[1:]
    _work(cast(Precision, precision), int(threads), jit=jit == "1")
