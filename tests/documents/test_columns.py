"""docs/columns.md names every column of every table, and none that is not there."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import made_baselines
import pytest
import tiny

from ablations.analysis import study_analysis
from ablations.analysis.findings import Finding
from ablations.analysis.simulated import Result as Simulated
from ablations.baselines.results import row
from ablations.report.reference import Reference
from alexnet_tf.benchmark.results import Result, to_csv
from alexnet_tf.benchmark.rows import Row


def header(path: Path) -> list[str]:
    """Names of the columns of a committed table."""
    return path.read_text(encoding="utf-8").splitlines()[0].split(",")


PAGE = (tiny.ROOT / "docs" / "columns.md").read_text(encoding="utf-8")
BENCHMARK = to_csv([Result(row=Row(kind="train", library="torch"))])
WRITTEN = {
    **{
        f"{name}.csv": set(study_analysis.COLUMNS[name].split())
        for name in (
            *("runs", "curves", "summary", "comparisons"),
            *("looks", "order", "checks", "changes"),
        )
    },
    "findings.csv": {field.name for field in dataclasses.fields(Finding)},
    "simulations.csv": {*(field.name for field in dataclasses.fields(Simulated)), "kept"},
    "benchmark.csv": set(BENCHMARK.splitlines()[0].split(",")),
    "baselines.csv": set(row(made_baselines.record())),
    "reference.csv": {field.name for field in dataclasses.fields(Reference)},
    **{path.name: set(header(path)) for path in (tiny.ROOT / "docs" / "base-net").glob("*.csv")},
}


def described(name: str) -> set[str]:
    """First cells of the table under the heading that names the file."""
    heading = rf"^##+ [^\n]*\b{re.escape(name)}[^\n]*\n"
    (section,) = re.findall(rf"{heading}(.*?)(?=^##|\Z)", PAGE, re.M | re.S)
    rows = re.findall(r"^\| ([a-z_0-9, ]+) \|", section, re.M)
    return {column.strip() for row in rows if row != "column" for column in row.split(",")}


@pytest.mark.parametrize("name", WRITTEN)
def test_every_column_is_described_and_no_other(name):
    assert described(name) == WRITTEN[name]


def test_every_file_of_the_page_is_known():
    assert set(re.findall(r"^##+ [^\n]*?\b(\w+\.csv)", PAGE, re.M)) == set(WRITTEN)
