"""The committed reference set."""

from __future__ import annotations

import csv
from typing import Any

import pytest
import tiny

from ablations import study
from ablations.study import Study

ROOT = tiny.ROOT
REFERENCE = ROOT / "reports" / "reference"


def table(name: str, file: str) -> list[dict[str, str]]:
    with (REFERENCE / name / file).open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


STUDIES = [
    name
    for name in study.names()
    if study.load(name).outcome is None and (REFERENCE / name / "request.json").exists()
]


def score(name: str) -> Study:
    return study.load(name)


def rows(noise: str) -> list[Any]:
    found = [(name, row) for name in STUDIES for row in table(name, "comparisons.csv")]
    return [
        pytest.param(name, row, id=f"{name}-{row['comparison']}")
        for name, row in found
        if row["noise"] == noise
    ]
