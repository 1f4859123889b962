"""Display of one training: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


class ProgressReporter:
    """Report the events of `alexnet_tf.train.train` on a console; use it as a context.

    One line is printed after each epoch. The time left assumes all epochs, of the speed that
    this process has had so far: a plateau or an error that is reached ends a training earlier.

    Args:
        console: where to write.
        epochs: of the whole training.
    """

    def __init__(self, console: Console, epochs: int):
        self._console, self._epochs, self._begun = console, epochs, time.monotonic()
        self._first: int | None = None
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[speed]}", markup=False),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=None, speed="")

    def __enter__(self) -> ProgressReporter:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def __call__(self, event: dict[str, Any]) -> None:
        epoch, done = event["epoch"], event["epoch"] - (event["event"] == "batch")
        total = self._epochs * event["steps"]
        self._bar.update(
            self._task,
            description=f"epoch {epoch} of {self._epochs}",
            total=total,
            completed=done * event["steps"] + (event["step"] if event["event"] == "batch" else 0),
            speed=f"error {event['train_error']:.3f}, {event['images_per_second']:.0f} images/s",
        )
        if event["event"] == "epoch":
            self._console.print(self._line(event))

    def _line(self, event: dict[str, Any]) -> str:
        epoch = event["epoch"]
        self._first = epoch - 1 if self._first is None else self._first
        elapsed = time.monotonic() - self._begun
        left = elapsed / max(1, epoch - self._first) * (self._epochs - epoch) / 60
        validation = event.get("validation_error")
        parts = [f"epoch {epoch} of {self._epochs}: training error {event['train_error']:.3f}"]
        parts += [] if validation is None else [f"validation error {validation:.3f}"]
        parts += [f"{event['images_per_second']:.0f} images/s", f"at most {left:.0f} min left"]
        return ", ".join(parts)
