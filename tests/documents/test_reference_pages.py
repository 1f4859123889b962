"""The committed pages follow from their records."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from reference_set import REFERENCE, ROOT, STUDIES, score, table

from ablations import study
from ablations.cli import command
from ablations.execution.store import Records
from ablations.plan import Request, reported_runs
from ablations.report.index_page import write_index

STANDARD = Request(budget="standard", dataset="cifar10")

#: Studies whose runs are those of their page.
UNCHANGED = [
    name
    for name in STUDIES
    if {run.experiment.run_id for run in reported_runs(study.load(name), STANDARD, {})}
    == {row["run_id"] for row in table(name, "runs.csv")}
]


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of unchanged studies made again from the records, in another folder."""
    out = tmp_path_factory.mktemp("reference")
    (out / "runs").symlink_to(REFERENCE / "runs")
    for name in UNCHANGED:
        (out / name).mkdir()
        request = REFERENCE / name / "request.json"
        (out / name / "request.json").write_bytes(request.read_bytes())
        assert command.main([name, "--report-only", "--out", str(out)]) == 0
    write_index(Records(out))
    return out


def test_the_local_nets_are_unchanged():
    assert UNCHANGED == ["lrn_cifar"]


@pytest.mark.parametrize("name", UNCHANGED)
def test_the_committed_tables_follow_from_the_records(rebuilt, name):
    files = ["summary.csv", "comparisons.csv", "runs.csv", "curves.csv"]
    for file in [*files, *(["order.csv"] if score(name).order else [])]:
        assert (rebuilt / name / file).read_bytes() == (REFERENCE / name / file).read_bytes(), file


def test_the_committed_index_has_the_findings_of_the_pages(rebuilt):
    with (REFERENCE / "findings.csv").open(encoding="utf-8", newline="") as text:
        committed = list(csv.DictReader(text))
    with (rebuilt / "findings.csv").open(encoding="utf-8", newline="") as text:
        made = [
            row for row in csv.DictReader(text) if row["study"] in UNCHANGED and row["n"] != "0"
        ]
    assert made and all(row in committed for row in made)
    for row in committed:
        if row["study"] in STUDIES:
            rows = table(row["study"], "comparisons.csv")
            (found,) = [one for one in rows if one["comparison"] == row["comparison"]]
            assert [found[key] for key in ("estimate", "low", "high", "n", "verdict")] == [
                row[key] for key in ("estimate", "low", "high", "n", "verdict")
            ]


def test_the_page_of_the_reference_set_has_the_claims_of_the_index():
    page = (ROOT / "docs" / "reference-set.md").read_text(encoding="utf-8")
    assert (REFERENCE / "claims.md").read_text(encoding="utf-8").strip() in page


def test_no_committed_study_is_a_quick_one():
    for path in REFERENCE.glob("*/request.json"):
        asked = json.loads(path.read_text())
        assert asked["budget"] in ("standard", "full") and not asked["settings"], path
        assert asked["dataset"] == "cifar10", path
