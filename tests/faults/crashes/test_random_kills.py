"""Trainings of five kinds that are killed at random moments end with the bits of whole ones."""

from __future__ import annotations

import dataclasses
import random

import pytest
import tiny
from crashed import Crashes

from alexnet_tf.spec import (
    AugmentSpec,
    ConvSpec,
    DenseSpec,
    Experiment,
    JitterSpec,
    ModelSpec,
    PlateauSpec,
    PoolSpec,
    Pretraining,
    replace,
)

BASE = replace(
    tiny.experiment(epochs=6), {"model.input_size": 6, "data.augment": AugmentSpec(flip=True)}
)
TOWERS = ModelSpec(
    input_size=8,
    towers=2,
    convs=(
        ConvSpec(filters=4, kernel=3, padding=1, pool=PoolSpec()),
        ConvSpec(filters=4, kernel=3, padding=1, pool=PoolSpec()),
    ),
    dense=(DenseSpec(units=12, dropout=0.5),),
    init="glorot_he",
)
KINDS: dict[str, Experiment] = {
    "dropout": replace(BASE, {"model.dense.0.dropout": 0.5}),
    "jitter": replace(BASE, {"data.augment.jitter": JitterSpec(sigma=0.5)}),
    "plateau": replace(
        BASE, {"train.validate": "epoch", "train.plateau": PlateauSpec(patience=1, reductions=2)}
    ),
    "two towers": replace(tiny.experiment(epochs=6), {"model": TOWERS}),
    "pre-training": replace(
        BASE,
        {
            "train.epochs": 3,
            "pretraining": Pretraining(
                data=dataclasses.replace(BASE.data, labels="classes_and_turns"),
                train=dataclasses.replace(BASE.train, epochs=3),
                classes=40,
            ),
        },
    ),
}
KILLS = {True: 40, False: 1}  # of each kind, in the longer form and in the other


@pytest.mark.timeout(10800)
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_random_moments_it_ends_with_the_same_bits(forks, prepared, tmp_path, long, kind):
    more = ("--devices", "CPU:0,CPU:1") if kind == "two towers" else ()
    crashes = Crashes(forks, prepared, tmp_path / "all", KINDS[kind], *more)
    moments, kills, found, runs = random.Random(kind), 0, [], 0
    while kills < KILLS[long]:
        done, problems = crashes.battered(min(4, KILLS[long] - kills), moments)
        kills, runs, found = kills + done, runs + 1, found + problems
    print(f"{kind}: {kills} kills in {runs} runs")
    assert not found
