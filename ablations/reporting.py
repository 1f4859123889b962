"""From records to a study's report: which analysis, which page, and the verdicts in words."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console

from ablations import checks, collect, score_report, speed_report
from ablations.plan import Task
from ablations.reference import beside
from ablations.report import write_index
from ablations.score_analysis import ScoreAnalysis


def report(console: Console, task: Task, out: Path) -> pd.DataFrame:
    """Analyse a study's records, write its report, say the verdicts; return the runs' table.

    Args:
        task: the study.
        out: folder of the records; the report lies below it.

    Raises:
        OSError: the report cannot be written.
    """
    found = collect.collect_study(task.study, task.request, out)
    analysis, folder = found.analysis, out / task.study.name
    again = command(task, out)
    if isinstance(analysis, ScoreAnalysis):
        score_report.write(analysis, found.runs, folder, command=again)
    else:
        speed_report.write(analysis, found.runs, folder, command=again)
    for row in analysis.comparisons.to_dict("records"):
        if row.get("family", "primary") == "primary":
            console.print(f"{row['comparison']}: [bold]{row['verdict']}[/bold]", highlight=False)
            console.print(f"  {row['reason']}", highlight=False, markup=False)
            asked = task.request
            known = beside(task.study, asked.budget, asked.dataset, row["comparison"])
            if known is not None:
                console.print(f"  {known.words}", highlight=False, markup=False)
    if isinstance(analysis, ScoreAnalysis):
        for row in analysis.checks.to_dict("records"):
            console.print(f"check: {checks.words(row)}", highlight=False, markup=False)
    console.print(f"report: {folder / 'index.html'}", highlight=False, markup=False, soft_wrap=True)
    return analysis.runs


def index(console: Console, tasks: Sequence[Task], out: Path) -> None:
    """Write the page over all the reports under `out`, those of the tasks among them."""
    known = {item.name for item in collect.studies()}
    path = write_index(out, [task.study for task in tasks if task.study.name not in known])
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
