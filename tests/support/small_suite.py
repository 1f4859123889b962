"""A folder of reports of made-up runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ablations import study
from ablations.analysis.study_analysis import analyse
from ablations.plan import StudyRun
from ablations.report.collect import Collected
from ablations.study import Study

INDEX_FILES = ["findings.csv", "claims.md", "claims.tex", "index.html"]
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def load(name: str) -> Study:
    found = study.load(name)
    assert isinstance(found, Study)
    return found


def inspection(folder: Path) -> dict[str, np.ndarray]:
    """Leave in a run's folder what is looked at of a trained net; two colours of towers."""
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {
        "conv1": rng.normal(size=(5, 5, 3, 40)).astype(np.float32),
        "test_images": rng.integers(0, 256, (8, 24, 24, 3), dtype=np.uint8),
        "test_labels": np.arange(8),
        "probabilities": rng.dirichlet(np.full(10, 0.3), 8).astype(np.float32),
        "neighbours": rng.integers(0, 256, (8, 6, 24, 24, 3), dtype=np.uint8),
        "neighbour_labels": rng.integers(0, 10, (8, 6)),
        "class_names": np.array(CLASSES),
    }
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "inspection.npz", **arrays)
    return arrays


def probabilities(folder: Path, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Leave a net's ten-view probabilities of 200 test images; return them with the labels."""
    labels = np.arange(200) % 10
    values = np.random.default_rng(seed).dirichlet(np.full(10, 0.5), 200).astype(np.float32)
    values[np.arange(200), labels] += 0.2
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "test_10.npz", probabilities=values, labels=labels, weights="w")
    return values, labels


def collected(of: Study, runs: list[StudyRun], budget: str = "standard") -> Collected:
    return Collected(analysis=analyse(of, runs, budget=budget), runs=tuple(runs))
