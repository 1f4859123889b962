"""Short trainings in processes of their own: repeated, side by side, and interrupted."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from alexnet_tf import files
from alexnet_tf.check_gpu.findings import Finding
from alexnet_tf.errors import TERMINATED, DeviceError
from alexnet_tf.spec import CIFAR_ALEXNET, Experiment, Precision, replace, to_json

#: A few seconds of the small net, on images that need no download.
SHORT = replace(
    CIFAR_ALEXNET,
    {
        "data.dataset": "builtin",
        "data.train_images": 2000,
        "data.validation_images": 100,
        "data.test_images": 1000,
        "train.epochs": 3,
        "train.changes": (),
    },
)


def repeatable(
    folder: Path, precision: Precision, environment: Mapping[str, str], spec: Experiment = SHORT
) -> list[Finding]:
    """Train once alone, then twice side by side, one of which is stopped and continued.

    Args:
        folder: an empty one.
        precision: of the trainings.
        environment: of the processes; says which GPUs they see.
        spec: what to train.

    Raises:
        DeviceError: a training ended with an error.
    """
    spec = replace(spec, {"train.precision": precision})
    alone, beside, stopped = (
        _Training(folder / name, spec, environment) for name in ("alone", "beside", "stopped")
    )
    first = alone.end()
    with beside.going() as process:
        stopped.stop_after_an_epoch()
        process.wait()
    second, third, record = beside.end(), stopped.end(), alone.record()
    found = [
        _same(f"{precision}: trained again, beside another", first, second),
        _same(f"{precision}: stopped in its second epoch and continued", first, third),
        Finding(
            check=f"{precision}: test error of {spec.train.epochs} epochs, built-in images",
            found=f"{record['test_error']:.1%}",
        ),
    ]
    if precision == "mixed_float16":
        left_out, made = record["skipped_updates"], record["curve"][-1]["updates"]
        check = f"{precision}: updates left out, whose gradients overflowed"
        found.append(Finding(check=check, found=f"{left_out} of {left_out + made}"))
    return found


def _same(check: str, one: str, other: str) -> Finding:
    return Finding(
        check=check,
        found=other[:12],
        wanted=f"weights of SHA-256 {one[:12]}...",
        passed=one == other,
    )


class _Training:
    """One training in a folder, started as often as it takes."""

    def __init__(self, folder: Path, spec: Experiment, environment: Mapping[str, str]):
        self.folder, self.environment = folder, dict(environment)
        path = folder.with_suffix(".json")
        files.write_atomic(path, to_json(spec).encode())
        self.command = [sys.executable, "-m", "alexnet_tf.train", "--events", "--spec", str(path)]
        self.command += ["--out", str(folder), "--cache", str(folder.parent.parent / "cache")]

    @contextlib.contextmanager
    def going(self) -> Iterator[subprocess.Popen[str]]:
        """Start or continue it; end it when the caller has gone on, whatever happened."""
        process = subprocess.Popen(
            self.command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **self.environment, "PYTHONUNBUFFERED": "1"},
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def end(self) -> str:
        """Train to the end and return the SHA-256 of the weights."""
        with self.going() as process:
            said, errors = process.communicate()
        if process.returncode:
            raise DeviceError(f"a training failed: {_last(errors)}")
        return json.loads(said.splitlines()[-1])["weights_sha256"]

    def stop_after_an_epoch(self) -> None:
        """Train until one epoch is reported, and stop as a terminated machine would."""
        with self.going() as process:
            for line in process.stdout or ():
                if json.loads(line).get("event") == "epoch":
                    process.send_signal(signal.SIGTERM)
                    break
            _, errors = process.communicate()
        if process.returncode != TERMINATED:
            raise DeviceError(f"a training could not be stopped: {_last(errors)}")

    def record(self) -> dict[str, Any]:
        """Return the record of the finished training."""
        return json.loads((self.folder / "result.json").read_bytes())


def _last(errors: str) -> str:
    return (errors.strip().splitlines() or ["no message"])[-1][:300]
