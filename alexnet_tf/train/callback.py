"""The callback of `model.fit`: divergence, interruption, progress, a state each epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, Protocol

import keras
import numpy as np

from alexnet_tf.loss_scaling import LossScaledSGD, skipped_updates
from alexnet_tf.records import EpochResult

Progress = Callable[[dict[str, Any]], None]

_CHECK_EVERY = 50  # updates between checks of the weights
_REPORT_EVERY = 0.5  # seconds between progress reports


class Interrupted(Exception):
    """Training was asked to stop; the state of the last full epoch is on disk."""


class Diverged(Exception):
    """Weights, the loss or gradients stopped being finite; the message says which, and when."""


class RunningTraining(Protocol):
    """The training that is watched, `loop.Training` outside of tests.

    `progress` takes the events of `TrainingCallback`; `interrupted` is asked after every update.
    """

    curve: list[EpochResult]  # one entry per finished epoch; the watch appends to it
    images_per_epoch: int
    batch_size: int
    progress: Progress
    interrupted: Callable[[], bool]

    def ended(self) -> bool:
        """Say whether the last epoch of `curve` is the last to train."""
        ...

    def set_rates(self) -> None:
        """Set the learning rates of the coming epoch."""
        ...

    def validation_error(self) -> float | None:
        """Return the error on the validation images, 0 to 1; None where it is not asked for."""
        ...

    def save(self) -> None:
        """Write the state after the epochs in `curve`."""
        ...


class TrainingCallback(keras.callbacks.Callback):
    """Watch over `fit`: divergence, interruption, progress, and the state after each epoch.

    Weights are looked at every 50 updates and at the end of an epoch. Every half second and
    after each epoch `run.progress` is called with a dict:

        event               "batch" or "epoch"
        epoch               1 for the first
        step, steps         updates of the epoch that are done, and all of them
        train_error         0 to 1, mean over the epoch so far
        images_per_second   mean over the epoch so far
        validation_error    0 to 1, of an epoch after which it was measured

    `fit` raises `Interrupted` after the update at which `run.interrupted` is true, and `Diverged`
    when a weight or an epoch's loss is not finite, or no scale of the loss keeps gradients finite.

    Args:
        run: the training; its `curve` gets one entry an epoch, before `save` is called.
    """

    def __init__(self, run: RunningTraining):
        super().__init__()
        self.run = run

    def on_epoch_begin(self, epoch, logs=None):
        """Set the rates of the epoch."""
        self.run.set_rates()
        self.begun = self.reported = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        """Stop when that is asked for; check the weights and report progress now and then."""
        if self.run.interrupted():
            raise Interrupted(f"stopped after {len(self.run.curve)} full epochs")
        if batch % _CHECK_EVERY == 0:
            self._check(batch)
        now = time.monotonic()
        if now - self.reported >= _REPORT_EVERY:
            self.reported = now
            self._report("batch", batch + 1, logs, now)

    def on_epoch_end(self, epoch, logs=None):
        """Add the epoch to the curve, save the state, and end `fit` when the training has ended."""
        run, logs = self.run, logs or {}
        steps = self._steps()
        self._check(steps - 1)
        seconds = time.monotonic() - self.begun
        if not math.isfinite(logs["loss"]):
            raise Diverged(f"the loss was not finite in epoch {epoch + 1}")
        result = EpochResult(
            epoch=epoch + 1,
            updates=(epoch + 1) * steps - skipped_updates(self._net()),
            train_error=_error(logs["accuracy"], run.images_per_epoch),
            train_loss=float(logs["loss"]),
            seconds=round(seconds, 4),
            validation_error=run.validation_error(),
        )
        run.curve.append(result)
        run.save()
        self._report("epoch", steps, logs, time.monotonic())
        self._net().stop_training = run.ended()

    def _net(self) -> keras.Model:
        if self.model is None:
            raise RuntimeError("a watch works inside fit only")
        return self.model

    def _steps(self) -> int:
        return (self.params or {})["steps"]

    def _check(self, batch: int) -> None:
        """Look at the weights themselves: ReLU hides NaN from the loss on x86."""
        update, optimizer = len(self.run.curve) * self._steps() + batch + 1, self._net().optimizer
        for variable in self._net().trainable_variables:
            if not np.isfinite(np.asarray(variable)).all():
                raise Diverged(f"{variable.path} was not finite after {update} updates")
        if isinstance(optimizer, LossScaledSGD) and optimizer.exhausted:
            raise Diverged(f"gradients were not finite in float16 after {update} updates")

    def _report(self, event: str, step: int, logs: dict[str, Any] | None, now: float) -> None:
        images = min(step * self.run.batch_size, self.run.images_per_epoch)
        validation = self.run.curve[-1].validation_error if event == "epoch" else None
        self.run.progress(
            {
                "event": event,
                "epoch": len(self.run.curve) + (event == "batch"),
                "step": step,
                "steps": self._steps(),
                "train_error": 1 - float((logs or {}).get("accuracy", math.nan)),
                "images_per_second": images / max(now - self.begun, 1e-9),
                **({} if validation is None else {"validation_error": validation}),
            }
        )


def _error(accuracy: float, images: int) -> float:
    """Return the exact fraction behind a mean that Keras keeps in float32."""
    return (images - round(float(accuracy) * images)) / images
