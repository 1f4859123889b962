"""The documents: links lead to files, commands are understood, numbers are there."""

from __future__ import annotations

import csv
import re
import shlex
from pathlib import Path

import pytest
import tiny

from ablations import study
from ablations.cli.options import parse
from ablations.report import numbers

ROOT = tiny.ROOT
REFERENCE = ROOT / "reports" / "reference"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_to_files(page: Path):
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    inside = [link for link in links if "://" not in link]
    assert not [link for link in inside if not (page.parent / link).exists()]


def test_the_index_names_every_page():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(([\w-]+\.md)\)", index)) == {
        path.name for path in (ROOT / "docs").glob("*.md") if path.name != "README.md"
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_commands_are_understood(page: Path):
    """Options and studies of every `python -m ablations.run ...`; own files are not looked for."""
    text = page.read_text(encoding="utf-8")
    for command in re.findall(r"python -m ablations\.run ([^`\n#]+)", text):
        words = [word for word in shlex.split(command) if word != "..."]
        options = parse(words)
        names = [name for name in options.studies if name != "all" and not name.endswith(".py")]
        assert set(names) <= set(study.names()), command


def test_the_rows_of_the_readme_are_findings_of_the_reference_set():
    with (REFERENCE / "findings.csv").open(encoding="utf-8", newline="") as text:
        findings = [row for row in csv.DictReader(text) if row["family"] == "primary"]
    known = set()
    for row in findings:
        ends = [float(row[key] or "nan") for key in ("estimate", "low", "high")]
        ours = f"{numbers.effect(ends[0], row['unit'])} "
        ours += f"({numbers.effect_interval(ends[1], ends[2], row['unit'])})"
        stated = numbers.stated(float(row["paper"] or "nan"), row["unit"], row["paper_is"])
        paper = "no number" if stated == numbers.UNKNOWN else stated
        known.add((paper, ours, row["verdict"], row["study"]))
    rows = re.findall(
        r"^\| [^|]+ \| ([^|]+) \| ([^|]+) \| \[([\w ]+)\]\(reports/reference/(\w+)/index",
        README,
        re.M,
    )
    assert len(rows) == 8
    for row in rows:
        plain = tuple(cell.replace(" ×", "\u202f×") for cell in row)
        assert plain in known, row


def test_the_readme_counts_what_is_decided():
    with (REFERENCE / "findings.csv").open(encoding="utf-8", newline="") as text:
        verdicts = [row["verdict"] for row in csv.DictReader(text) if row["family"] == "primary"]
    (counts,) = re.findall(
        r"Of (\d+) deciding comparisons (\d+) are\s+decided and (\d+) open", README
    )
    still = verdicts.count("open")
    assert [*map(int, counts)] == [len(verdicts), len(verdicts) - still, still]


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 120


def test_the_tests_of_the_faults_found_are_there():
    page = (ROOT / "docs" / "faults-found.md").read_text(encoding="utf-8")
    named = re.findall(r"`(test_\w+)`", page)
    files = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 20 and not [name for name in named if f"def {name}(" not in files]
    paths = re.findall(r"`([\w/]+\.py)`", page)
    assert paths and all((ROOT / "tests" / path).is_file() for path in paths)
