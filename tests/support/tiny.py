"""A data set and a net so small that a training takes a second, and child processes for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ablations.execution import pool
from alexnet_tf.data import cifar10
from alexnet_tf.data.images import Images
from alexnet_tf.data.load import load
from alexnet_tf.spec import (
    ConvSpec,
    DataSpec,
    DenseSpec,
    Experiment,
    ModelSpec,
    PoolSpec,
    TrainSpec,
    to_json,
)

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT.parent / "shared" / "imagenet-sample"  # photographs, where they are at hand
CLASSES = 10


def pin_one_thread() -> None:
    """Call at the import of a test module that uses TensorFlow: later it is too late."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def images(train: int = 300, test: int = 60, size: int = 8, seed: int = 0) -> Images:
    """Noise around one random picture per class, so that there is something to learn."""
    rng = np.random.default_rng(seed)
    pictures = rng.integers(40, 216, (CLASSES, size, size, 3))

    def part(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.arange(count, dtype=np.int64) % CLASSES
        noise = rng.integers(-60, 61, (count, size, size, 3))
        return np.clip(pictures[labels] + noise, 0, 255).astype(np.uint8), labels

    train_images, train_labels = part(train)
    test_images, test_labels = part(test)
    return Images(
        name="cifar10",
        synthetic=True,
        source="random numbers",
        class_names=tuple(f"class {k}" for k in range(CLASSES)),
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
    )


def experiment(epochs: int = 3, seed: int = 0) -> Experiment:
    """Both kinds of pooling, a hidden dense layer, a tail batch (250 images, 16 a batch)."""
    return Experiment(
        model=ModelSpec(
            input_size=8,
            convs=(
                ConvSpec(filters=4, kernel=3, padding=1, pool=PoolSpec(kind="max")),
                ConvSpec(filters=6, kernel=3, padding=1, pool=PoolSpec(kind="avg")),
            ),
            dense=(DenseSpec(units=12),),
            init="glorot_he",
        ),
        data=DataSpec(validation_images=50, scaling="standardised"),
        train=TrainSpec(batch_size=16, learning_rate=0.02, epochs=epochs),
        seed=seed,
    )


@dataclass(frozen=True)
class Prepared:
    """Folders in which `alexnet_tf.data.load.load("cifar10")` finds the tiny images."""

    data_dir: Path
    cache: Path


def prepare(folder: Path, tiny: Images) -> Prepared:
    """Leave a decoded copy of `tiny` where the loader looks for one of CIFAR-10."""
    data_dir, cache = folder / "data", folder / "cache"
    info = data_dir / "cifar10" / "3.0.2" / "dataset_info.json"
    info.parent.mkdir(parents=True)
    info.write_text("{}")
    read = cifar10.read
    cifar10.read = lambda data_dir: tiny
    try:
        load("cifar10", data_dir=data_dir, cache=cache)
    finally:
        cifar10.read = read
    return Prepared(data_dir, cache)


class Child:
    """One `python -m alexnet_tf.train` on the tiny images, as a user or the runner starts it."""

    def __init__(
        self,
        prepared: Prepared,
        experiment: Experiment,
        out: Path,
        threads: int = 1,
        devices: str = "",
    ):
        self.out, self.log = out, out.parent / f"{out.name}.log"
        spec = out.parent / f"{out.name}.json"
        spec.write_text(to_json(experiment))
        command = [sys.executable, "-m", "alexnet_tf.train", "--events", "--spec", str(spec)]
        command += ["--out", str(out), "--threads", str(threads)]
        command += ["--data-dir", str(prepared.data_dir), "--cache", str(prepared.cache)]
        command += ["--devices", devices]
        with self.log.open("wb") as log:
            self.process = pool.start(tuple(command), log)

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield what the child says until it ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            yield json.loads(line)

    def until_epoch(self, epoch: int) -> None:
        """Return when the child has said that `epoch` full epochs are done."""
        for event in self.events():
            if event["event"] == "epoch" and event["epoch"] >= epoch:
                return
        raise AssertionError(f"ended before epoch {epoch}: {self.errors()}")

    def end(self) -> int:
        """Wait for the child and return its exit code."""
        for _ in self.events():
            pass
        return self.process.wait()

    def errors(self) -> str:
        """Return what stands on standard error."""
        return self.log.read_text(errors="replace")


@contextmanager
def child(
    prepared: Prepared, experiment: Experiment, out: Path, threads: int = 1, devices: str = ""
) -> Iterator[Child]:
    """Start a training in a fresh process; whatever happens, it is gone afterwards."""
    started = Child(prepared, experiment, out, threads, devices)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.wait()
        if started.process.stdout is not None:
            started.process.stdout.close()


def environment() -> dict[str, str]:
    """Environment variables of a child process: this project importable."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def python(code: str, *arguments: str, timeout: float = 280) -> subprocess.CompletedProcess[str]:
    """Run `code` in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        timeout=timeout,
    )
