"""Fixtures that several test modules use."""

from __future__ import annotations

import gc
import os

import alexnet_tf  # noqa: F401 - first, since it decides TensorFlow's environment

# Tests run in as many processes as there are cores: more threads of NumPy's products would
# wait for each other, and take twice the processor time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

# isort: split
import pytest
import tiny
from stand_in import started as started

from alexnet_tf.data.images import Images
from alexnet_tf.spec import Experiment

#: Modules that take longest, begun first: a long one that begins last has one worker idle.
LONGEST = (
    *("test_crash_points", "test_random_kills", "test_worse_programs"),
    *("test_train_towers", "test_repeated", "test_pretraining", "test_two_tower"),
    *("test_tour", "test_killed", "test_simulations", "test_until_decided", "test_crossings"),
    *("test_reference_pages", "test_sequential", "test_torch", "test_progress"),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long", action="store_true", help="the tests of faults in full, which takes hours"
    )


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    """Whether the tests of faults are to run in full (`--long`)."""
    return bool(request.config.getoption("--long"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the longest modules first, else in the order of the files."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(LONGEST)))


def pytest_collection_finish() -> None:
    """Leave out of later collections of garbage what was imported: a million objects.

    `keras.utils.clear_session` collects; with them it takes a second and a half.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def tiny_images() -> Images:
    return tiny.images()


@pytest.fixture(scope="session")
def tiny_experiment() -> Experiment:
    return tiny.experiment()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, tiny_images: Images) -> tiny.Prepared:
    """Folders in which a training, in this process or another, finds the tiny images."""
    return tiny.prepare(tmp_path_factory.mktemp("prepared"), tiny_images)
