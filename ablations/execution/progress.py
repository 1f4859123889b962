"""Progress of runs for a user: a live table, or plain lines without a terminal."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table

from ablations.execution.training import Event, Machine
from ablations.plan import PlannedRun

_PLAIN_EVERY = 30.0  # seconds between lines about the runs under way


class Progress:
    """Shows events. Use as a context: `with Progress(...) as show: show(event)`.

    Without a terminal, a line appears when a run ends, and every 30 seconds or more one for each
    run at work.

    Args:
        console: where to write; a live table only if it is a terminal.
        remaining: run id -> epochs the run is expected to take, for every run to compute.
        machine: how many trainings run side by side, and where.
        epoch_work: run id -> cost of an epoch in any unit; without it all cost the same.
        studies: run id -> study to name beside the arm.
    """

    def __init__(
        self,
        console: Console,
        remaining: Mapping[str, float],
        machine: Machine,
        epoch_work: Mapping[str, float] | None = None,
        studies: Mapping[str, str] | None = None,
    ):
        self.console, self.machine = console, machine
        self.work, self.studies = epoch_work or {}, studies or {}
        self.expected = dict(remaining)
        self.waiting = dict(remaining)
        self.active: dict[str, Event] = {}
        self.done = self.failed = 0
        self.finished: set[str] = set()
        self.epoch_seconds: dict[str, float] = {}
        self.said = time.monotonic()
        self.live = Live(console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Progress:
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.console.is_terminal:
            self.live.stop()

    def __call__(self, event: Event) -> None:
        """Show one event: the end of a run is printed, any other changes the table or the lines."""
        run_id = event.run.experiment.run_id
        if event.kind in ("lost", "again"):
            self.active.pop(run_id, None)
            self.waiting[run_id] = self.expected.setdefault(
                run_id, float(event.run.experiment.train.epochs)
            )
            self.done -= run_id in self.finished
            self.finished.discard(run_id)
        elif event.kind in ("start", "batch", "epoch"):
            self.waiting.pop(run_id, None)
            self.active[run_id] = event
            if event.values.get("images_per_second"):
                self.epoch_seconds[run_id] = _epoch_seconds(event)
        else:
            self._end(event, self.active.pop(run_id, event))
        if self.console.is_terminal:
            self.live.update(self._table())
        elif time.monotonic() - self.said >= _PLAIN_EVERY:
            self.said = time.monotonic()
            for active in self.active.values():
                self.console.print(f"  {self._words(active)}")
            self.console.print(f"  {self._left()}")

    def _end(self, event: Event, last: Event) -> None:
        self.done += event.kind == "done"
        self.finished |= {event.run.experiment.run_id} if event.kind == "done" else set()
        self.failed += event.kind == "failed"
        position = f"[{self.done + self.failed}/{len(self.expected)}]"
        words = f"{position} {event.kind:6} {self._words(last)}"
        if event.kind != "done":
            words += f": {event.values.get('reason', '')}"
        self.console.print(words, soft_wrap=True)

    def _table(self) -> Table:
        table = Table(title=self._left(), title_justify="left", box=None, pad_edge=False)
        names = ("arm", "seed", "rate", "epoch", "training error", "images/s")
        names += ("machine",) if self.machine.executor.words else ()
        for name in names:
            table.add_column(name, justify="left" if name in ("arm", "machine") else "right")
        for event in self.active.values():
            cells = (*_cells(event, self._study(event)), event.place)
            table.add_row(*cells[: len(names)])
        return table

    def _left(self) -> str:
        seconds = self.seconds_left()
        left = "measuring the speed" if seconds is None else f"about {duration(seconds)} left"
        where = self.machine.executor.words
        return (
            f"{self.done} of {len(self.expected)} runs done, {len(self.waiting)} waiting, {left}"
            + (f"; {where}" if where else "")
        )

    def seconds_left(self) -> float | None:
        """Return the expected seconds until the last run ends; None before a speed is known.

        The epochs that are left, each weighted with its cost, times the mean seconds per cost of
        the runs seen so far, over the trainings side by side. A run past its expected end counts
        with half an epoch more.
        """
        if not self.epoch_seconds:
            return None
        speeds = [took / self._work(run_id) for run_id, took in self.epoch_seconds.items()]
        left = sum(epochs * self._work(run_id) for run_id, epochs in self.waiting.items())
        for run_id, event in self.active.items():
            gone = _epochs_gone(event)
            left += max(0.5, self.expected.get(run_id, gone) - gone) * self._work(run_id)
        left *= sum(speeds) / len(speeds)
        return left / min(self.machine.jobs, max(1, len(self.active) + len(self.waiting)))

    def _words(self, event: Event) -> str:
        values, study = event.values, self._study(event)
        name = describe(event.run) if not study else f"{study}: {describe(event.run)}"
        name += f" on {event.place}" if event.place else ""
        if "train_error" not in values:
            return f"{name}: starting"
        return (
            f"{name}: epoch {values['epoch']}, training error "
            f"{values['train_error']:.3f}, {values['images_per_second']:.0f} images/s"
        )

    def _study(self, event: Event) -> str:
        return self.studies.get(event.run.experiment.run_id, "")

    def _work(self, run_id: str) -> float:
        return self.work.get(run_id, 1.0)


def duration(seconds: float) -> str:
    """Return a time in words.

    Args:
        seconds: 0 or more; rounded to whole ones.

    >>> duration(45), duration(245), duration(6720)
    ('45 s', '4 min 05 s', '1 h 52 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def describe(run: PlannedRun) -> str:
    """Return the words that name a run: arm, seed, learning rate, and its role if not reported.

    For example `paper seed 0 learning rate 0.01 (search)`.
    """
    rate = f"learning rate {run.experiment.train.learning_rate:g}"
    role = "" if run.role == "reported" else " (search)"
    return f"{run.arm} seed {run.experiment.seed} {rate}{role}"


def _cells(event: Event, study: str) -> tuple[str, ...]:
    values, experiment = event.values, event.run.experiment
    name = event.run.arm if event.run.role == "reported" else f"{event.run.arm} (search)"
    name = f"{study}: {name}" if study else name
    start = (name, str(experiment.seed), f"{experiment.train.learning_rate:g}")
    if "train_error" not in values:
        return (*start, "starting", "", "")
    step = f"{_epochs_gone(event):.1f}/{experiment.train.epochs}"
    return (*start, step, f"{values['train_error']:.3f}", f"{values['images_per_second']:.0f}")


def _epochs_gone(event: Event) -> float:
    values = event.values
    if "epoch" not in values:
        return 0.0
    return values["epoch"] - 1 + values["step"] / values["steps"]


def _epoch_seconds(event: Event) -> float:
    images = event.values["steps"] * event.run.experiment.train.batch_size
    return images / event.values["images_per_second"]
