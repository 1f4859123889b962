"""Planned trainings as child processes, side by side, and the events they report."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ablations.execution import store
from ablations.execution.executor import Command, Ended, Executor, Work, python
from ablations.execution.pool import LocalProcesses
from ablations.plan import PlannedRun
from alexnet_tf import files
from alexnet_tf.command_line import side_by_side
from alexnet_tf.environment import cores, visible_gpu
from alexnet_tf.errors import DATA, ENVIRONMENT, LOCKED, UserError
from alexnet_tf.spec import to_json

#: start, batch, epoch: signs of life. done: a result was written. failed: the run ended
#: without one. held: another process computes it.
Kind = Literal["start", "batch", "epoch", "done", "failed", "held"]


class StoppedError(UserError, RuntimeError):
    """A cause that would stop every further run too: bad data (3) or environment (4).

    Args:
        message: the child's own last error line.
        code: exit code of the command that ends with it.
    """

    def __init__(self, message: str, code: int):
        super().__init__(message)
        self.exit_code = code


@dataclass(frozen=True)
class Event:
    """An event of a run.

    Attributes:
        run: the run, as it was planned.
        kind: "start" and "epoch" and the like, as `Kind` says.
        values: of a batch or epoch the child's own numbers: epoch, step, steps, train_error (a
            fraction), images_per_second; of an end without a result its `reason`; else empty.
    """

    run: PlannedRun
    kind: Kind
    values: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The place and the means of computing; never part of a spec.

    Attributes:
        out: folder of records and reports.
        cache: folder of decoded images and measured speeds.
        jobs: trainings side by side, 1 or more.
        threads: of one training; another number changes the last bits of its weights.
        gpus: to share out among those side by side, each of which sees one; 0: all of them see what
            this process sees.
        data_dir: folder of the data set; None: $TFDS_DATA_DIR or tensorflow-datasets' own.

    Raises:
        SpecError: jobs or threads outside of 1 to 10,000, or gpus of 0 to 10,000.
        DeviceError: CUDA_VISIBLE_DEVICES names fewer GPUs.
    """

    out: Path
    cache: Path
    jobs: int
    threads: int
    gpus: int = 0
    data_dir: Path | None = None
    tensorboard: Path | None = None  # folder of TensorBoard's events, one below it a run

    def __post_init__(self) -> None:
        side_by_side("--jobs", self.jobs)
        side_by_side("--threads", self.threads)
        if self.gpus != 0:
            side_by_side("--gpus", self.gpus)
        self.places()

    @property
    def executor(self) -> Executor:
        """What computes: child processes of this one."""
        return LocalProcesses(slots=self.jobs, places=self.places())

    def of_images(self, dataset: str) -> list[str]:
        """Return the words that tell a child where a data set's images lie.

        There are none for the built-in images, which `auto` may have come to in spite of a folder.
        """
        named = self.data_dir is not None and dataset != "builtin"
        return ["--data-dir", str(self.data_dir)] if named else []

    def places(self) -> tuple[dict[str, str], ...]:
        """Return the environment variables of each child side by side; none without GPUs."""
        return tuple({"CUDA_VISIBLE_DEVICES": visible_gpu(k)} for k in range(self.gpus))


def execute(
    runs: Sequence[PlannedRun], machine: Machine, deadline: float = math.inf
) -> Generator[Event, None, None]:
    """Start the runs in order, `machine.jobs` at a time, and yield their events.

    A run that another process holds is tried again after the others, three times in all, before
    it counts as held. A run that fails leaves a record with its reason.

    Leaving the loop early, by an exception or by closing the iterator, asks the children
    to stop and waits for them: each has saved the state of its last full epoch.

    Args:
        runs: each distinct; one that has a partial state continues from it.
        machine: where and how.
        deadline: a time of `time.monotonic` after which none is started; those at work finish.

    Raises:
        StoppedError: the data or the environment make any run impossible.
        OSError: the folder is not writable or the disk is full.
    """
    work = Work(tasks=runs, command=lambda run: _command(run, machine), deadline=deadline)
    children = machine.executor.run(work, machine.jobs)
    with contextlib.closing(children):
        for news in children:
            if news.ended is not None:
                yield _outcome(news.task, news.ended, machine)
            elif not news.message:
                yield Event(news.task, "start", {})
            elif news.message.get("event") in ("batch", "epoch"):
                yield Event(news.task, news.message["event"], dict(news.message))


def _command(run: PlannedRun, machine: Machine) -> Command:
    """Return the child that trains a run, with its spec written into its folder."""
    run_id = run.experiment.run_id
    folder = store.folder(machine.out, run_id)
    store.set_aside_damaged(machine.out, run_id)
    spec = folder / "spec.json"
    files.write_atomic(spec, to_json(run.experiment).encode())
    words = ["--events", "--spec", str(spec), "--out", str(folder)]
    words += ["--cache", str(machine.cache), "--threads", str(machine.threads)]
    if machine.gpus:
        words += ["--gpu"]
    words += machine.of_images(run.experiment.data.dataset)
    if machine.tensorboard is not None:
        words += ["--tensorboard", str(machine.tensorboard / run_id)]
    return python("alexnet_tf.train", words, folder / "log.txt", machine.cache)


def _outcome(run: PlannedRun, ended: Ended, machine: Machine) -> Event:
    """Return how a run ended, leaving a record of a failure."""
    if ended.code == 0:
        folder = store.folder(machine.out, run.experiment.run_id)
        (folder / "failed.json").unlink(missing_ok=True)
        return Event(run, "done", {})
    if ended.code == LOCKED:
        return Event(run, "held", {"reason": ended.words})
    if ended.code in (DATA, ENVIRONMENT):
        raise StoppedError(ended.words, ended.code)
    code = ended.code
    reason = f"exit code {code}: {ended.words}" if code > 0 else _killed(-code)
    store.write_failure(machine.out, run, reason)
    return Event(run, "failed", {"reason": reason})


def default_jobs(threads: int = 1, gpus: int = 0) -> int:
    """Return how many trainings of so many threads the machine takes side by side.

    That is one for each of `gpus`; without any, the cores that this process may use over
    `threads`, at least 1.

    Raises:
        SpecError: threads outside of 1 to 10,000.
    """
    return gpus if gpus > 0 else max(1, cores() // side_by_side("--threads", threads))


def _killed(number: int) -> str:
    if number == 9:
        return "killed by the system (signal 9; often for want of memory)"
    return f"ended by signal {number}"
