"""Fixtures of the tests in this folder."""

from __future__ import annotations

import pytest

from ablations.analysis import objections


@pytest.fixture(autouse=True)
def five_seeds_suffice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules of verdicts are tested on five seeds; that eight are needed is tested apart."""
    monkeypatch.setattr(objections, "MIN_SEEDS", 5)
