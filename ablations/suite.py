"""Several studies in one go: each distinct run computed once, then every report.

The straight line: searches, reported runs, inspections, reports, index. What is finished
is never computed again, so the same call continues wherever it was stopped.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console

from ablations.analysis import checks
from ablations.analysis.score_analysis import ScoreAnalysis
from ablations.execution import datasets, inspection, store
from ablations.execution.progress import Progress
from ablations.execution.training import Machine, execute
from ablations.plan import PlannedRun, Task, cheapest_first, epoch_work, reported_runs, saved
from ablations.report import collect, score_report, speed_report
from ablations.report.index_page import write_index
from ablations.report.reference import beside
from alexnet_tf.errors import FAILED_RUNS, LOCKED


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What to do about runs that failed."""

    retry_failed: bool = False  # try again what failed before
    fail_fast: bool = False  # stop at the first run that fails


def perform(
    console: Console, tasks: Sequence[Task], machine: Machine, policy: Policy
) -> tuple[int, dict[str, pd.DataFrame]]:
    """Compute what the tasks lack and write their reports.

    Returns:
        0, LOCKED or FAILED_RUNS, and name of the study -> table of its runs.

    Raises:
        DataError: finished runs saw other images than these.
        StoppedError: the data or the environment make training impossible.
        OSError: the folder cannot be written.
    """
    code = _compute(console, [(task, task.searches) for task in tasks], machine, policy)
    ready = [task for task in tasks if _searched(task, machine)]
    if not (code and policy.fail_fast):
        reported = [(task, _reported(task, machine)) for task in ready]
        code = max(code, _compute(console, reported, machine, policy))
    if not (code and policy.fail_fast):
        code = max(code, _inspect(console, ready, machine))
    tables = {}
    ordered = cheapest_first([(task, _reported(task, machine)) for task in tasks])
    for task, _ in ordered:
        saved.save(machine.out / task.study.name, task.request)
        if len(tasks) > 1:
            console.rule(task.study.name)
        tables[task.study.name] = report(console, task, machine.out)
    if len(tasks) > 1:
        index(console, tasks, machine.out)
    return code, tables


def _searched(task: Task, machine: Machine) -> bool:
    return all(store.finished(run) for run in store.read(machine.out, task.searches))


def _reported(task: Task, machine: Machine) -> tuple[PlannedRun, ...]:
    return reported_runs(
        task.study, task.request, collect.rates(task.study, task.request, machine.out)
    )


def _compute(
    console: Console,
    asked: Sequence[tuple[Task, Sequence[PlannedRun]]],
    machine: Machine,
    policy: Policy,
) -> int:
    """Compute the runs that have no result yet, those of the cheapest study first."""
    distinct = {run.experiment.run_id: run for _, runs in asked for run in runs}
    found = store.read(machine.out, distinct.values())
    failed = {
        run.planned.experiment.run_id
        for run in found
        if run.record is not None and run.record.status == "failed"
    }
    code = 0
    if failed and not policy.retry_failed:
        code = FAILED_RUNS
        console.print(store.stay_failed(len(failed)), highlight=False)
    kept = {run.planned.experiment.run_id for run in found if store.finished(run)}
    kept |= set() if policy.retry_failed else failed
    todo = cheapest_first(
        [(task, [run for run in runs if run.experiment.run_id not in kept]) for task, runs in asked]
    )
    missing = [(task, run) for task, runs in todo for run in runs]
    if not missing:
        return code
    facts = datasets.prepare(console, missing[0][0].request.dataset, machine)
    datasets.check_same(found, facts)
    console.print(
        f"{len(missing)} of {len(distinct)} runs to compute, {machine.jobs} side by side; "
        f"records in {machine.out / 'runs'}",
        highlight=False,
        soft_wrap=True,
    )
    return max(code, _train(console, missing, machine, policy))


