"""The committed pages follow from their records."""

from __future__ import annotations

import csv
import json
import math
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


def _cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.reader(text))


def _same(one: str, other: str) -> bool:
    """Say whether two cells are equal, numbers to 1e-8.

    The last of the ten digits written is not promised between processors: an edge of
    `looks.csv`, found by quadrature, was 0.0007102174129 on Zen 5 and ...130 on Zen 3.
    """
    if one == other:
        return True
    try:
        return math.isclose(float(one), float(other), rel_tol=1e-8, abs_tol=1e-12)
    except ValueError:
        return False


def _differences(one: Path, other: Path) -> list[tuple[str, str]]:
    rows = zip(_cells(one), _cells(other), strict=True)
    pairs = [pair for row in rows for pair in zip(*row, strict=True)]
    return [pair for pair in pairs if not _same(*pair)]


@pytest.mark.parametrize(("one", "other"), [("1", "1.0000001"), ("a", "b"), ("1", ""), ("2", "x")])
def test_cells_that_differ_are_seen(one, other):
    assert not _same(one, other)


@pytest.mark.parametrize("name", TABLES, ids=str)
def test_the_committed_tables_follow_from_the_records(rebuilt, name):
    assert not _differences(rebuilt / name, REFERENCE / name)


def test_the_committed_index_has_the_findings_of_the_pages(rebuilt):
    assert not _differences(rebuilt / "findings.csv", REFERENCE / "findings.csv")
    for name in ("claims.md", "claims.tex"):
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
