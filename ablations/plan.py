"""Which runs a study needs. Pure: nothing is read, run or written here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alexnet_tf.records import RunRecord
from alexnet_tf.spec import Experiment

#: reported: counts in the result. search: only chooses a learning rate.
Role = Literal["reported", "search"]


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """One training that a study asks for."""

    arm: str
    role: Role
    experiment: Experiment


@dataclass(frozen=True, kw_only=True)
class StudyRun:
    """A planned run and its record; None where it has not been computed."""

    planned: PlannedRun
    record: RunRecord | None
