"""Measurements of trained nets beyond their records, in child processes, where a study needs it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console

from ablations.execution import store
from ablations.execution.executor import Command, Ended, Work, python
from ablations.execution.progress import describe
from ablations.execution.training import Machine
from ablations.plan import Plan, StudyRun
from ablations.study import Quantity
from alexnet_tf.errors import FAILED_RUNS, LOCKED

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
    """A trained net, and the parts of `alexnet_tf.inspect_net` that are asked of it.

    Attributes:
        run: finished, its net in its folder.
        parts: of "dropout", "features" and "treatments", sorted; at least one.
    """

    run: StudyRun
    parts: tuple[str, ...]

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.run.planned.experiment.run_id


def needed(asked: Iterable[tuple[Plan, Sequence[StudyRun]]]) -> list[Inspection]:
    """Return the trained nets of which a study needs more than is measured, each once.

    Args:
        asked: plans with their runs; a run that several plans share is inspected for all of
            them at once. Runs that failed, diverged or are still to be computed have no net.
    """
    runs: dict[str, StudyRun] = {}
    parts: dict[str, set[str]] = {}
    for plan, of_plan in asked:
        wanted: dict[str, set[Quantity]] = {}
        for arm, quantity in plan.asked.measured:
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
    """Measure these nets, `machine.jobs` at a time; return 0, LOCKED or FAILED_RUNS.

    Each has a line of its own when it ends. One whose folder another process holds is tried
    again after the others, three times in all. Leaving early stops the children; what is
    finished is kept.

    Args:
        console: gets the lines.
        asked: of `needed`, with the net in the run's folder.
        machine: where the runs lie, and how many nets are measured at a time.

    Raises:
        OSError: a log cannot be written, or no process can be started.
    """
    code = 0
    work = Work(tasks=asked, command=lambda net: _command(net, machine))
    children = machine.executor.run(work, machine.jobs)
    with contextlib.closing(children):
        for news in children:
            if news.ended is None:
                continue
            if news.ended.code:
                code = max(code, LOCKED if news.ended.code == LOCKED else FAILED_RUNS)
            words = _words(news.task, news.ended)
            console.print(words, soft_wrap=True)
    return code


def _words(asked: Inspection, ended: Ended) -> str:
    """Return how an inspection ended, in one line."""
    run = describe(asked.run.planned)
    if ended.code == 0:
        return f"inspected {run}"
    if ended.code == LOCKED:
        return f"not inspected {run}: {ended.words}; the same command tries again"
    return f"inspection failed {run}: exit code {ended.code}: {ended.words}"


def _command(asked: Inspection, machine: Machine) -> Command:
    folder = store.folder(machine.out, asked.run_id)
    words = [str(folder), "--only", *asked.parts]
    words += ["--cache", str(machine.cache), "--threads", str(machine.threads)]
    words += machine.of_images(asked.run.planned.experiment.data.dataset)
    return python("alexnet_tf.inspect_net", words, folder / "log.txt", machine.cache)
