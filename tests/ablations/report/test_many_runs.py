"""A report of more runs than a page shows: each record read once, and a page that stays small."""

from __future__ import annotations

import io
import re
from pathlib import Path

import many_runs
import pandas as pd
import pytest
from rich.console import Console

from ablations import suite
from ablations.execution.store import Records
from ablations.report import shown
from alexnet_tf import records

SEEDS = 110
LARGEST = 5_000_000  # bytes of a page


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path], int]:
    """Folder of a report, every record that was read for it in order, and the runs there are."""
    out = tmp_path_factory.mktemp("many")
    plan = many_runs.write(out, "dropout", SEEDS)
    read: list[Path] = []

    def noted(path: Path) -> records.RunRecord:
        read.append(path)
        return original(path)

    original = records.read
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "read", noted)
        console = Console(file=io.StringIO())
        suite.report(console, [plan], Records(out), index=True)
    return out / "dropout", read, len(plan.reported)


def test_every_record_is_read_once_for_a_report_and_the_index(written) -> None:
    _, read, runs = written
    assert len(read) == len(set(read)) == runs == 5 * SEEDS


def test_the_page_is_small_and_says_what_it_leaves_to_the_csv(written) -> None:
    folder, _, runs = written
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert len(page.encode()) < LARGEST
    words = " ".join(re.sub("<[^>]*>", "", page).split())
    assert f"Of {runs} runs the page shows {shown.RUNS} in its table" in words
    assert f"Shown are {shown.RUNS} of {runs} runs" in words
    assert f"Shown are the first {shown.SEEDS} seeds of each comparison" in words
    rows = page.split("Every planned run", 1)[1].split("</table>")[0].count("<tr>") - 1
    assert rows == shown.RUNS


def test_what_the_page_leaves_out_is_in_the_csv(written) -> None:
    folder, _, runs = written
    assert len(pd.read_csv(folder / "runs.csv")) == runs
    changes = pd.read_csv(folder / "changes.csv")
    assert set(changes.groupby("comparison").size()) == {SEEDS}
    curves = pd.read_csv(folder / "curves.csv")
    assert set(curves.groupby("arm")["run_id"].nunique()) == {SEEDS}


def test_a_failed_run_is_among_the_rows_shown() -> None:
    table = pd.DataFrame({"status": ["done"] * (2 * shown.RUNS), "seed": range(2 * shown.RUNS)})
    table.loc[2 * shown.RUNS - 1, "status"] = "failed"
    found = shown.runs(table)
    assert len(found) == shown.RUNS
    assert found["seed"].tolist() == [*range(shown.RUNS - 1), 2 * shown.RUNS - 1]


def test_few_runs_are_all_shown() -> None:
    table = pd.DataFrame({"status": ["done"] * 3, "comparison": ["a", "a", "b"]})
    assert shown.runs(table).equals(table) and shown.changes(table).equals(table)


@pytest.mark.parametrize(
    ("arms", "epochs", "errors", "expected"),
    [(2, 60, 1, 100), (5, 60, 2, 66), (12, 90, 2, 18), (1, 10**6, 1, 1)],
)
def test_more_epochs_arms_or_errors_leave_fewer_curves(arms, epochs, errors, expected) -> None:
    table = pd.DataFrame({"arm": [str(arm) for arm in range(arms)], "epoch": [epochs] * arms})
    assert shown.curves(table, errors) == expected
