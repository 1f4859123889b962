"""Measures trained nets beyond their records, in child processes, where a study asks for it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from rich.console import Console

from ablations import store
from ablations.execute import Machine
from ablations.plan import PlannedRun, StudyRun, Task
from ablations.progress import describe
from ablations.study import Quantity, ScoreStudy

#: Quantities that `alexnet_tf.inspect_net` measures; every other one is in the record.
INSPECTED: frozenset[Quantity] = frozenset(
    {
        "kernel_colour_split",
        "shuffled_colour_split",
        "fc7_neighbour_agreement",
        "pixel_neighbour_agreement",
        "dropout_mean_error",
    }
)


def needed(task: Task, runs: Sequence[StudyRun]) -> list[StudyRun]:
    """Return the trained nets of which the study's differences need more than is measured."""
    if not isinstance(task.study, ScoreStudy):
        return []
    wanted: dict[str, set[Quantity]] = {}
    for item in task.study.differences:
        of_baseline = item.baseline_quantity or item.quantity
        wanted.setdefault(item.baseline, set()).add(of_baseline)
        for arm in item.arms[1:]:
            wanted.setdefault(arm, set()).add(item.quantity)
    return [
        run
        for run in runs
        if run.record is not None and run.record.status == "done"
        if (wanted.get(run.planned.arm, set()) & INSPECTED) - set(run.inspection)
    ]


def inspect(console: Console, runs: Sequence[StudyRun], machine: Machine) -> int:
    """Measure these nets, `machine.jobs` at a time; return how many could not be measured.

    Each has a line of its own when it ends. Leaving early stops the children; what is
    finished is kept.
    """
    waiting = {run.planned.experiment.run_id: run.planned for run in runs}
    todo, active, failed = list(waiting.values()), list[_Child](), 0
    try:
        while todo or active:
            while todo and len(active) < machine.jobs:
                active.append(_Child.start(todo.pop(0), machine))
            ended = [child for child in active if child.process.poll() is not None]
            for child in ended:
                active.remove(child)
                failed += child.process.returncode != 0
                console.print(child.words(), highlight=False, markup=False, soft_wrap=True)
                child.errors.close()
            if not ended:
                time.sleep(0.1)
    finally:
        for child in active:
            with contextlib.suppress(ProcessLookupError):
                child.process.kill()  # its file is written whole at the end, or not at all
            child.process.wait()
            child.errors.close()
    return failed


@dataclass(frozen=True)
class _Child:
    """One `python -m alexnet_tf.inspect_net` and what it says on standard error."""

    run: PlannedRun
    process: subprocess.Popen[bytes]
    errors: IO[bytes]

    @classmethod
    def start(cls, run: PlannedRun, machine: Machine) -> _Child:
        errors = tempfile.TemporaryFile()
        process = subprocess.Popen(
            _command(run, machine),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,  # Ctrl-C in a terminal reaches the runner alone
        )
        return cls(run, process, errors)

    def words(self) -> str:
        """Return how it ended, in one line."""
        if self.process.returncode == 0:
            return f"inspected {describe(self.run)}"
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace").strip().splitlines()
        why = said[-1].removeprefix("alexnet_tf.inspect_net: ")[:500] if said else "no message"
        code = self.process.returncode
        return f"inspection failed {describe(self.run)}: exit code {code}: {why}"


def _command(run: PlannedRun, machine: Machine) -> list[str]:
    folder = store.folder(machine.out, run.experiment.run_id)
    command = [sys.executable, "-m", "alexnet_tf.inspect_net", str(folder)]
    command += ["--cache", str(machine.cache), "--threads", str(machine.threads)]
    return command + (["--data-dir", str(machine.data_dir)] if machine.data_dir else [])
