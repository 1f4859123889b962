"""A report of a study of times: bytes and words, whatever its texts are."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import fake_runs
import numpy as np
import pandas as pd
import pytest
from pagechecks import PAYLOADS, Page, browse, check, needs_browser
from times_report import COMMAND, FILES, digests, make_runs, write

from ablations.analysis.study_analysis import Analysis
from ablations.report import html, study_report
from ablations.report.figures import drawing, times_figure
from ablations.studies.relu_vs_tanh import STUDY


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Analysis]:
    """The report of five complete seeds."""
    folder = tmp_path_factory.mktemp("usual") / "not" / "there yet"
    return folder, write(folder, make_runs(5))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, Page, Path]:
    """Two pages that differ only in texts: harmless words, and every payload everywhere."""
    pages = []
    for texts in ([f"word {index}" for index in range(len(PAYLOADS))], PAYLOADS):
        folder = tmp_path_factory.mktemp("texts")
        changes = {("relu", seed): fake_runs.with_texts(text) for seed, text in enumerate(texts)}
        study = dataclasses.replace(
            STUDY,
            title=texts[1],
            claim=" ".join(texts),
            limits=texts[2],
            labels=dict(zip(STUDY.arms, (texts[0], texts[9], texts[24], texts[25]), strict=True)),
        )
        runs = [run for run in make_runs(len(texts), changes) if run.planned.arm == "relu"]
        write(folder, runs, study=study)
        pages.append(Page(folder / "index.html"))
    return pages[0], pages[1], folder


def test_texts_add_no_element_and_no_attribute(hostile: tuple[Page, Page, Path]) -> None:
    harmless, page, _ = hostile
    assert page.outline == harmless.outline
    for payload in PAYLOADS:
        assert drawing.clean(payload).replace("\n", " ") in page.text


def test_texts_leave_the_svg_well_formed(hostile: tuple[Page, Page, Path]) -> None:
    text = (hostile[2] / "figure.svg").read_text(encoding="utf-8")
    assert "<script" not in text and "onmouseover=" not in text
    assert text.count("<svg") == 1 and text.rstrip().endswith("</svg>")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_a_spreadsheet_runs_no_text(start: str) -> None:
    table = pd.DataFrame({"reason": [f"{start}1+1", "a=1"], "value": [-1.5, 0.1 + 0.2]})
    rows = list(csv.reader(io.StringIO(html.csv_table(table, ()).decode(), newline="")))
    assert rows == [
        ["reason", "value"],
        ["'" + start.replace("\r", "\n") + "1+1", "-1.5"],
        ["a=1", "0.3"],
    ]


@pytest.mark.parametrize("settings", [("C", "Asia/Tokyo", "1"), ("tr_TR.UTF-8", "UTC", "77")])
def test_bytes_depend_on_the_records_alone(
    settings: tuple[str, str, str], usual: tuple[Path, Analysis], tmp_path: Path
) -> None:
    names = ("LC_ALL", "TZ", "PYTHONHASHSEED")
    code = f"""
import json, locale, sys
try:
    locale.setlocale(locale.LC_ALL, "")
except locale.Error:
    pass
sys.path[:0] = [{str(Path(fake_runs.__file__).parent)!r}]
from times_report import Path, digests, make_runs, write
folder = Path({str(tmp_path)!r})
write(folder, make_runs(5))
print(json.dumps(digests(folder)), "tensorflow" in sys.modules)
"""
    environment = {**os.environ, **dict(zip(names, settings, strict=True))}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == f"{json.dumps(digests(usual[0]))} False"


def test_page_is_self_contained(usual: tuple[Path, Analysis]) -> None:
    path = usual[0] / "index.html"
    page = Page(path)
    assert path.stat().st_size < 2_000_000
    assert "http://" not in path.read_text("utf-8") and "https://" not in path.read_text("utf-8")
    assert not {"link", "img", "iframe"} & {tag for tag, _ in page.elements}
    values = [pair for _, attributes in page.elements for pair in attributes.items()]
    links = [value for name, value in values if name in ("href", "src")]
    assert {link for link in links if not link.startswith("#")} == set(FILES) - {"index.html"}
    policies = [value for name, value in values if value.startswith("default-src")]
    (policy,) = policies
    start = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-"
    assert policy.startswith(start) and policy.count("sha256-") == 1


def test_headings_and_tables_are_in_order(usual: tuple[Path, Analysis]) -> None:
    tags = [tag for tag, _ in Page(usual[0] / "index.html").elements]
    levels = [int(tag[1]) for tag in tags if tag in ("h1", "h2", "h3")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
    assert tags.count("table") == tags.count("caption") > 5


def test_page_shows_the_numbers_of_the_tables(usual: tuple[Path, Analysis]) -> None:
    folder, analysis = usual
    page = Page(folder / "index.html")
    words = page.words
    for row in analysis.summary.to_dict("records"):
        interval = f"{row['ci_low']:.2f} to {row['ci_high']:.2f}"
        assert f"{row['mean']:.2f} epochs{interval}|" in page.cells
    for row in analysis.comparisons.to_dict("records"):
        assert f"{row['estimate']:.2f}" in words and row["reason"].replace("\u202f", " ") in words
    for row in analysis.changes.to_dict("records"):
        assert f"{row['difference']:.2f}" in words
    for run_id in analysis.runs["run_id"]:
        assert f"--spec runs/{run_id}/spec.json --out rerun" in words
    assert COMMAND in words


def test_the_page_serves_every_reader(usual: tuple[Path, Analysis]) -> None:
    check(usual[0] / "index.html", size=2_000_000)


@needs_browser
def test_an_arm_can_be_hidden_and_nothing_is_reported(
    usual: tuple[Path, Analysis], tmp_path: Path
) -> None:
    script = """
    const entry = document.querySelectorAll('[data-drawing="wide"] .entry')[1];
    entry.dispatchEvent(new MouseEvent('click'));
    const hidden = [...document.querySelectorAll('[data-drawing="wide"] [id*="-arm-"]')];
    const off = hidden.filter((one) => one.style.display === 'none');
    const arms = new Set(off.map((one) => one.id.slice(0, 19)));
    document.title = [hidden.length > off.length, ...arms];
    """
    document, console = browse(usual[0] / "index.html", tmp_path, script=script)
    assert not console and "<title>true,wide-panel-0-arm-1-</title>" in document


def test_csv_holds_the_tables(usual: tuple[Path, Analysis]) -> None:
    folder, analysis = usual
    for name in ("summary", "runs", "curves", "comparisons"):
        rows, table = read_csv(folder / f"{name}.csv"), getattr(analysis, name)
        assert len(rows) == len(table) and set(rows[0]) == set(table.columns)
        first = study_report.PUBLIC_COLUMNS.get(name, "").split()
        assert list(rows[0])[: len(first)] == first
    means = [float(row["mean"]) for row in read_csv(folder / "summary.csv")]
    assert means == pytest.approx(list(analysis.summary["mean"]), rel=1e-9)


def test_mean_line_meets_the_threshold_at_the_mean_time(usual: tuple[Path, Analysis]) -> None:
    analysis = usual[1]
    for arm, mean in zip(analysis.summary["arm"], analysis.summary["mean"], strict=True):
        runs = analysis.runs.loc[analysis.runs["arm"] == arm, "run_id"]
        seeds = [analysis.curves.loc[analysis.curves["run_id"] == run] for run in runs]
        threshold = np.array([100 * (STUDY.threshold or 0)])
        times = [times_figure._first_epoch(seed, threshold)[0] for seed in seeds]
        assert sum(times) / len(times) == pytest.approx(mean)
