"""Run a study from the command line: plan, run, records, analysis, report.

python -m ablations.run relu_vs_tanh
"""

from __future__ import annotations

import dataclasses
import json
import logging
import shlex
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from ablations import datasets, store, study
from ablations.execute import Machine, StoppedError, execute
from ablations.options import Options, parse
from ablations.plan import (
    PlannedRun,
    Request,
    budget,
    check,
    expected_epochs,
    longest_first,
    reported_runs,
    search_runs,
)
from ablations.progress import Progress
from ablations.show_plan import show_plan
from ablations.study import SpeedStudy, Study
from alexnet_tf import files
from alexnet_tf.data.images import DataError
from alexnet_tf.values import SpecError

_REQUEST = "request.json"

EXIT_USAGE, EXIT_DATA, EXIT_ENVIRONMENT, EXIT_HELD, EXIT_FAILED_RUNS = 2, 3, 4, 5, 6


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks and return the exit code."""
    logging.basicConfig(format="%(message)s")
    signal.signal(signal.SIGTERM, _terminate)
    try:
        return _main(parse(argv))
    except SpecError as error:
        return _fail(EXIT_USAGE, error)
    except DataError as error:
        return _fail(EXIT_DATA, error)
    except StoppedError as error:
        return _fail(error.code, error)
    except OSError as error:
        where, why = error.filename or "the output folder", error.strerror or error
        return _fail(EXIT_ENVIRONMENT, f"{where}: {why}. What is finished stays readable.")
    except KeyboardInterrupt as stop:
        _fail(0, "stopped; every finished epoch is saved, the same command continues")
        return stop.args[0] if stop.args else 130


def _main(options: Options) -> int:
    console = Console(soft_wrap=not sys.stdout.isatty())
    if options.list:
        return _list(console)
    chosen = study.load(options.study or "")
    # a wrong setting is found here, before anything is read or written
    check(chosen, dataclasses.replace(options.request, dataset="builtin"))
    folder = options.out / chosen.name
    if options.report_only:
        request = _remembered(folder, options)
        return _report(console, chosen, request, options, _rates(chosen, request, options.out))
    files.check_writable(options.out)
    machine = Machine(
        out=options.out,
        cache=store.cache(options.out),
        jobs=options.jobs,
        threads=options.threads,
        data_dir=options.data_dir,
    )
    name = datasets.resolve(console, options.request.dataset, machine)
    request = dataclasses.replace(options.request, dataset=name)
    if options.plan:
        return show_plan(console, chosen, request, _rates(chosen, request, options.out), machine)
    if options.fresh:
        store.forget(options.out, [*search_runs(chosen, request)] * budget(chosen, request).search)
        store.forget(options.out, reported_runs(chosen, request, {}))
    code, rates = 0, {}
    if budget(chosen, request).search:
        code = _compute(console, chosen, request, machine, search_runs(chosen, request))
        rates = _rates(chosen, request, options.out)
    if code == 0:
        code = _compute(console, chosen, request, machine, reported_runs(chosen, request, rates))
    _remember(folder, request)
    _report(console, chosen, request, options, rates)
    return code


def _compute(
    console: Console,
    chosen: Study,
    request: Request,
    machine: Machine,
    runs: Sequence[PlannedRun],
) -> int:
    """Compute the runs that have no result yet; return 0, EXIT_HELD or EXIT_FAILED_RUNS."""
    found = store.read(machine.out, runs)
    todo = [run.planned for run in found if not store.finished(run)]
    if not todo:
        return 0
    facts = datasets.prepare(console, request.dataset, machine)
    datasets.check_same(found, facts)
    console.print(
        f"{len(todo)} of {len(runs)} runs to compute, {machine.jobs} side by side; "
        f"records in {machine.out / 'runs'}",
        highlight=False,
        soft_wrap=True,
    )
    expected = {r.experiment.run_id: expected_epochs(chosen, r, request.budget) for r in todo}
    code = 0
    with Progress(console, expected, machine.jobs) as show:
        for event in execute(longest_first(chosen, todo, request.budget), machine):
            show(event)
            code = max(code, {"failed": EXIT_FAILED_RUNS, "held": EXIT_HELD}.get(event.kind, 0))
    return code


def _report(
    console: Console,
    chosen: Study,
    request: Request,
    options: Options,
    rates: Mapping[str, float],
) -> int:
    """Analyse the records, write the report and say the verdicts."""
    if not isinstance(chosen, SpeedStudy):
        raise NotImplementedError(chosen.name)
    # pandas, SciPy and Matplotlib take a second to import; --help and --list must not wait for them
    from ablations import speed_report as report
    from ablations.analysis import analyse

    runs = store.read(options.out, reported_runs(chosen, request, rates))
    searched = store.read(options.out, search_runs(chosen, request))
    if budget(chosen, request).search or any(run.record for run in searched):
        runs += searched
    label = _label(request)
    if label != request.budget:
        changed = dataclasses.replace(budget(chosen, request), exploratory=True)
        chosen = dataclasses.replace(chosen, budgets={**chosen.budgets, label: changed})
    analysis = analyse(chosen, runs, budget=label)
    folder = options.out / chosen.name
    report.write(analysis, runs, folder, command=_command(chosen, request, options))
    for row in analysis.comparisons.to_dict("records"):
        console.print(f"{row['comparison']}: [bold]{row['verdict']}[/bold]", highlight=False)
        console.print(f"  {row['reason']}", highlight=False, markup=False)
    console.print(f"report: {folder / 'index.html'}", highlight=False, markup=False, soft_wrap=True)
    return 0


def _rates(chosen: Study, request: Request, out: Path) -> Mapping[str, float]:
    """Return arm -> learning rate where the budget searches and the search is complete."""
    if not budget(chosen, request).search or not isinstance(chosen, SpeedStudy):
        return {}
    # pandas and SciPy take a second to import; --help and --list must not wait for them
    from ablations.learning_rates import choose_learning_rates

    return choose_learning_rates(chosen, store.read(out, search_runs(chosen, request)))


def _list(console: Console) -> int:
    for name in study.names():
        chosen = study.load(name)
        claims = ", ".join(chosen.claim_ids)
        where = f"section {chosen.section}; {claims}; the paper: {chosen.paper_value}"
        console.print(f"[bold]{name}[/bold] ({where})\n  {chosen.claim}", highlight=False)
    return 0


def _remember(folder: Path, request: Request) -> None:
    """Keep what was asked, so that --report-only rebuilds the same report."""
    text = json.dumps(dataclasses.asdict(request), indent=1, sort_keys=True) + "\n"
    files.write_atomic(folder / _REQUEST, text.encode())


def _remembered(folder: Path, options: Options) -> Request:
    """Return the request of the last report, changed by what stands on the command line.

    Raises:
        DataError: there is no report yet, or its request cannot be read.
    """
    path = folder / _REQUEST
    asked = {name: getattr(options.request, name) for name in options.asked}
    try:
        stored = Request(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise DataError(
            f"no report in {folder} yet. Run the study without --report-only."
        ) from None
    except (ValueError, TypeError) as error:
        raise DataError(f"{path} cannot be read: {error}. Run the study again.") from error
    return dataclasses.replace(stored, **asked)


def _label(request: Request) -> str:
    """Return the budget's name, with what was changed in it by hand: that carries no verdict."""
    changes = [f"{path}={value}" for path, value in request.settings.items()]
    changes = [text for text in changes if not text.startswith("train.precision=")]
    if request.epochs is not None:
        changes.append(f"epochs={request.epochs}")
    return f"{request.budget}, changed by hand: {', '.join(changes)}" if changes else request.budget


def _command(chosen: Study, request: Request, options: Options) -> str:
    """Return the command that computes exactly this report."""
    words = ["python", "-m", "ablations.run", chosen.name, "--budget", request.budget]
    words += ["--dataset", request.dataset]
    for name in ("seeds", "epochs"):
        if getattr(request, name) is not None:
            words += [f"--{name}", str(getattr(request, name))]
    for path, value in request.settings.items():
        words += ["--set", f"{path}={json.dumps(value) if not isinstance(value, str) else value}"]
    return shlex.join([*words, "--out", str(options.out)])


def _terminate(number: int, frame: object) -> None:
    raise KeyboardInterrupt(75)


def _fail(code: int, error: object) -> int:
    print(f"ablations.run: {error}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
