"""The committed reference results are what their records say, and the documents quote them."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny
from scipy import stats

from alexnet_tf import records
from alexnet_tf.spec import PRESETS, ModelSpec, replace

ROOT = tiny.ROOT
REFERENCE = ROOT / "reports" / "reference"


def test_every_committed_record_is_of_its_experiment_and_of_real_images():
    paths = sorted(REFERENCE.glob("runs/*/result.json"))
    assert paths
    for path in paths:
        record = records.read(path)
        assert record.run_id == path.parent.name
        assert record.data is not None and not record.data.synthetic
        assert record.data.train_images == (record.experiment.data.train_images or 45_000)


def epochs_to(error: float, run_id: str) -> float:
    """Epoch at which the training error of a committed run falls to `error`, read off its JSON."""
    record = json.loads((REFERENCE / "runs" / run_id / "result.json").read_text())
    errors = [epoch["train_error"] for epoch in record["curve"]]
    reached = next(i for i, found in enumerate(errors) if found <= error)
    share = (errors[reached - 1] - error) / (errors[reached - 1] - errors[reached])
    return reached - 0.5 + share


def test_the_ratios_of_figure_1_are_those_of_the_records():
    table = pd.read_csv(REFERENCE / "relu_vs_tanh" / "runs.csv")
    rows = table.to_dict("records")
    runs = [row for row in rows if row["role"] == "reported" and row["status"] == "done"]
    runs.sort(key=lambda row: row["seed"])
    compared = pd.read_csv(REFERENCE / "relu_vs_tanh" / "comparisons.csv")
    for row in compared.to_dict("records"):
        slow, fast = (
            np.log([epochs_to(0.25, one["run_id"]) for one in runs if one["arm"] == row[side]])
            for side in ("variant", "baseline")
        )
        test = stats.ttest_1samp(slow - fast, 0)
        interval = test.confidence_interval(0.95)
        found = np.exp([(slow - fast).mean(), interval.low, interval.high])
        assert len(slow) == row["n"] >= 5
        assert [row["estimate"], row["low"], row["high"]] == pytest.approx(found, rel=1e-6)


def test_the_page_of_the_reference_set_quotes_figure_1():
    page = (ROOT / "docs" / "reference-set.md").read_text(encoding="utf-8")
    table = pd.read_csv(REFERENCE / "relu_vs_tanh" / "comparisons.csv")
    for row in table.to_dict("records"):
        if row["n"] >= 2:
            interval = f"{row['low']:.2f}–{row['high']:.2f}"
            assert f"{row['estimate']:.2f} | {interval} | {row['n']} |" in page


def without_spread(model: ModelSpec) -> ModelSpec:
    """The net, whatever its initial weights."""
    any_spread: dict[str, Any] = {"init_std": 1.0, "init_gain": None}
    return dataclasses.replace(
        model,
        convs=tuple(dataclasses.replace(conv, **any_spread) for conv in model.convs),
        dense=tuple(dataclasses.replace(dense, **any_spread) for dense in model.dense),
        output_init_std=1.0,
        output_init_gain=None,
    )


@pytest.mark.parametrize("name", ["CIFAR_ALEXNET_2012", "CIFAR_11PCT", "CIFAR_13PCT"])
def test_the_page_of_the_network_quotes_the_nets(name):
    record = records.read(REFERENCE / "nets" / name / "result.json")
    changes: dict[str, Any] = {
        "train.precision": "mixed_bfloat16",
        "train.validate": "epoch",
    }
    if name == "CIFAR_ALEXNET_2012":
        # its standard deviations were rounded to two digits; else it is the preset
        stds = record.experiment.model.init_stds()
        assert PRESETS[name].model.init_stds() == pytest.approx(stds, rel=0.03)
        assert without_spread(record.experiment.model) == without_spread(PRESETS[name].model)
        changes["model"] = record.experiment.model
    else:
        changes |= {"train.epochs": 8, "train.changes": ()}
    assert record.experiment == replace(PRESETS[name], changes)
    errors = {e.views: f"{e.top1_error:.1%}" for e in record.evaluations if e.part == "test"}
    quoted = f"| {errors[1].replace('%', ' %')} | {errors[10].replace('%', ' %')} |"
    page = (ROOT / "docs" / "network.md").read_text(encoding="utf-8")
    assert f"| `{name}` | {len(record.curve)}" in page and quoted in page
