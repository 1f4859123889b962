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
    """One training that a study asks for.

    Attributes:
        arm: name of the arm in its study; two studies may name one experiment differently.
        role: reported runs enter every result; search runs only choose a learning rate.
        experiment: the whole spec, seed included; its hash is the run id.
    """

    arm: str
    role: Role
    experiment: Experiment


@dataclass(frozen=True, kw_only=True)
class StudyRun:
    """A planned run and its record; None where it has not been computed.

    A failed run has a record too, of status "failed". A diverged one is a result: its errors count
    as chance level.

    Attributes:
        folder: where the run lies.
        inspection: quantity -> value, as `alexnet_tf.inspect_net` measured it of the trained net
            beyond its record; empty where it was not inspected or its weights are others.
    """

    planned: PlannedRun
    record: RunRecord | None
    folder: Path | None = None
    inspection: Mapping[str, float] = field(default_factory=dict)
