"""A process that forks trainings, and one experiment that is broken off in every way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import tiny
from crashed import Crashes
from forked import Forks

from alexnet_tf.spec import replace

#: Three epochs, so that a state is removed; dropout, so that a seed can be forgotten.
DROPOUT = replace(tiny.experiment(epochs=3), {"model.dense.0.dropout": 0.5})


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    with Forks(tmp_path_factory.mktemp("forks")) as started:
        yield started


@pytest.fixture(scope="module")
def crashes(forks, prepared, tmp_path_factory) -> Crashes:
    return Crashes(forks, prepared, tmp_path_factory.mktemp("crashes") / "all", DROPOUT)
