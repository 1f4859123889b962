"""The command `python -m ablations.run`: its options carried out, and its exit codes."""

from __future__ import annotations

import dataclasses
import logging
import math
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ablations import study
from ablations.cli.options import Options, parse
from ablations.execution import datasets, means, store
from ablations.plan import Plan, check, check_looks, saved
from alexnet_tf import files, terminal
from alexnet_tf.errors import DataError, SpecError, exit_code, terminate

_ALL = "all"


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks and return the exit code.

    Args:
        argv: words of the command line; None: those of this process.

    Returns:
        0 done, 2 usage, 3 data, 4 environment or disk, 5 locked by another runner, 6 finished
        with failed runs, 75 stopped by SIGTERM, 130 stopped by Ctrl-C. An error is one line on
        standard error, without a traceback.
    """
    logging.basicConfig(format="%(message)s")
    signal.signal(signal.SIGTERM, terminate)
    return exit_code(
        "ablations.run",
        lambda: _main(parse(argv)),
        after_disk="What is finished stays readable.",
        interrupted="stopped; every finished epoch is saved, the same command continues",
    )


def _main(options: Options) -> int:
    started = time.monotonic()
    console = terminal.console()
    if options.list:
        return _list(console)
    plans = _plans(console, options)
    if options.report_only:
        return _rebuild(console, plans, options)
    _check(plans)
    check_looks(plans)
    machine = means.machine(
        options.out,
        jobs=options.jobs,
        threads=options.threads,
        gpus=options.gpus,
        gpus_per_run=options.gpus_per_run,
        cluster=None if options.probe else options.cluster,
        data_dir=options.data_dir,
        tensorboard=options.tensorboard,
        states=options.states,
        tell=lambda words: console.print(words, soft_wrap=True),
    )
    if options.probe:
        from ablations.cli.probe_table import show_probe

        files.check_reachable(options.out)
        return show_probe(console, plans, machine)
    files.check_writable(options.out)
    request = datasets.resolved(console, options.request, machine)
    plans = [dataclasses.replace(plan, request=request) for plan in plans]
    # pandas, SciPy and Matplotlib take a second to import; --help and --list must not wait
    if options.plan:
        from ablations.cli.plan_table import show_plan

        return show_plan(console, plans, machine, retry_failed=options.retry_failed)
    from ablations.suite import Policy, perform

    code = 0
    if options.fresh:
        from ablations.cli import fresh

        code = fresh.delete(console, plans, machine)
    policy = Policy(
        retry_failed=options.retry_failed,
        fail_fast=options.fail_fast,
        deadline=math.inf if options.hours is None else started + 3600 * options.hours,
    )
    return max(code, perform(console, plans, machine, policy)[0])


def _plans(console: Console, options: Options) -> list[Plan]:
    """Return a plan for each study that is named; its data set may still be "auto".

    Raises:
        SpecError: no such study, or two files of one name.
    """
    every = _ALL in options.studies
    named = [*(study.names() if every else ()), *(n for n in options.studies if n != _ALL)]
    request = options.request
    plans: dict[str, Plan] = {}
    left_out: list[str] = []
    for name in dict.fromkeys(named):
        chosen = study.load(name)
        if every and request.dataset == "imagenet" and not chosen.on_imagenet:
            left_out.append(name)
            continue
        twin = plans.get(chosen.name)
        if twin is not None and files.real(Path(twin.name)) != files.real(Path(name)):
            raise SpecError(
                f"{twin.name} and {name} are both called '{chosen.name}' and would share a report. "
                "Rename one, or run them into two folders with --out."
            )
        saved.check_file(options.out / chosen.name, name)
        plans[chosen.name] = Plan(name=name, study=chosen, request=request)
    if left_out:
        console.print(f"left out, not for ImageNet: {', '.join(left_out)}")
    return list(plans.values())


def _check(plans: Sequence[Plan]) -> None:
    """Check what is asked of each study, before anything is read or written.

    Raises:
        SpecError: a request that a study cannot take.
    """
    for plan in plans:
        try:
            check(plan.study, plan.request)
        except SpecError as error:
            raise SpecError(f"{plan.name}: {error}" if len(plans) > 1 else str(error)) from error


def _rebuild(console: Console, plans: Sequence[Plan], options: Options) -> int:
    """Write the reports again from their records; of several, those that have been made."""
    from ablations import suite

    files.require_folder(options.out, saved.HINT)
    folders = {plan.name: options.out / plan.study.name for plan in plans}
    made = [plan for plan in plans if len(plans) == 1 or saved.exists(folders[plan.name])]
    if not made:
        raise DataError(f"no report in {options.out} yet. Run without --report-only.")
    again = [_recalled(plan, folders[plan.name], options) for plan in made]
    suite.report(console, again, store.Records(options.out), index=len(plans) > 1)
    return 0


def _recalled(plan: Plan, folder: Path, options: Options) -> Plan:
    """Return the plan with the request of its last report, and what is asked beyond it.

    Raises:
        DataError: the request that was kept is none.
        SpecError: what is asked beyond it does not fit the study.
    """
    kept = saved.of_study(folder, plan.study)
    asked = {name: getattr(options.request, name) for name in options.asked}
    if asked.get("dataset") == "auto":
        del asked["dataset"]  # whichever it was
    plan = dataclasses.replace(plan, request=dataclasses.replace(kept, **asked))
    _check([plan])
    return plan


def _list(console: Console) -> int:
    for name in study.names():
        chosen = study.load(name)
        claims = [", ".join(chosen.claim_ids)] if chosen.claim_ids else []
        where = "; ".join([chosen.section, *claims, f"the paper: {chosen.paper_value}"])
        console.print(Text.assemble((name, "bold"), f" (section {where})\n  {chosen.claim}"))
    return 0
