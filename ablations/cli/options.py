"""The command line of `python -m ablations.run`, read and checked before anything is computed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from ablations.plan import Request
from alexnet_tf.command_line import Parser, side_by_side
from alexnet_tf.errors import SpecError
from alexnet_tf.spec import Precision
from alexnet_tf.values import nearest, parse_setting

_PRECISIONS = list(get_args(Precision))

_DESCRIPTION = """\
Measure claims of the AlexNet paper: train every arm of a study, compare them, and write
reports/<study>/index.html. Finished runs are computed again only with --fresh, and studies share
them: the same command continues where it stopped. A study is one of --list, a file of
your own (./my_study.py; begin with `python -m ablations.new my_study`), or `all`."""

_EXAMPLES = """\
examples:
  python -m ablations.run relu_vs_tanh                      a quick run, 5 minutes on 2 cores
  python -m ablations.run lrn dropout --plan                what would run, and for how long
  python -m ablations.run lrn --probe                       the arms: size, cost, one measured step
  python -m ablations.run relu_vs_tanh --budget standard    10 seeds, all training images
  python -m ablations.run lrn --budget standard --until decided --hours 2
  python -m ablations.run all                               every study, the cheapest first
  python -m ablations.run ./my_study.py                     a study of your own
  python -m ablations.run lrn --dataset imagenet --data-dir prepared/
  python -m ablations.run relu_vs_tanh --report-only        the report again, from the records

exit codes: 0 done, 2 usage, 3 data, 4 environment or disk, 5 locked by another runner,
6 finished with failed runs, 75 stopped by SIGTERM, 130 stopped by Ctrl-C"""


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options a user typed. `request.dataset` may still be "auto".

    Attributes:
        studies: names, paths or "all", in the order typed; empty only with `list`.
        plan: show runs and times (`--plan`), as `probe` shows arms and `list` shows studies.
        report_only: write reports from the records there are; nothing is trained.
        fresh: delete the plan's records first.
        retry_failed: compute again what failed before.
        fail_fast: stop at the first run that fails.
        request: of every study.
        out: folder of records and reports.
        tensorboard: folder of TensorBoard's events; None: none are written.
        jobs: trainings side by side; None: as many as there is room for.
        gpus: GPUs to share out among them; 0: none is.
        gpus_per_run: of each of them, 1 or 2.
        cluster: address of a Ray cluster; None: this machine computes.
        states: folder or URL of unfinished states; None: the folders of the runs.
        hours: no run is started after so many; None: no limit.
    """

    studies: tuple[str, ...]
    list: bool
    plan: bool
    probe: bool
    report_only: bool
    fresh: bool
    retry_failed: bool
    fail_fast: bool
    request: Request
    asked: frozenset[str]  # names of the request's fields that stand on the command line
    out: Path
    data_dir: Path | None
    tensorboard: Path | None
    jobs: int | None
    gpus: int
    gpus_per_run: int
    cluster: str | None
    states: str | None
    threads: int
    hours: float | None


def parse(argv: Sequence[str] | None) -> Options:
    """Return the options; `--help` prints its text and ends the process.

    Args:
        argv: words of the command line; None: those of this process.

    Raises:
        SpecError: they make no sense; one line says why.
    """
    given = _parser().parse(argv)
    if not given.studies and not given.list:
        raise SpecError("name a study, or ask for --list")
    _one_of("--precision", given.precision, _PRECISIONS)
    threads = side_by_side("--threads", 1 if given.threads is None else given.threads)
    gpus = side_by_side("--gpus", given.gpus) if given.gpus else 0
    request, asked = _request(given)
    return Options(
        studies=tuple(given.studies),
        list=given.list,
        plan=given.plan,
        probe=given.probe,
        report_only=given.report_only,
        fresh=given.fresh,
        retry_failed=given.retry_failed,
        fail_fast=given.fail_fast,
        request=request,
        asked=asked,
        out=given.out,
        data_dir=given.data_dir,
        tensorboard=given.tensorboard,
        jobs=None if given.jobs is None else side_by_side("--jobs", given.jobs),
        gpus=gpus,
        gpus_per_run=given.gpus_per_run,
        cluster=given.cluster,
        states=given.states,
        threads=threads,
        hours=_hours(given.hours),
    )


