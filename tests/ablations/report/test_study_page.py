"""The report of a study of scores: its files and its numbers."""

from __future__ import annotations

import base64
import csv
import dataclasses
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import fake_runs
import pytest
import scores
from dropout_report import COMMAND, DROPOUT, FILES, digests, load, write
from pagechecks import Page, check

from ablations import study
from ablations.analysis.study_analysis import Analysis
from ablations.report import numbers, study_report
from ablations.report.figures import effects_figure

SCORE_STUDIES = [name for name in study.names() if study.load(name).outcome is None]


def test_the_page_is_whole_and_asks_for_nothing(usual: tuple[Path, Analysis]) -> None:
    page = check(usual[0] / "index.html", size=2_000_000)
    links = {a["href"] for a in page.all("a")}
    assert {link for link in links if not link.startswith("#")} == {
        *FILES,
        "checks.csv",
        "looks.csv",
    } - {"index.html"}
    policy = next(
        a["content"] for a in page.all("meta") if "content" in a and "src" in a["content"]
    )
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert "script-src 'sha256-" in policy and "unsafe-eval" not in policy


def test_the_policy_names_the_script_that_is_there(usual: tuple[Path, Analysis]) -> None:
    page = Page(usual[0] / "index.html")
    data, script = page.scripts
    policy = next(a["content"] for a in page.all("meta") if "sha256" in a.get("content", ""))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.endswith(f"script-src 'sha256-{digest}'")
    assert json.loads(data)["arms"] == list(DROPOUT.labels.values())


def test_the_page_shows_the_numbers_of_the_tables(usual: tuple[Path, Analysis]) -> None:
    folder, analysis = usual
    page = Page(folder / "index.html")
    words = page.words.replace("\u202f", " ")
    for row in analysis.comparisons.to_dict("records"):
        minus = "" if row["unit"] == "x" else "+"
        estimate = f"{row['estimate']:{minus},.2f}".replace("-", "\u2212")
        unit = "×" if row["unit"] == "x" else row["unit"]
        assert f"{estimate} {unit}" in words
        assert row["reason"].replace("\u202f", " ") in words and row["verdict"] in words
        assert f"|{numbers.p_value(row['permutation_p'])}|" in page.cells
    for row in analysis.changes.to_dict("records"):
        assert f"{row['baseline_value']:,.2f}|{row['variant_value']:,.2f}|" in page.cells
    for row in analysis.summary.to_dict("records"):
        assert (
            f"{row['mean']:.2f} {row['unit']}{row['ci_low']:.2f} to {row['ci_high']:.2f}" in words
        )
    for run_id in analysis.runs["run_id"]:
        assert f"--spec runs/{run_id}/spec.json --out rerun" in words
    assert (
        COMMAND in words
        and DROPOUT.limits in words
        and DROPOUT.scale_limits in words
        and "665,226" in words
    )
    assert '2 × ("roughly doubles", data set not named)' in words


def test_the_csv_files_hold_the_tables(usual: tuple[Path, Analysis]) -> None:
    folder, analysis = usual
    for name in ("summary", "runs", "curves", "comparisons"):
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        table = getattr(analysis, name)
        assert len(rows) == len(table) and set(rows[0]) == set(table.columns)
        first = study_report.PUBLIC_COLUMNS.get(name, "").split()
        assert list(rows[0])[: len(first)] == first


@pytest.mark.parametrize("settings", [("tr_TR.UTF-8", "Asia/Tokyo", "77")])
def test_bytes_depend_on_the_records_alone(
    settings: tuple[str, str, str], usual: tuple[Path, Analysis], tmp_path: Path
) -> None:
    code = f"""
import json, sys
sys.path[:0] = [{str(Path(fake_runs.__file__).parent)!r}]
from dropout_report import DROPOUT, Path, digests, write
import scores
folder = Path({str(tmp_path)!r})
write(folder, scores.make_runs(DROPOUT))
print(json.dumps(digests(folder)), "tensorflow" in sys.modules)
"""
    names = ("LC_ALL", "TZ", "PYTHONHASHSEED")
    environment = {**os.environ, **dict(zip(names, settings, strict=True))}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == f"{json.dumps(digests(usual[0]))} False"


@pytest.mark.parametrize(
    ("name", "seeds"),
    [*((name, 1) for name in SCORE_STUDIES), ("dropout", 0), ("ensemble", 0), ("lrn_cifar", 2)],
)
def test_every_study_has_a_page_however_little_was_run(
    name: str, seeds: int, tmp_path: Path
) -> None:
    of = load(name)
    write(tmp_path, scores.make_runs(of, seeds), of=of, budget="quick")
    page = check(tmp_path / "index.html", size=2_000_000)
    assert "nan" not in re.split(r"\W+", page.words.lower())
    assert of.claim in page.words and "Exploratory: quick budget" in page.words


def test_an_order_is_on_the_page_and_in_no_forest(tmp_path: Path) -> None:
    given = load("importance_order")
    analysis = write(tmp_path, scores.make_runs(given), of=given)
    row = analysis.comparisons.iloc[-1]
    page = check(tmp_path / "index.html", size=2_000_000)
    assert row["reason"] in page.words and "The paper gives an order." in page.words
    assert f"{numbers.chance(row['estimate'])} probability of the paper’s order" in page.words
    assert "order.csv" in {a["href"] for a in page.all("a")}
    with (tmp_path / "order.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [one["arm"] for one in rows] == list(given.order)
    figure = effects_figure.draw(analysis)
    effects = [axes for axes in figure.axes if axes.get_xlabel().startswith("Difference")]
    assert [len(axes.get_yticks()) for axes in effects] == [4]
    assert "| an order |" in (tmp_path / "tables.md").read_text("utf-8")


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    changes: dict[tuple[str, int], Any] = {
        ("paper", 0): {"status": "failed", "reason": "killed by signal 9", "curve": ()},
        ("paper", 1): {"environment": dataclasses.replace(fake_runs.ENVIRONMENT, threads=2)},
        ("no_dropout", 2): None,
        ("no_dropout", 3): {"status": "diverged", "reason": "the loss is not finite", "curve": ()},
    }
    write(tmp_path, scores.make_runs(DROPOUT, 5, changes))
    words = Page(tmp_path / "index.html").words
    assert "22 of 25 runs done, 1 diverged, 1 failed, 1 not yet computed." in words
    assert "killed by signal 9" in words and "the loss is not finite" in words
    assert "their rounding may differ; see Environment." in words


def test_synthetic_images_are_announced(tmp_path: Path) -> None:
    facts = dataclasses.replace(fake_runs.FACTS, synthetic=True)
    changes = {(arm, seed): {"data": facts} for arm in DROPOUT.arms for seed in range(5)}
    write(tmp_path, scores.make_runs(DROPOUT, 5, changes))
    assert "Built-in SYNTHETIC images, not CIFAR-10." in Page(tmp_path / "index.html").words


def test_a_study_of_no_listed_claim_names_its_section_alone(tmp_path: Path) -> None:
    write(tmp_path, [], of=dataclasses.replace(DROPOUT, claim_ids=()))
    assert f"Section {DROPOUT.section} {DROPOUT.title}" in Page(tmp_path / "index.html").words
