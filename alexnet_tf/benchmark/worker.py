"""A process that times one row on each request.

It reads the row from its first line of input, warms up, says "ready" or "error", and
answers each further line with one timing, until its input ends. One JSON object per line.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

from alexnet_tf.benchmark.rows import Row
from alexnet_tf.benchmark.settings import Settings, Work, decode
from alexnet_tf.environment import plain_keras

_PRODUCT_SHARE = 0.25  # of the seconds of a timing


def main(asked: TextIO, answers: TextIO) -> int:
    """Be a worker until `asked` ends; return 0, or 1 when the row cannot be timed here.

    Args:
        asked: its first line is `settings.encode`'s; each further one asks for a timing.
        answers: gets {"ready": true}, then one timing per line, or {"error": one line}.
    """
    row, settings = decode(asked.readline())
    try:
        work = _prepared(row, settings)
        _say(answers, {"ready": True})
        for _ in asked:
            _say(answers, _timing(row, settings, work))
    except Exception as error:  # whatever it is, the other rows go on without this one
        first = f"{type(error).__name__}: {error}".strip().partition("\n")[0]
        _say(answers, {"error": first[:200]})
        return 1
    return 0


def _prepared(row: Row, settings: Settings) -> Work:
    """Return the row's work after its warm-up."""
    if row.library == "torch":
        from alexnet_tf.benchmark.torch_work import work
    else:
        from alexnet_tf.benchmark.keras_work import work

        work = plain_keras()(work)
    made = work(row, settings)
    made.step()  # traces and compiles
    if made.multiply is not None:
        made.multiply()
    return made


def _timing(row: Row, settings: Settings, work: Work) -> dict[str, Any]:
    """Return one timing: images a second or milliseconds, product's rate, memory in MiB.

    `value` is by the clock, `of_cpu` by the processor time of all the threads: on a machine
    that is shared, the second says more.
    """
    for _ in range(work.lead):
        work.step()
    values = [
        1000 * each if row.unit == "ms" else work.images / each
        for each in _seconds(work.step, settings.seconds)
    ]
    gflops = None
    if work.multiply is not None:
        product = _seconds(work.multiply, settings.seconds * _PRODUCT_SHARE)[0]
        gflops = 2 * settings.matrix**3 / product / 1e9
    # kilobytes, but bytes on macOS
    unit = 2**20 if sys.platform == "darwin" else 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    found = dict(zip(("value", "of_cpu"), values, strict=True))
    return {**found, "gemm_gflops": gflops, "peak_mib": round(peak)}


def _seconds(work: Callable[[], Any], budget: float) -> tuple[float, float]:
    """Repeat `work` for `budget` seconds, at least once; return its mean seconds, and of CPU."""
    cpu, begun, times = time.process_time(), time.perf_counter(), 0
    while times == 0 or time.perf_counter() - begun < budget:
        work()
        times += 1
    taken, of_cpu = time.perf_counter() - begun, time.process_time() - cpu
    return taken / times, of_cpu / times


def _say(answers: TextIO, message: dict[str, Any]) -> None:
    print(json.dumps(message), file=answers, flush=True)


if __name__ == "__main__":
    talk = sys.stdout
    # libraries print where they like; the parent reads answers alone
    with contextlib.redirect_stdout(sys.stderr):
        sys.exit(main(sys.stdin, talk))