def _hours(value: float | None) -> float | None:
    if value is not None and not 0 < value < float("inf"):
        raise SpecError(f"--hours must be above 0. Received: {value}")
    return value


def _request(given: argparse.Namespace) -> tuple[Request, frozenset[str]]:
    """Return the request and the names of its fields that stand on the command line."""
    settings: dict[str, Any] = dict(parse_setting(text) for text in given.set)
    if given.precision is not None:
        settings["train.precision"] = given.precision
    named = ("budget", "dataset", "seeds", "epochs", "until")
    asked = {name for name in named if getattr(given, name) is not None}
    request = Request(
        budget=given.budget or "quick",
        dataset=given.dataset or "auto",
        seeds=given.seeds,
        epochs=given.epochs,
        until=given.until or "first look",
        settings=settings,
    )
    return request, frozenset(asked | ({"settings"} if settings else set()))


def _parser() -> Parser:
    parser = Parser("ablations.run", _DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("studies", nargs="*", metavar="STUDY", help="a study's name, a file, or all")
    add("--list", action="store_true", help="name every study with its claim")
    add("--plan", action="store_true", help="show every run, its state and time; a short probe")
    add("--probe", action="store_true", help="show every arm: changes, size, one measured step")
    add("--budget", help="quick (default), standard or full")
    add(
        "--dataset",
        help="auto (default), cifar10, builtin or imagenet; auto: CIFAR-10 if prepared or "
        "downloadable, else built-in images",
    )
    add(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="tensorflow-datasets folder (default $TFDS_DATA_DIR), or prepared ImageNet images",
    )
    add(
        "--seeds",
        type=int,
        metavar="N",
        help="seeds 0 to N-1 of every arm, one look, instead of the budget's",
    )
    add("--until", metavar="decided", help="add seeds, look after look, until verdicts are reached")
    add("--hours", type=float, metavar="H", help="start no run after H hours, and report")
    add("--epochs", type=int, metavar="N", help="longest training; schedules shrink with it")
    add("--precision", help=f"{', '.join(_PRECISIONS)} (default: the study's)")
    add(
        "--set", action="append", default=[], metavar="FIELD=VALUE", help="e.g. train.batch_size=64"
    )
    add("--jobs", type=int, metavar="N", help="trainings side by side (default: cores / threads)")
    add("--gpus", type=int, metavar="N", default=0, help="train on N GPUs, each run on one")
    add("--gpus-per-run", type=int, metavar="N", default=1, help="2: a pair, for two towers")
    add("--cluster", metavar="HOST:PORT", help="train on a Ray cluster (docs/cluster.md)")
    add("--states", metavar="PLACE", help="shared folder or fsspec URL for unfinished states")
    add(
        "--threads",
        type=int,
        metavar="N",
        help="threads of one training (default 1; other numbers give other bits)",
    )
    add("--out", type=Path, default=Path("reports"), help="folder of records and reports")
    add("--report-only", action="store_true", help="rebuild the last report from its records")
    add("--retry-failed", action="store_true", help="try runs again that failed before")
    add("--fail-fast", action="store_true", help="stop at the first run that fails")
    add(
        "--fresh",
        action="store_true",
        help="delete this plan's records, including shared ones, and recompute",
    )
    add("--tensorboard", type=Path, metavar="DIR", help="write TensorBoard's events below DIR")
    return parser


def _one_of(option: str, value: str | None, known: list[str]) -> None:
    if value is not None and value not in known:
        raise SpecError(f"{option} has no '{value}'.{nearest(value, known)}")
