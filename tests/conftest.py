"""Fixtures that several test modules use."""

from __future__ import annotations

import alexnet_tf  # noqa: F401 - first, since it decides TensorFlow's environment

# isort: split
import pytest
import tiny
from stand_in import started as started

from alexnet_tf.data.images import Images
from alexnet_tf.spec import Experiment


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
