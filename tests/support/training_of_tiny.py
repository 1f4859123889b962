"""Quantities by which trainings of the tiny net are compared."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny

from alexnet_tf.records import EpochResult, RunRecord
from alexnet_tf.train import __main__ as command_line

STEPS = 16  # ceil(250 images / 16)


def after(updates: int) -> Callable[[], bool]:
    """An `interrupted` that says True after so many updates."""
    left = iter(range(updates - 1))
    return lambda: next(left, None) is None


def errors(curve: tuple[EpochResult, ...]) -> list[tuple[int, int, float, float]]:
    return [(e.epoch, e.updates, e.train_error, e.train_loss) for e in curve]


def numbers(record: RunRecord) -> dict[str, object]:
    """Everything in a record that an interruption must not change."""
    names = ("run_id", "status", "validation_error", "test_error", "weights_sha256", "data")
    return {**{n: getattr(record, n) for n in names}, "curve": errors(record.curve)}


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that the command said; TensorFlow's own log lines do not count."""
    written = capsys.readouterr().err
    said = [line for line in written.splitlines() if line.startswith("alexnet_tf.train: ")]
    assert len(said) == 1 and "Traceback" not in written, written
    return said[0]


def command(prepared: tiny.Prepared, spec: Path, out: Path, *more: str) -> int:
    """Run `python -m alexnet_tf.train` in this process, leaving its signal handlers behind."""
    handlers = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    arguments = ["--spec", str(spec), "--out", str(out), "--cache", str(prepared.cache)]
    try:
        return command_line.main([*arguments, "--data-dir", str(prepared.data_dir), *more])
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
