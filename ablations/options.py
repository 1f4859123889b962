"""The command line of `python -m ablations.run`, read and checked before anything is computed."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ablations.plan import Request
from alexnet_tf.values import SpecError, nearest, parse_setting

_DATASETS = ["auto", "cifar10", "builtin"]
_PRECISIONS = ["float32", "mixed_bfloat16"]

_DESCRIPTION = """\
Measure one claim of the AlexNet paper: train every arm of a study, compare them, and
write reports/<study>/index.html. Finished runs are never computed again: the same
command continues where it stopped."""

_EXAMPLES = """\
examples:
  python -m ablations.run relu_vs_tanh                      a first look, 5 minutes on 2 cores
  python -m ablations.run relu_vs_tanh --plan               what would run, and for how long
  python -m ablations.run relu_vs_tanh --budget standard    5 seeds, all training images
  python -m ablations.run relu_vs_tanh --report-only        the report again, from the records

exit codes: 0 done, 2 usage, 3 data, 4 environment or disk, 5 held by another runner,
6 finished with failed runs, 75 stopped by SIGTERM, 130 stopped by Ctrl-C"""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user asked for. `request.dataset` may still be "auto"."""

    study: str | None
    list: bool
    plan: bool
    report_only: bool
    fresh: bool
    request: Request
    asked: frozenset[str]  # names of the request's fields that stand on the command line
    out: Path
    data_dir: Path | None
    jobs: int
    threads: int


def parse(argv: Sequence[str] | None) -> Options:
    """Return the options; leave with one line and exit code 2 when they make no sense."""
    parser = _parser()
    given, unknown = parser.parse_known_args(argv)
    if unknown:
        flags = [flag for action in parser._actions for flag in action.option_strings]
        raise SpecError(f"no option '{unknown[0]}'.{nearest(unknown[0].split('=')[0], flags)}")
    if given.study is None and not given.list:
        raise SpecError("name a study, or ask for --list")
    _one_of("--dataset", given.dataset, _DATASETS)
    _one_of("--precision", given.precision, _PRECISIONS)
    settings: dict[str, Any] = dict(parse_setting(text) for text in given.set)
    if given.precision is not None:
        settings["train.precision"] = given.precision
    asked = {
        name
        for name in ("budget", "dataset", "seeds", "epochs")
        if getattr(given, name) is not None
    }
    threads = _at_least_one("--threads", 1 if given.threads is None else given.threads)
    jobs = max(1, _cores() // threads) if given.jobs is None else given.jobs
    return Options(
        study=given.study,
        list=given.list,
        plan=given.plan,
        report_only=given.report_only,
        fresh=given.fresh,
        request=Request(
            budget=given.budget or "quick",
            dataset=given.dataset or "auto",
            seeds=given.seeds,
            epochs=given.epochs,
            settings=settings,
        ),
        asked=frozenset(asked | ({"settings"} if settings else set())),
        out=given.out,
        data_dir=given.data_dir,
        jobs=_at_least_one("--jobs", jobs),
        threads=threads,
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SpecError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m ablations.run",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("study", nargs="?", help="name of the study")
    add("--list", action="store_true", help="name every study with its claim")
    add("--plan", action="store_true", help="show every run, its state and the time; train nothing")
    add("--budget", help="quick (default), standard or full")
    add("--dataset", help="auto (default), cifar10 or builtin; auto takes CIFAR-10 if it can")
    add("--data-dir", type=Path, help="tensorflow-datasets folder (default $TFDS_DATA_DIR)")
    add("--seeds", type=int, metavar="N", help="reported seeds 0 to N-1, instead of the budget's")
    add("--epochs", type=int, metavar="N", help="longest training, instead of the budget's")
    add("--precision", help="float32 (default) or mixed_bfloat16")
    add(
        "--set", action="append", default=[], metavar="FIELD=VALUE", help="e.g. train.batch_size=64"
    )
    add("--jobs", type=int, metavar="N", help="trainings side by side (default: cores / threads)")
    add(
        "--threads", type=int, metavar="N", help="threads of one training (default 1; changes bits)"
    )
    add("--out", type=Path, default=Path("reports"), help="folder of records and reports")
    add("--report-only", action="store_true", help="rebuild the last report from its records")
    add("--fresh", action="store_true", help="forget this plan's records and start again")
    return parser


def _one_of(option: str, value: str | None, known: list[str]) -> None:
    if value is not None and value not in known:
        raise SpecError(f"{option} has no '{value}'.{nearest(value, known)}")


def _at_least_one(option: str, value: int) -> int:
    if value < 1:
        raise SpecError(f"{option} must be at least 1. Received: {value}")
    return value


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