def _train(
    console: Console, missing: Sequence[tuple[Task, PlannedRun]], machine: Machine, policy: Policy
) -> int:
    """Train the runs in order and show how they fare."""
    expected = {run.experiment.run_id: task.epochs(run) for task, run in missing}
    work = {run.experiment.run_id: epoch_work(run.experiment) for task, run in missing}
    studies = {task.name for task, _ in missing}
    names = {run.experiment.run_id: task.study.name for task, run in missing}
    code = 0
    with Progress(console, expected, machine.jobs, work, names if len(studies) > 1 else {}) as show:
        for event in execute([run for _, run in missing], machine):
            show(event)
            code = max(code, {"failed": FAILED_RUNS, "held": LOCKED}.get(event.kind, 0))
            if event.kind == "failed" and policy.fail_fast:
                break
    return code


def _inspect(console: Console, tasks: Sequence[Task], machine: Machine) -> int:
    """Measure the trained nets beyond their records where a study needs it."""
    lacking = inspection.needed(
        (task, store.read(machine.out, _reported(task, machine))) for task in tasks
    )
    here = [asked for asked in lacking if store.has_net(asked.run)]
    if len(here) < len(lacking):
        gone = len(lacking) - len(here)
        console.print(
            f"{gone} trained nets are not kept here (model.keras): what is measured of them "
            "stays open",
            highlight=False,
            soft_wrap=True,
        )
    if not here:
        return 0
    console.print(f"{len(here)} trained nets to inspect", highlight=False)
    return FAILED_RUNS if inspection.inspect(console, here, machine) else 0


def report(console: Console, task: Task, out: Path) -> pd.DataFrame:
    """Analyse a study's records, write its report, say the verdicts; return the runs' table.

    Args:
        task: the study.
        out: folder of the records; the report lies below it.

    Raises:
        OSError: the report cannot be written.
    """
    found = collect.collect_study(task.study, task.request, out)
    analysis, folder = found.analysis, out / task.study.name
    again = command(task, out)
    if isinstance(analysis, ScoreAnalysis):
        score_report.write(analysis, found.runs, folder, command=again)
    else:
        speed_report.write(analysis, found.runs, folder, command=again)
    for row in analysis.comparisons.to_dict("records"):
        if row.get("family", "primary") == "primary":
            console.print(f"{row['comparison']}: [bold]{row['verdict']}[/bold]", highlight=False)
            console.print(f"  {row['reason']}", highlight=False, markup=False)
            asked = task.request
            known = beside(task.study, asked.budget, asked.dataset, row["comparison"])
            if known is not None:
                console.print(f"  {known.words}", highlight=False, markup=False)
    if isinstance(analysis, ScoreAnalysis):
        for row in analysis.checks.to_dict("records"):
            console.print(f"check: {checks.words(row)}", highlight=False, markup=False)
    console.print(f"report: {folder / 'index.html'}", highlight=False, markup=False, soft_wrap=True)
    return analysis.runs


def index(console: Console, tasks: Sequence[Task], out: Path) -> None:
    """Write the page over all the reports under `out`, those of the tasks among them."""
    known = {item.name for item in collect.studies()}
    path = write_index(out, [task.study for task in tasks if task.study.name not in known])
    console.print(f"index: {path}", highlight=False, markup=False, soft_wrap=True)


def command(task: Task, out: Path) -> str:
    """Return the command that computes exactly this report."""
    request = task.request
    words = ["python", "-m", "ablations.run", task.name, "--budget", request.budget]
    words += ["--dataset", request.dataset]
    if request.dataset == "imagenet":
        words += ["--data-dir", "PREPARED"]
    for name in ("seeds", "epochs"):
        if getattr(request, name) is not None:
            words += [f"--{name}", str(getattr(request, name))]
    for path, value in request.settings.items():
        words += ["--set", f"{path}={json.dumps(value) if not isinstance(value, str) else value}"]
    return shlex.join([*words, "--out", str(out)])
