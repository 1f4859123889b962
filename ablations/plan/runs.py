"""A planned run, and the same with its record: what every later package takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
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
    """A planned run and its record; None where it has not been computed.

    `folder` is where the run lies; `inspection` what `alexnet_tf.inspect_net` measured of the
    trained net beyond its record, by name.
    """

    planned: PlannedRun
    record: RunRecord | None
    folder: Path | None = None
    inspection: Mapping[str, float] = field(default_factory=dict)
