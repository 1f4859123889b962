"""The function `ablations.run`: a study from Python, the table of its runs in return.

>>> import contextlib, io, tempfile
>>> few = {"data.train_images": 100, "data.validation_images": 10, "data.test_images": 10}
>>> with tempfile.TemporaryDirectory() as out, contextlib.redirect_stdout(io.StringIO()):
...     small = {**few, "train.epochs": 1}
...     runs = run("ten_views", dataset="builtin", seeds=1, out=out, settings=small)
>>> runs[["arm", "seed", "status", "epochs_done"]].values.tolist()
[['paper', 0, 'done', 1]]
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablations.execution import datasets, means
from ablations.plan import Plan, Request, Until, check, check_looks, saved
from ablations.study import Study, load
from alexnet_tf import files, terminal

if TYPE_CHECKING:
    import pandas as pd


def run(
    study: str | Path | Study,
    *,
    seeds: int | None = None,
    budget: str = "quick",
    until: Until = "first look",
    hours: float | None = None,
    dataset: str = "auto",
    out: str | Path = "reports",
    jobs: int | None = None,
    threads: int = 1,
    gpus: int = 0,
    cluster: str | None = None,
    states: str | None = None,
    data_dir: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Train what the study lacks, write its report to `out`, and return one row per run.

    Finished runs are never computed again; one that fails has a reason. The columns are those of
    `ablations.analysis.study_analysis.Analysis.runs`: errors in percent, NaN where not measured.

    Args:
        study: the name of one of the suite, a file with a STUDY, or a study itself.
        seeds: reported seeds 0 to seeds - 1; None: the budget's.
        budget: "quick", "standard" or "full".
        until: "decided" adds seeds, look after look, until its claim is decided.
        hours: no run is started after so many.
        dataset: "auto", "cifar10", "builtin" or "imagenet".
        out: folder of records and reports.
        jobs: trainings side by side; None: as many as the GPUs, or without any the cores, take.
        threads: threads of one training; another number changes the weights' last bits.
        gpus: how many GPUs to train on, each run on one; 0: all see what this process sees.
        cluster: address of a Ray cluster that trains instead of this machine.
        states: folder or fsspec URL for the states of unfinished runs; None: below `out`.
        data_dir: where the data set lies.
        settings: spec fields, dotted path to value, set in every run.

    Raises:
        SpecError: no such study, budget, data set or field, a number below 1, another file's report
            of the study's name in `out`.
        DataError, StoppedError: the data are missing or damaged. DeviceError: there is no cluster.
        OSError: `out` cannot be written.
    """
    deadline = math.inf if hours is None else time.monotonic() + 3600 * hours
    from ablations.suite import Policy, perform  # pandas and SciPy take a second to import

    chosen = study if isinstance(study, Study) else load(str(study))
    request = Request(
        budget=budget, dataset=dataset, seeds=seeds, until=until, settings=dict(settings or {})
    )
    plan = _checked(chosen.name if study is chosen else str(study), chosen, request, Path(out))
    console, data = terminal.console(), None if data_dir is None else Path(data_dir)
    places: Any = {"data_dir": data, "states": states, "cluster": cluster, "tell": console.print}
    machine = means.machine(Path(out), jobs=jobs, threads=threads, gpus=gpus, **places)
    files.check_writable(machine.out)
    plan = replace(plan, request=datasets.resolved(console, request, machine))
    _, tables = perform(console, [plan], machine, Policy(deadline=deadline))
    return tables[chosen.name]


def _checked(name: str, study: Study, request: Request, out: Path) -> Plan:
    """Return the plan of a request that the study and the folder can take."""
    plan = Plan(name=name, study=study, request=request)
    check(plan.study, plan.request)
    check_looks([plan])
    saved.check_file(out / study.name, name)
    return plan
