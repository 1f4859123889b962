"""The search for the base net: its trials, their table, and the preset that follows."""

from __future__ import annotations

import csv
import importlib.util
import sys
from types import ModuleType

import pytest
import tiny

from alexnet_tf.spec import CIFAR_ALEXNET, diff

FOLDER = tiny.ROOT / "docs" / "base-net"


@pytest.fixture(scope="module")
def search() -> ModuleType:
    spec = importlib.util.spec_from_file_location("search", FOLDER / "search.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["search"] = module
    spec.loader.exec_module(module)
    return module


def test_the_preset_is_the_chosen_trial(search):
    """But for the shape of the draws: the trial had He's truncated normal."""
    chosen = search.experiment(search.TRIALS["w64_a2"])
    assert set(diff(CIFAR_ALEXNET, chosen)) == {"model.init", "data.train_images", "seed"}


def test_the_table_has_every_trial_with_its_settings(search):
    with (FOLDER / "trials.csv").open(encoding="utf-8", newline="") as text:
        rows = {row["trial"]: row for row in csv.DictReader(text)}
    assert list(rows) == list(search.TRIALS)
    for name, row in rows.items():
        made = search.experiment(search.TRIALS[name])
        assert int(row["seed"]) == made.seed >= 1000
        assert float(row["learning_rate"]) == made.train.learning_rate
        assert int(row["epochs"]) == made.train.epochs
        assert int(row["conv2"]) == made.model.convs[1].filters
        assert 0 < float(row["validation_ten_views"]) < 90


def test_an_unknown_trial_is_named(search, capsys):
    assert search.main(["nothing"]) == 2
    assert "no trial 'nothing'" in capsys.readouterr().err
