"""The committed pages follow from their records."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from reference_set import REFERENCE, ROOT

from ablations import study
from ablations.cli import command

STUDIES = [name for name in study.names() if (REFERENCE / name / "request.json").exists()]
TABLES = [path.relative_to(REFERENCE) for path in sorted(REFERENCE.glob("*/*.csv"))
          if path.parent.name in STUDIES]  # fmt: skip


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every report made again from the records, in another folder."""
    out = tmp_path_factory.mktemp("reference")
    (out / "runs").symlink_to(REFERENCE / "runs")
    for name in STUDIES:
        (out / name).mkdir()
        request = REFERENCE / name / "request.json"
        (out / name / "request.json").write_bytes(request.read_bytes())
    assert command.main(["all", "--report-only", "--out", str(out)]) == 0
    return out


def test_every_study_of_the_suite_has_its_page():
    assert study.names() == STUDIES


@pytest.mark.parametrize("name", TABLES, ids=str)
def test_the_committed_tables_follow_from_the_records(rebuilt, name):
    assert (rebuilt / name).read_bytes() == (REFERENCE / name).read_bytes()


def test_the_committed_index_has_the_findings_of_the_pages(rebuilt):
    for name in ("findings.csv", "claims.md", "claims.tex"):
        assert (rebuilt / name).read_bytes() == (REFERENCE / name).read_bytes()
    with (REFERENCE / "findings.csv").open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    assert {row["study"] for row in rows} == set(STUDIES)


def test_the_page_of_the_reference_set_has_the_claims_of_the_index():
    page = (ROOT / "docs" / "reference-set.md").read_text(encoding="utf-8")
    assert (REFERENCE / "claims.md").read_text(encoding="utf-8").strip() in page


def test_no_committed_study_is_a_quick_one():
    for path in REFERENCE.glob("*/request.json"):
        asked = json.loads(path.read_text())
        assert asked["budget"] in ("standard", "full") and not asked["settings"], path
        assert asked["dataset"] == "cifar10" and asked["until"] == "decided", path
