"""The table of `--plan`: every run, its state, and the time the open ones will take."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from ablations import datasets, estimate, store
from ablations.execute import Machine
from ablations.plan import PlannedRun, Request, budget, longest_first, reported_runs, search_runs
from ablations.progress import duration
from ablations.study import Study


def show_plan(
    console: Console,
    chosen: Study,
    request: Request,
    rates: Mapping[str, float],
    machine: Machine,
) -> int:
    """Print the plan; train nothing but a probe of a few seconds. Return 0.

    Args:
        rates: arm -> learning rate that a finished search has chosen.
    """
    searching = budget(chosen, request).search
    parts = (
        search_runs(chosen, request) if searching else (),
        reported_runs(chosen, request, rates),
    )
    runs = [run for part in parts for run in part]
    states = {
        run.experiment.run_id: store.state(machine.out, run.experiment.run_id) for run in runs
    }
    todo = [run for run in runs if states[run.experiment.run_id] != "done"]
    seconds = _seconds(console, chosen, request, machine, todo) if todo else {}
    console.print(_table(runs, states, seconds, frozenset(rates) if searching else None))
    order = [
        seconds[run.experiment.run_id]
        for part in parts
        for run in longest_first(chosen, [r for r in part if r in todo], request.budget)
    ]
    total = duration(estimate.makespan(order, machine.jobs))
    console.print(
        f"{len(todo)} of {len(runs)} runs to compute, {machine.jobs} side by side: about {total}",
        highlight=False,
    )
    return 0


def _seconds(
    console: Console,
    chosen: Study,
    request: Request,
    machine: Machine,
    todo: list[PlannedRun],
) -> dict[str, float]:
    """Return run id -> expected seconds, measured by a probe."""
    facts = datasets.prepare(console, request.dataset, machine)
    speed = estimate.probe(chosen, todo, machine)
    words = ", ".join(f"{arm} {rate:.0f}" for arm, rate in speed.images_per_second.items())
    console.print(
        f"probe, {machine.jobs} side by side, threads {machine.threads}: {words} images/s, "
        f"{speed.overhead:.0f} s a run for start, data and last evaluation",
        highlight=False,
        soft_wrap=True,
    )
    return {
        run.experiment.run_id: estimate.seconds(
            chosen, run, speed, request.budget, _images(run, facts)
        )
        for run in todo
    }


def _images(run: PlannedRun, facts: datasets.Facts) -> int:
    data = run.experiment.data
    return data.train_images or facts.train_images - data.validation_images


def _table(
    runs: list[PlannedRun],
    states: Mapping[str, str],
    seconds: Mapping[str, float],
    chosen_arms: frozenset[str] | None,
) -> Table:
    """Return one row a run; `chosen_arms`: arms whose rate a search has found, None: no search."""
    table = Table(box=None, pad_edge=False)
    for name in ("run", "arm", "role", "seed", "learning rate", "state", "time"):
        right = name in ("seed", "learning rate", "time")
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for run in runs:
        run_id, rate = run.experiment.run_id, f"{run.experiment.train.learning_rate:g}"
        if chosen_arms is not None and run.role == "reported" and run.arm not in chosen_arms:
            run_id, rate = "after the search", "from the search"
        took = seconds.get(run.experiment.run_id)
        state, time = states[run.experiment.run_id], "" if took is None else duration(took)
        table.add_row(run_id, run.arm, run.role, str(run.experiment.seed), rate, state, time)
    return table
