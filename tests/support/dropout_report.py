"""The report of the study of dropout, from made-up runs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from ablations import study
from ablations.analysis.study_analysis import Analysis, analyse
from ablations.report import study_report
from ablations.study import Study

FILES = [
    *("summary.csv", "runs.csv", "curves.csv", "comparisons.csv", "figure.svg"),
    *("figure.png", "tables.md", "tables.tex", "index.html"),
]
COMMAND = "python -m ablations.run dropout --budget standard"


def load(name: str) -> Study:
    found = study.load(name)
    assert isinstance(found, Study)
    return found


DROPOUT = load("dropout")


def write(
    folder: Path, runs: list[Any], *, of: Study = DROPOUT, budget: str = "standard"
) -> Analysis:
    analysis = analyse(of, runs, budget=budget)
    paths = study_report.write(analysis, runs, folder, command=COMMAND)
    some = [f"{name}.csv" for name in ("looks", "checks", "order") if len(getattr(analysis, name))]
    series = ["series.svg", "series.png"] if of.series else []
    expected = [*FILES[:4], *some, *FILES[4:-1], *series, FILES[-1]]
    assert paths == [folder / name for name in expected]
    return analysis


def digests(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
