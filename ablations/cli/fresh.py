"""The option `--fresh`: a plan's records are forgotten, once it is sure that it can be computed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ablations.execution import datasets, store
from ablations.execution.training import Machine
from ablations.plan import Plan
from ablations.report import collect
from alexnet_tf.errors import LOCKED, LockedError


def delete(console: Console, plans: Sequence[Plan], machine: Machine) -> int:
    """Forget every run of the plans, but those that another process computes.

    Records are shared: a run that another study has in its report is forgotten too, and the
    console names such reports. Searches are forgotten with the runs that follow from them.

    Args:
        console: gets the number of runs forgotten, and the names.
        plans: of one data set, at least one.
        machine: where the records and the data lie.

    Returns:
        0, or LOCKED where another process computes a run; its old record stays.

    Raises:
        DataError, StoppedError: the data are missing or damaged; nothing is forgotten then.
        OSError: a record cannot be deleted.
    """
    datasets.prepare(console, plans[0].request.dataset, machine)
    records = store.Records(machine.out)
    ids = dict.fromkeys(run_id for plan in plans for run_id in _planned(plan, records))
    forgotten: set[str] = set()
    code = 0
    for run_id in ids:
        if not store.folder(machine.out, run_id).is_dir():
            continue
        try:
            store.delete(machine.out, run_id)
        except LockedError as error:
            code = LOCKED
            words = f"{error}; it is not forgotten, and its old record counts"
            console.print(words)
        else:
            forgotten.add(run_id)
    runs = "run" if len(forgotten) == 1 else "runs"
    console.print(f"{len(forgotten)} {runs} forgotten")
    others = _reports_of(forgotten, machine.out, {plan.study.name for plan in plans})
    if others:
        words = "other report shows" if len(others) == 1 else "other reports show"
        console.print(
            f"{len(others)} {words} runs among them, and will lack what is not computed again: "
            f"{', '.join(others)}",
        )
    return code


def _planned(plan: Plan, records: store.Records) -> list[str]:
    """Return the runs' ids: searches, and what counts before and after them."""
    searched = plan.with_rates(collect.rates(plan, records))
    return [run.experiment.run_id for run in (*plan.runs, *searched.reported)]


def _reports_of(forgotten: set[str], out: Path, own: set[str]) -> list[str]:
    """Return the names of further reports whose table of runs holds one of these.

    A report of a user's study counts too, whose file is not known here.
    """
    names = []
    for path in sorted(out.glob("*/runs.csv")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.parent.name not in own and any(run_id in text for run_id in forgotten):
            names.append(path.parent.name)
    return names
