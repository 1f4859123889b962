"""Measures trained nets beyond their records, in child processes, where a study asks for it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from rich.console import Console

from ablations.execution import store
from ablations.execution.progress import describe
from ablations.execution.training import Machine
from ablations.plan import Plan, PlannedRun, StudyRun
from ablations.study import Quantity

#: Quantities that `alexnet_tf.inspect_net` measures, by the part of it that does; every
#: other one is in the record.
INSPECTED: Mapping[Quantity, str] = {
    "kernel_colour_split": "features",
    "shuffled_colour_split": "features",
    "colour_split_chance": "features",
    "fc7_neighbour_agreement": "features",
    "pixel_neighbour_agreement": "features",
    "fc7_neighbour_pixel_rank": "features",
    "dropout_mean_error": "dropout",
    "dropout_kl_halved": "dropout",
    "dropout_kl_unhalved": "dropout",
    "dropout_kl_one_mask": "dropout",
    "dropout_kl_arithmetic": "dropout",
    "norm_spread": "treatments",
    "units_kept": "treatments",
    "views_moved": "treatments",
    "colour_shift": "treatments",
}


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """A trained net, and the parts of `alexnet_tf.inspect_net` that are asked of it."""

    run: StudyRun
    parts: tuple[str, ...]

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.run.planned.experiment.run_id


def needed(asked: Iterable[tuple[Plan, Sequence[StudyRun]]]) -> list[Inspection]:
    """Return the trained nets of which a study needs more than is measured, each once."""
    runs: dict[str, StudyRun] = {}
    parts: dict[str, set[str]] = {}
    for plan, of_plan in asked:
        wanted: dict[str, set[Quantity]] = {}
        for arm, quantity in plan.study.measured:
            wanted.setdefault(arm, set()).add(quantity)
        for run in of_plan:
            if run.record is None or run.record.status != "done":
                continue
            lacking = wanted.get(run.planned.arm, set()) - set(run.inspection)
            run_id = run.planned.experiment.run_id
            runs[run_id] = run
            parts.setdefault(run_id, set()).update(
                INSPECTED[name] for name in lacking if name in INSPECTED
            )
    return [
        Inspection(run=runs[run_id], parts=tuple(sorted(found)))
        for run_id, found in parts.items()
        if found
    ]


def inspect(console: Console, asked: Sequence[Inspection], machine: Machine) -> int:
    """Measure these nets, `machine.jobs` at a time; return how many could not be measured.

    Each has a line of its own when it ends. Leaving early stops the children; what is
    finished is kept.
    """
    todo, active, failed = list(asked), list[_Child](), 0
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
    def start(cls, asked: Inspection, machine: Machine) -> _Child:
        errors = tempfile.TemporaryFile()
        process = subprocess.Popen(
            _command(asked, machine),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,  # Ctrl-C in a terminal reaches the runner alone
        )
        return cls(asked.run.planned, process, errors)

    def words(self) -> str:
        """Return how it ended, in one line."""
        if self.process.returncode == 0:
            return f"inspected {describe(self.run)}"
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace").strip().splitlines()
        why = said[-1].removeprefix("alexnet_tf.inspect_net: ")[:500] if said else "no message"
        code = self.process.returncode
        return f"inspection failed {describe(self.run)}: exit code {code}: {why}"


def _command(asked: Inspection, machine: Machine) -> list[str]:
    folder = store.folder(machine.out, asked.run_id)
    command = [sys.executable, "-m", "alexnet_tf.inspect_net", str(folder)]
    command += ["--only", *asked.parts]
    command += ["--cache", str(machine.cache), "--threads", str(machine.threads)]
    return command + (["--data-dir", str(machine.data_dir)] if machine.data_dir else [])
