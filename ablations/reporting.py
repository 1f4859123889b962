"""From records to a study's report: which analysis, which page, and the verdicts in words."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
from rich.console import Console

from ablations import store
from ablations.learning_rates import choose_learning_rates
from ablations.plan import Request, StudyRun, Task, budget, reported_runs, search_runs
from ablations.study import SpeedStudy, Study


def report(console: Console, task: Task, out: Path, rates: Mapping[str, float]) -> pd.DataFrame:
    """Analyse a study's records, write its report, say the verdicts; return the runs' table.

    Args:
        task: the study.
        out: folder of the records; the report lies below it.
        rates: arm -> learning rate that a search has found.

    Raises:
        OSError: the report cannot be written.
    """
    runs = store.read(out, reported_runs(task.study, task.request, rates))
    searched = store.read(out, search_runs(task.study, task.request))
    if task.searches or any(run.record for run in searched):
        runs += searched
    label = _label(task.request)
    analysis = _analysed(_as_run(task, label), runs, label)
    folder = out / task.study.name
    _writer(task.study).write(analysis, runs, folder, command=command(task, out))
    for row in analysis.comparisons.to_dict("records"):
        if row.get("family", "primary") == "primary":
            console.print(f"{row['comparison']}: [bold]{row['verdict']}[/bold]", highlight=False)
            console.print(f"  {row['reason']}", highlight=False, markup=False)
    console.print(f"report: {folder / 'index.html'}", highlight=False, markup=False, soft_wrap=True)
    return analysis.runs


def rates(task: Task, out: Path) -> Mapping[str, float]:
    """Return arm -> learning rate where the budget searches and the search is complete."""
    if not isinstance(task.study, SpeedStudy) or not task.searches:
        return {}
    return choose_learning_rates(task.study, store.read(out, task.searches))


def index(console: Console, out: Path) -> None:
    """Write the page over all the reports under `out`."""
    path = importlib.import_module("ablations.report").write_index(out)
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


def _analysed(study: Study, runs: Sequence[StudyRun], label: str) -> Any:
    if isinstance(study, SpeedStudy):
        from ablations.analysis import analyse

        return analyse(study, runs, budget=label)
    return importlib.import_module("ablations.score_analysis").analyse_scores(
        study, runs, budget=label
    )


def _writer(study: Study) -> ModuleType:
    """Return the module that writes reports of this kind of study."""
    kind = "speed_report" if isinstance(study, SpeedStudy) else "score_report"
    if kind == "speed_report" and importlib.util.find_spec("ablations.speed_report") is None:
        kind = "report"
    return importlib.import_module(f"ablations.{kind}")


def _as_run(task: Task, label: str) -> Study:
    """Return the study with the arms and the budgets of the request's data set."""
    study, request = task.study, task.request
    if request.dataset == "imagenet":
        budgets = study.imagenet_budgets
        study = dataclasses.replace(study, arms=study.on_imagenet, budgets=budgets)
    if label != request.budget:
        changed = dataclasses.replace(budget(task.study, request), exploratory=True)
        study = dataclasses.replace(study, budgets={**study.budgets, label: changed})
    return study


def _label(request: Request) -> str:
    """Return the budget's name, with what was changed in it by hand: that carries no verdict."""
    changes = [f"{path}={value}" for path, value in request.settings.items()]
    changes = [text for text in changes if not text.startswith("train.precision=")]
    if request.epochs is not None:
        changes.append(f"epochs={request.epochs}")
    return f"{request.budget}, changed by hand: {', '.join(changes)}" if changes else request.budget
