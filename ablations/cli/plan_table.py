"""The tables of `--plan`: every run or study, its state, and the time the open ones take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from ablations.execution import cost, datasets, store
from ablations.execution.progress import duration
from ablations.execution.training import Machine
from ablations.plan import Plan, PlannedRun, cheapest_first
from ablations.report import collect


def show_plan(
    console: Console, plans: Sequence[Plan], machine: Machine, *, retry_failed: bool
) -> int:
    """Print the plan; train nothing but a probe of a few seconds. Return 0.

    One study is shown run by run, several one row each, in the order in which they would be
    computed. The time is that of the runs that are open, `machine.jobs` side by side.

    Args:
        console: gets the tables.
        plans: on their real data set, not "auto".
        machine: where the records lie; its speeds are measured, or those kept are used.
        retry_failed: whether runs that failed before count as open.

    Raises:
        DataError, StoppedError: the data are missing or damaged, or a net cannot be trained.
    """
    records = store.Records(machine.out)
    plans = [
        collect.followed(plan.with_rates(collect.rates(plan, records)), records) for plan in plans
    ]
    distinct = {run.experiment.run_id for plan in plans for run in plan.runs}
    states = {run_id: records.state(run_id) for run_id in sorted(distinct)}
    settled = {"done"} if retry_failed else {"done", "failed"}
    todo = {
        run.experiment.run_id: (plan, run)
        for plan in plans
        for run in plan.runs
        if states[run.experiment.run_id] not in settled
    }
    seconds = _seconds(console, todo, machine) if todo else {}
    if len(plans) == 1:
        console.print(_runs(plans[0], states, seconds))
    else:
        console.print(_studies(plans, seconds))
    order = [
        seconds[run.experiment.run_id]
        for part in ("searches", "reported")
        for _, runs in cheapest_first([(plan, _open(plan, part, todo)) for plan in plans])
        for run in runs
    ]
    total = duration(cost.makespan(order, machine.jobs))
    failed = [state for state in states.values() if state == "failed"]
    if failed and not retry_failed:
        console.print(store.stay_failed(len(failed)))
    console.print(
        f"{len(todo)} of {len(distinct)} runs to compute, {machine.side_by_side}: about {total}",
    )
    if any(plan.request.until == "decided" for plan in plans):
        more = {run.experiment.run_id for plan in plans for run in plan.ceiling.reported}
        console.print(
            f"verdicts may need more: {len(more - set(distinct))} further runs at most, up to the "
            "last look",
        )
    return 0


def _open(plan: Plan, part: str, todo: Mapping[str, object]) -> list[PlannedRun]:
    runs = plan.searches if part == "searches" else plan.reported
    return [run for run in runs if run.experiment.run_id in todo]


def _seconds(
    console: Console, todo: Mapping[str, tuple[Plan, PlannedRun]], machine: Machine
) -> dict[str, float]:
    """Return run id -> expected seconds, measured by a probe now or before."""
    dataset = next(iter(todo.values()))[0].request.dataset
    with _status(console) as tell:
        tell("reading the images")
        facts = datasets.prepare(console, dataset, machine)
        chosen = cost.representatives(list(todo.values()))
        if dataset == "imagenet":
            tell(f"probe: timing steps of {len(chosen)} nets")
            measured = cost.step_speeds(chosen, machine)
            how = "single steps on random numbers, one process of this machine alone"
        else:
            measured = cost.measure(chosen, machine, tell, console.print)
            how = machine.side_by_side
    words = ", ".join(f"{speed.arm} {speed.images_per_second:.0f}" for speed in measured)
    starts = sorted({f"{speed.start:.0f}" for speed in measured}, key=float)
    console.print(
        f"measured, {how}, threads {machine.threads}: {words} images/s, "
        f"{'-'.join(starts[:: max(1, len(starts) - 1)])} s a run to start",
        soft_wrap=True,
    )
    return {
        run_id: cost.seconds(plan, run, measured, facts) for run_id, (plan, run) in todo.items()
    }


@contextmanager
def _status(console: Console) -> Iterator[Callable[[str], None]]:
    """Give a function that shows what is going on: one line that changes, or plain lines."""
    if not console.is_terminal:
        yield lambda words: console.print(words)
        return
    with console.status("") as status:
        yield status.update


def _runs(plan: Plan, states: Mapping[str, str], seconds: Mapping[str, float]) -> Table:
    """Return one row per run of a single study."""
    table = _table("run", "arm", "role", "seed", "learning rate", "state", "time")
    for run in plan.runs:
        run_id, rate = run.experiment.run_id, f"{run.experiment.train.learning_rate:g}"
        if plan.searches and run.role == "reported" and run.arm not in plan.rates:
            run_id, rate = "after the search", "from the search"
        took = seconds.get(run.experiment.run_id)
        state, time = states[run.experiment.run_id], "" if took is None else duration(took)
        table.add_row(run_id, run.arm, run.role, str(run.experiment.seed), rate, state, time)
    return table


def _studies(plans: Sequence[Plan], seconds: Mapping[str, float]) -> Table:
    """Return one row per study, in the order in which they are computed."""
    table = _table("study", "runs", "shared", "to compute", "time, one after the other")
    openly = [
        (plan, [run for run in plan.runs if run.experiment.run_id in seconds]) for plan in plans
    ]
    for plan, left in cheapest_first(openly):
        ids = {run.experiment.run_id for run in plan.runs}
        others = {
            run.experiment.run_id for other in plans if other is not plan for run in other.runs
        }
        took = sum(seconds[run.experiment.run_id] for run in left)
        shown = (len(ids), len(ids & others), len(left))
        table.add_row(plan.study.name, *map(str, shown), duration(took) if left else "")
    return table


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False)
    numbers = ("seed", "learning rate", "time", "runs", "shared", "to compute", names[-1])
    for name in names:
        table.add_column(name, justify="right" if name in numbers else "left", no_wrap=True)
    return table
