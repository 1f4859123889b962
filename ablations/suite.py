"""Several studies in one go: each distinct run computed once, then every report.

The straight line: searches, reported runs and inspections look after look, reports, index.
What is finished is never computed again, so the same call continues wherever it was stopped.
"""

from __future__ import annotations

import json
import math
import shlex
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.text import Text

from ablations.analysis import checks
from ablations.execution import datasets, inspection, preloaded, store
from ablations.execution.progress import Progress
from ablations.execution.training import Event, Machine, execute
from ablations.plan import Plan, PlannedRun, cheapest_first, epoch_work, saved
from ablations.report import collect, study_report
from ablations.report.index_page import write_index
from ablations.report.reference import beside
from alexnet_tf.errors import FAILED_RUNS, LOCKED


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The rules for stopping, and for runs that failed."""

    retry_failed: bool = False  # try again what failed before
    fail_fast: bool = False  # stop at the first run that fails
    deadline: float = math.inf  # of `time.monotonic`: no run is started after it


def perform(
    console: Console, plans: Sequence[Plan], machine: Machine, policy: Policy
) -> tuple[int, dict[str, pd.DataFrame]]:
    """Compute what the plans lack and write their reports.

    Args:
        console: where progress, verdicts and the places of the reports are printed.
        plans: one of each study; their rates are chosen here once the searches are done.
        machine: where the records lie, and how many trainings run side by side.
        policy: what to do about failed runs.

    Returns:
        0, LOCKED or FAILED_RUNS, and name of the study -> table of its runs.

    Raises:
        DataError: finished runs saw other images than these.
        StoppedError: the data or the environment make training impossible.
        OSError: the folder cannot be written.
    """
    records = store.Records(machine.out)
    asked = [(plan, plan.searches) for plan in plans]
    code = _compute(console, asked, records, machine, policy)
    ready = [plan for plan in plans if all(map(store.finished, records.read(plan.searches)))]
    plans = [plan.with_rates(collect.rates(plan, records)) for plan in plans]
    ready = [plan for plan in plans if plan.name in {item.name for item in ready}]
    if not (code and policy.fail_fast):
        code = max(code, _look_after_look(console, ready, records, machine, policy))
    preloaded.close()  # a caller that lives on need not keep its memory
    ordered = [plan for plan, _ in cheapest_first([(plan, plan.reported) for plan in plans])]
    for plan in ordered:
        saved.save(machine.out / plan.study.name, plan.request, plan.name)
    made = report(console, ordered, records, index=len(plans) > 1)
    return code, {item.analysis.study.name: item.analysis.runs for item in made}


def _look_after_look(
    console: Console,
    plans: Sequence[Plan],
    records: store.Records,
    machine: Machine,
    policy: Policy,
) -> int:
    """Compute the first look of every plan, and where it is asked for the next ones."""
    # what a look found is known when its nets have been inspected: a kill may have come before
    code = _inspect(console, plans, records, machine)
    plans = [collect.followed(plan, records) for plan in plans]
    while True:
        asked = [(plan, plan.reported) for plan in plans]
        code = max(code, _compute(console, asked, records, machine, policy))
        if code and policy.fail_fast:
            return code
        code = max(code, _inspect(console, plans, records, machine))
        further = [collect.followed(plan, records) for plan in plans]
        if [plan.looks for plan in further] == [plan.looks for plan in plans]:
            return code
        plans = further


def _compute(
    console: Console,
    asked: Sequence[tuple[Plan, Sequence[PlannedRun]]],
    records: store.Records,
    machine: Machine,
    policy: Policy,
) -> int:
    """Compute the runs that have no result yet, those of the cheapest study first."""
    distinct = {run.experiment.run_id: run for _, runs in asked for run in runs}
    found = records.read(distinct.values())
    failed = {
        run.planned.experiment.run_id
        for run in found
        if run.record is not None and run.record.status == "failed"
    }
    code = 0
    if failed and not policy.retry_failed:
        code = FAILED_RUNS
        console.print(store.stay_failed(len(failed)))
    finished = [run for run in found if store.finished(run)]
    kept = {run.planned.experiment.run_id for run in finished}
    kept |= set() if policy.retry_failed else failed
    todo = cheapest_first(
        [(plan, [run for run in runs if run.experiment.run_id not in kept]) for plan, runs in asked]
    )
    missing = [(plan, run) for plan, runs in todo for run in runs]
    if not missing:
        return code
    facts = datasets.prepare(console, missing[0][0].request.dataset, machine)
    datasets.check_same(found, facts)
    if time.monotonic() > policy.deadline:
        console.print(f"the hours are spent; {len(missing)} runs are left")
        return code
    console.print(
        f"{len(missing)} of {len(distinct)} runs to compute, {machine.side_by_side}; "
        f"records in {machine.out / 'runs'}",
        soft_wrap=True,
    )
    left, images = [run for _, run in missing], facts.fingerprint
    events = execute(left, machine, policy.deadline, finished, images)
    return max(code, _train(console, missing, events, machine, policy))


def _train(
    console: Console,
    missing: Sequence[tuple[Plan, PlannedRun]],
    events: Iterable[Event],
    machine: Machine,
    policy: Policy,
) -> int:
    """Show how the trainings fare, up to the first that fails if the policy says so."""
    expected = {run.experiment.run_id: plan.epochs(run) for plan, run in missing}
    work = {run.experiment.run_id: epoch_work(run.experiment) for _, run in missing}
    names = {run.experiment.run_id: plan.study.name for plan, run in missing}
    names, code = names if len({*names.values()}) > 1 else {}, 0
    with Progress(console, expected, machine, work, names) as show:
        for event in events:
            show(event)
            code = max(code, {"failed": FAILED_RUNS, "held": LOCKED}.get(event.kind, 0))
            if event.kind == "failed" and policy.fail_fast:
                break
    return code


def _inspect(
    console: Console, plans: Sequence[Plan], records: store.Records, machine: Machine
) -> int:
    """Measure the trained nets beyond their records where a study needs it."""
    lacking = inspection.needed((plan, records.read(plan.reported)) for plan in plans)
    here = [asked for asked in lacking if store.has_net(asked.run)]
    if len(here) < len(lacking):
        gone = len(lacking) - len(here)
        console.print(
            f"{gone} trained nets are not kept here (model.keras): what is measured of them "
            "stays open",
            soft_wrap=True,
        )
    if not here:
        return 0
    console.print(f"{len(here)} trained nets to inspect")
    return inspection.inspect(console, here, machine)


def report(
    console: Console, plans: Sequence[Plan], records: store.Records, *, index: bool
) -> list[collect.Collected]:
    """Analyse each plan's records, write its report and print its verdicts.

    Args:
        console: gets the verdicts, the checks and the places of the reports.
        plans: in the order of printing.
        records: of the folder that the reports are written to.
        index: write the page over all the reports of the folder too.

    Raises:
        OSError: a report cannot be written.
    """
    made: list[collect.Collected] = []
    for plan in plans:
        if index:
            console.rule(Text(plan.study.name))
        found = collect.collect_study(plan, records)
        folder = records.out / plan.study.name
        shown = command(plan, records.out)
        study_report.write(found.analysis, found.runs, folder, command=shown)
        _say(console, found, plan)
        console.print(f"report: {folder / 'index.html'}", soft_wrap=True)
        made.append(found)
    if index:
        known = {item.name for item in collect.studies()}
        own = [plan.study for plan in plans if plan.study.name not in known]
        path = write_index(records, own, made)
        console.print(f"index: {path}", soft_wrap=True)
    return made


def _say(console: Console, found: collect.Collected, plan: Plan) -> None:
    """Print what decides about the claim, what the reference set has, and the checks."""
    analysis = found.analysis
    for row in analysis.comparisons.to_dict("records"):
        if row["family"] != "primary":
            continue
        console.print(Text.assemble(f"{row['comparison']}: ", (row["verdict"], "bold")))
        console.print(f"  {row['reason']}")
        known = beside(analysis.study, analysis.budget, plan.request.dataset, row["comparison"])
        if known is not None:
            console.print(f"  {known.words}")
    for row in analysis.checks.to_dict("records"):
        console.print(f"check: {checks.words(row)}")
    entry = analysis.study.budgets.get(analysis.budget)
    if entry is not None and entry.exploratory and "no" in set(analysis.checks["held"]):
        console.print(f"  {checks.UNTRAINED}")


def command(plan: Plan, out: Path) -> str:
    """Return the shell command that computes exactly this report; PREPARED stands for a folder."""
    request = plan.request
    words = ["python", "-m", "ablations.run", plan.name, "--budget", request.budget]
    words += ["--dataset", request.dataset]
    if request.dataset == "imagenet":
        words += ["--data-dir", "PREPARED"]
    for name in ("seeds", "epochs"):
        if getattr(request, name) is not None:
            words += [f"--{name}", str(getattr(request, name))]
    if request.until == "decided":
        words += ["--until", "decided"]
    for path, value in request.settings.items():
        words += ["--set", f"{path}={json.dumps(value) if not isinstance(value, str) else value}"]
    return shlex.join([*words, "--out", str(out)])
