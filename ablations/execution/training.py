"""Planned trainings as child processes, side by side, and the events they report."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ablations.execution import store
from ablations.execution.blocks import SeedBlocks
from ablations.execution.executor import Command, Ended, Executor, Work, python
from ablations.execution.pool import LocalProcesses
from ablations.plan import PlannedRun, StudyRun
from alexnet_tf import files
from alexnet_tf.command_line import side_by_side
from alexnet_tf.environment import cores, visible_gpu
from alexnet_tf.errors import DATA, ENVIRONMENT, LOCKED, SpecError, UserError
from alexnet_tf.spec import to_json

#: start, batch, epoch: signs of life. done: a result was written. failed: the run ended
#: without one. held: another process computes it. lost: its machine is, and it waits to go on.
#: again: it was finished, and is computed again as every run of its seed, because no machine of
#: their arithmetic is left.
Kind = Literal["start", "batch", "epoch", "done", "failed", "held", "lost", "again"]


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
    place: str = ""  # the machine of a cluster that computes it


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The place and the means of computing; never part of a spec.

    Attributes:
        out: folder of records and reports.
        cache: folder of decoded images and measured speeds.
        jobs: trainings side by side, 1 or more.
        threads: of one training; another number changes the last bits of its weights.
        gpus: to share out among those side by side, each of which sees `gpus_per_run`; 0: all of
            them see what this process sees, and on a cluster none.
        gpus_per_run: 1, or 2 to train nets of two towers on a pair.
        cluster: what computes in place of this machine; None: this machine does.
        data_dir: folder of the data set; None: $TFDS_DATA_DIR or tensorflow-datasets' own.

    Raises:
        SpecError: jobs or threads outside of 1 to 10,000, gpus of 0 to 10,000 or no multiple of
            gpus_per_run.
        DeviceError: CUDA_VISIBLE_DEVICES names fewer GPUs.
    """

    out: Path
    cache: Path
    jobs: int
    threads: int
    gpus: int = 0
    gpus_per_run: int = 1
    cluster: Executor | None = None
    data_dir: Path | None = None
    tensorboard: Path | None = None  # folder of TensorBoard's events, one below it a run
    states: str | None = None  # folder or fsspec URL of unfinished states; None: `out`

    def __post_init__(self) -> None:
        side_by_side("--jobs", self.jobs)
        side_by_side("--threads", self.threads)
        if self.gpus != 0:
            side_by_side("--gpus", self.gpus)
        if self.gpus_per_run not in (1, 2):
            raise SpecError(f"--gpus-per-run must be 1 or 2. Received: {self.gpus_per_run}")
        if self.gpus_per_run == 2 and (not self.gpus or self.gpus % 2):
            raise SpecError(f"--gpus-per-run 2 needs an even number --gpus. Received: {self.gpus}")
        self.places()

    @property
    def executor(self) -> Executor:
        """What computes: the cluster, or child processes of this one."""
        return self.cluster or LocalProcesses(slots=self.jobs, places=self.places())

    @property
    def side_by_side(self) -> str:
        """How many trainings run at a time, and on a cluster on what, in words."""
        words = self.executor.words
        return f"{self.jobs} side by side" + (f", {words}" if words else "")

    def of_images(self, dataset: str) -> list[str]:
        """Return the words that tell a child where a data set's images lie.

        There are none for the built-in images, which `auto` may have come to in spite of a folder.
        """
        named = self.data_dir is not None and dataset != "builtin"
        return ["--data-dir", str(self.data_dir)] if named else []

    def places(self) -> tuple[dict[str, str], ...]:
        """Return the environment variables of each child side by side; none without GPUs."""
        if self.cluster is not None:
            return ()
        names = [visible_gpu(k) for k in range(self.gpus)]
        each = self.gpus_per_run
        return tuple(
            {"CUDA_VISIBLE_DEVICES": ",".join(names[k : k + each])}
            for k in range(0, len(names), each)
        )


def execute(
    runs: Sequence[PlannedRun],
    machine: Machine,
    deadline: float = math.inf,
    finished: Sequence[StudyRun] = (),
    images: str = "",
) -> Generator[Event, None, None]:
    """Start the runs in order, `machine.jobs` at a time, and yield their events.

    A run that another process holds is tried again after the others, three times in all, before
    it counts as held. A run that fails leaves a record with its reason.

    Leaving the loop early, by an exception or by closing the iterator, asks the children
    to stop: each has saved the state of its last full epoch. On a cluster the runs of a seed are
    computed on machines that give the same bits.

    Args:
        runs: each distinct; one that has a partial state continues from it.
        machine: where and how.
        deadline: a time of `time.monotonic` after which none is started; those at work finish.
        finished: runs of the same plans that have a result, for those of the same seed.
        images: fingerprint of the images that a result has to be of; empty: any.

    Raises:
        StoppedError: the data or the environment make any run impossible.
        OSError: the folder is not writable or the disk is full.
    """
    work = Work(
        tasks=runs,
        command=lambda run: _command(run, machine),
        deadline=deadline,
        blocks=SeedBlocks(machine.out, runs, finished),
        refused=lambda run: _other_images(run, machine, images),
    )
    children = machine.executor.run(work, machine.jobs)
    with contextlib.closing(children):
        for news in children:
            if news.ended is not None:
                yield replace(_outcome(news.task, news.ended, machine), place=news.place)
            elif not news.message:
                yield Event(news.task, "start", {}, news.place)
            elif news.message.get("event") in ("batch", "epoch", "lost", "again"):
                yield Event(news.task, news.message["event"], dict(news.message), news.place)


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
    if machine.gpus_per_run == 2 and run.experiment.model.towers == 2:
        words += ["--devices", "GPU:0,GPU:1"]
    words += machine.of_images(run.experiment.data.dataset)
    if machine.states is not None:
        words += ["--states", machine.states]
    if machine.tensorboard is not None:
        words += ["--tensorboard", str(machine.tensorboard / run_id)]
    return python("alexnet_tf.train", words, folder / "log.txt", machine.cache)


def _other_images(run: PlannedRun, machine: Machine, images: str) -> str:
    """Say that a result is of other images than these, and set it aside; empty: it is not."""
    found = store.record(machine.out, run.experiment.run_id)
    data = None if found is None or found.status == "failed" else found.data
    if not images or data is None or data.fingerprint == images:
        return ""
    store.set_aside(machine.out, run.experiment.run_id)
    return (
        f"its images are others than those here (fingerprint {data.fingerprint[:12]}, "
        f"here {images[:12]})"
    )


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
