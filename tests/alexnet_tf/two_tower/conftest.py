"""Findings of the child process that a test module has asked for in `CHECKS`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from two_tower_run import started


@pytest.fixture(scope="module")
def child(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """Everything that the child process of this module found."""
    with started(tmp_path_factory.mktemp("towers"), request.module.CHECKS) as process:
        out, errors = process.communicate()
    assert process.returncode == 0, errors[-4000:]
    return json.loads(out.splitlines()[-1])


@pytest.fixture
def found(child: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the finding of the child's check of this name."""
    answer = child[request.param]
    assert "error" not in answer, answer["error"]
    return answer
