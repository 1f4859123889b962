"""Fixtures of the tests in this folder."""

from __future__ import annotations

import pytest
from suite_of_two import SLOW_TANH


@pytest.fixture
def slow_tanh(tmp_path) -> str:
    path = tmp_path / "slow_tanh.py"
    path.write_text(SLOW_TANH)
    return str(path)
