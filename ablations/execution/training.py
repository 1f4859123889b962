"""Run planned trainings as child processes, side by side, and tell what they do."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ablations.execution import store
from ablations.plan import PlannedRun
from alexnet_tf import files
from alexnet_tf.errors import DATA, ENVIRONMENT, LOCKED, UserError
from alexnet_tf.spec import to_json
from alexnet_tf.values import at_least_one

#: start, batch, epoch: signs of life. done: a result was written. failed: the run ended
#: without one. held: another process computes it.
Kind = Literal["start", "batch", "epoch", "done", "failed", "held"]

_GRACE = 20  # seconds a child has to stop after it was asked to
# How often a run that another process holds is tried, at the end of the others: the holder
# may be the child of a killed runner, which ends by itself in a moment.
_TRIES = 3


class StoppedError(UserError, RuntimeError):
    """A cause that would stop every further run too: bad data (3) or environment (4)."""

    def __init__(self, message: str, code: int):
        super().__init__(message)
        self.exit_code = code


@dataclass(frozen=True)
class Event:
    """What happened to a run; `values` are the child's own words (epoch, train_error, ...)."""

    run: PlannedRun
    kind: Kind
    values: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where and how to compute; never part of a spec."""

    out: Path
    cache: Path
    jobs: int
    threads: int
    data_dir: Path | None = None
    tensorboard: Path | None = None  # folder of TensorBoard's events, one below it a run

    def __post_init__(self) -> None:
        at_least_one("--jobs", self.jobs)
        at_least_one("--threads", self.threads)


def execute(runs: Sequence[PlannedRun], machine: Machine) -> Generator[Event, None, None]:
    """Start the runs in order, `machine.jobs` at a time, and yield what they tell.

    Leaving the loop early, by an exception or by closing the iterator, asks the children
    to stop and waits for them: each has saved the state of its last full epoch.

    Raises:
        StoppedError: the data or the environment make any run impossible.
        OSError: the folder is not writable or the disk is full.
    """
    waiting, told = list(runs), queue.SimpleQueue[tuple[_Child, dict[str, Any] | None]]()
    children: list[_Child] = []
    tried = Counter[str]()
    try:
        while waiting or children:
            while waiting and len(children) < machine.jobs:
                children.append(_Child(waiting.pop(0), machine, told))
                yield Event(children[-1].run, "start", {})
            child, message = told.get()
            if message is not None:
                if message.get("event") in ("batch", "epoch"):
                    yield Event(child.run, message["event"], message)
                continue
            children.remove(child)
            outcome = child.outcome()
            tried[run_id := child.run.experiment.run_id] += 1
            if outcome.kind == "held" and tried[run_id] < _TRIES:
                waiting.append(child.run)
            else:
                yield outcome
    finally:
        for child in children:
            child.stop()


class _Child:
    """One `python -m alexnet_tf.train` and the thread that reads its words."""

    def __init__(self, run: PlannedRun, machine: Machine, told: queue.SimpleQueue):
        self.run, self.machine, self.told = run, machine, told
        self.folder = store.folder(machine.out, run.experiment.run_id)
        store.set_aside_damaged(machine.out, run.experiment.run_id)
        spec = self.folder / "spec.json"
        files.write_atomic(spec, to_json(run.experiment).encode())
        self.log = self.folder / "log.txt"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self._command(spec),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # Ctrl-C in a terminal reaches the runner alone
            )
        threading.Thread(target=self._listen, daemon=True).start()

    def outcome(self) -> Event:
        """Return how the child ended, leaving a record of a failure."""
        code = self.process.wait()
        if code == 0:
            (self.folder / "failed.json").unlink(missing_ok=True)
            return Event(self.run, "done", {})
        said = self._last_words()
        if code == LOCKED:
            return Event(self.run, "held", {"reason": said})
        if code in (DATA, ENVIRONMENT):
            raise StoppedError(said, code)
        reason = f"exit code {code}: {said}" if code > 0 else _killed(-code)
        store.write_failure(self.machine.out, self.run, reason)
        return Event(self.run, "failed", {"reason": reason})

    def stop(self) -> None:
        """Ask the child to stop, wait, and insist if it does not."""
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        deadline = time.monotonic() + _GRACE
        while self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def _command(self, spec: Path) -> list[str]:
        command = [sys.executable, "-m", "alexnet_tf.train", "--events", "--spec", str(spec)]
        command += ["--out", str(self.folder), "--cache", str(self.machine.cache)]
        command += ["--threads", str(self.machine.threads)]
        if self.machine.data_dir is not None:
            command += ["--data-dir", str(self.machine.data_dir)]
        if self.machine.tensorboard is not None:
            board = self.machine.tensorboard / self.run.experiment.run_id
            command += ["--tensorboard", str(board)]
        return command

    def _listen(self) -> None:
        with self.process.stdout or contextlib.nullcontext([]) as lines:
            for line in lines:
                with contextlib.suppress(ValueError):
                    message = json.loads(line)
                    if isinstance(message, dict):
                        self.told.put((self, message))
        self.told.put((self, None))

    def _last_words(self) -> str:
        """Return the child's own last error line, without the program's name."""
        if not self.log.exists():  # another runner's --fresh took it
            return "no message"
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        said = [line for line in lines if line.startswith("alexnet_tf.train: ")] or lines[-1:]
        return said[-1].removeprefix("alexnet_tf.train: ")[:500] if said else "no message"


def default_jobs(threads: int = 1) -> int:
    """Return how many trainings of so many threads the machine takes side by side."""
    known = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if known else os.cpu_count() or 1
    return max(1, cores // at_least_one("--threads", threads))


def _killed(number: int) -> str:
    if number == 9:
        return "killed by the system (signal 9; often for want of memory)"
    return f"ended by signal {number}"
