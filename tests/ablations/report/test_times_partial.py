"""A report of a study of times of which little or nothing was run."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import fake_runs
import pytest
from pagechecks import Page
from times_report import FACTS, make_runs, write

from ablations.report import numbers
from ablations.studies.relu_vs_tanh import STUDY


def test_no_runs(tmp_path: Path) -> None:
    write(tmp_path, [])
    words = Page(tmp_path / "index.html").words
    assert "0 of 0 runs done" in words and "nan" not in words.lower().split()


def test_partial_runs(tmp_path: Path) -> None:
    changes: dict[tuple[str, int], Any] = {("tanh", seed): None for seed in range(5)}
    changes["relu", 0] = {"status": "failed", "reason": "killed by signal 9", "curve": ()}
    changes["relu", 1] = {"environment": dataclasses.replace(fake_runs.ENVIRONMENT, threads=2)}
    write(tmp_path, make_runs(5, changes))
    words = Page(tmp_path / "index.html").words
    assert "14 of 20 runs done, 1 failed, 5 not yet computed." in words
    assert "killed by signal 9" in words
    assert "their rounding may differ; see Environment." in words


def test_all_diverged(tmp_path: Path) -> None:
    fields = {"status": "diverged", "reason": "the loss is not finite", "curve": ()}
    write(tmp_path, make_runs(3, {(arm, seed): fields for arm in STUDY.arms for seed in range(3)}))
    words = Page(tmp_path / "index.html").words
    assert "0 of 12 runs done, 12 diverged." in words
    assert "not reached by epoch 60 (3 diverged)" in words


def test_one_seed_of_an_exploratory_budget_on_synthetic_images(tmp_path: Path) -> None:
    facts = dataclasses.replace(FACTS, synthetic=True)
    changes = {(arm, 0): {"data": facts} for arm in STUDY.arms}
    write(tmp_path, make_runs(1, changes), budget="quick")
    words = Page(tmp_path / "index.html").words
    assert "Built-in SYNTHETIC images, not CIFAR-10." in words
    assert "Exploratory: quick budget" in words and "no verdict is drawn" in words


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (1.0, 2.0, "1.0 to 2.0"),
        (1.0, float("inf"), "1.0 or more"),
        (0.0, 2.0, "2.0 or less"),
        (0.0, float("inf"), "–"),
        (float("nan"), float("nan"), "–"),
    ],
)
def test_interval(low: float, high: float, text: str) -> None:
    assert numbers.interval(low, high) == text


def test_duration() -> None:
    values = [59.6, 3599.0, 36_000.0, float("nan")]
    assert [numbers.duration(value) for value in values] == [
        "60 s",
        "1 h 00 min",
        "10 h 00 min",
        "–",
    ]
