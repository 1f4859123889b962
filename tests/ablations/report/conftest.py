"""Fixtures of the tests in this folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import scores
from dropout_report import DROPOUT, write
from small_suite import INDEX_FILES, collected, inspection, load, probabilities

from ablations.analysis.study_analysis import Analysis
from ablations.report import collect, index_page
from ablations.report.collect import Collected


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Collected]]:
    """The index of four studies; the nets of one were inspected and can be averaged."""
    out = tmp_path_factory.mktemp("suite")
    ensemble, runs = load("ensemble"), []
    for seed, run in enumerate(scores.make_runs(load("ensemble"))):
        folder = out / "runs" / str(seed)
        probabilities(folder, seed)
        inspection(folder)
        runs.append(dataclasses.replace(run, folder=folder))
    found = [
        collected(load("lrn"), scores.make_runs(load("lrn"))),
        collected(load("dropout"), scores.make_runs(load("dropout"))),
        collected(ensemble, runs),
        collected(load("layer_removal"), scores.make_runs(load("layer_removal"), 2), "quick"),
    ]
    assert index_page.write(found, collect.studies(), out) == [out / name for name in INDEX_FILES]
    return out, found


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Analysis]:
    """The report of five complete seeds, with differences, ratios and two families."""
    folder = tmp_path_factory.mktemp("usual") / "not" / "there yet"
    return folder, write(folder, scores.make_runs(DROPOUT))
