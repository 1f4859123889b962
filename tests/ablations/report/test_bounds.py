"""An effect of which only a bound is known is called one wherever the index shows it."""

from __future__ import annotations

import csv
import dataclasses
import re
from pathlib import Path

from made_up_times import RELU, STUDY, study_runs
from pagechecks import Page
from small_suite import collected

from ablations.analysis.findings import findings
from ablations.report import headline, index_page


def test_a_bound_is_called_one_in_the_table_the_picture_and_the_files(tmp_path: Path) -> None:
    made = collected(STUDY, study_runs(RELU, [None] * len(RELU)))
    index_page.write([made], [], tmp_path)
    (found,) = findings(made.analysis)
    words = f"≥ {found.estimate:.2f} ×"
    page = Page(tmp_path / "index.html")
    assert f"6 ×|{words}" in page.cells.replace("\u202f", " ")
    text = (tmp_path / "index.html").read_text("utf-8").replace("\u202f", " ")
    drawn = re.findall(r"<g [^>]*><title>([^<]*)", text)
    assert len(drawn) == 2 and all(words in title for title in drawn)  # wide, and of a phone
    assert words in (tmp_path / "claims.md").read_text("utf-8").replace("\u202f", " ")
    with (tmp_path / "findings.csv").open(encoding="utf-8", newline="") as file:
        assert [row["bound"] for row in csv.DictReader(file)] == ["at least"]
    settled = dataclasses.replace(found, verdict="agrees", exploratory=False)
    said = headline.paragraphs([settled], {(found.study, found.comparison): "A"}, {})
    assert f"{words} in “A”" in said[1].replace("\u202f", " ")
