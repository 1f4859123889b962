"""The settings of a worker process, and their way there as a line of text."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alexnet_tf.benchmark.rows import Row
from alexnet_tf.spec import Experiment, from_json, to_json


@dataclass(frozen=True)
class Settings:
    """Settings that all rows have in common."""

    experiment: Experiment
    batch: int = 128  # images of a training step
    device: str = "CPU"  # or "GPU:0", ...
    threads: int = 1
    repeats: int = 3  # timings of each row
    seconds: float = 4.0  # of each timing, at least one step
    matrix: int = 3072  # rows and columns of the product that stands for the machine's rate
    data: Path | None = None  # prepared images; None: random ones in memory

    @property
    def gpu(self) -> bool:
        """True if a GPU trains."""
        return self.device != "CPU"


@dataclass(frozen=True)
class Work:
    """Functions that a worker times. Both return when their result is there."""

    step: Callable[[], Any]
    multiply: Callable[[], Any] | None  # one product of two matrices, `Settings.matrix` wide
    images: int  # of one `step`
    lead: int = 0  # steps before the clock starts, that use up what was made ahead


def encode(row: Row, settings: Settings) -> str:
    """Return one line of JSON that `decode` reads."""
    common = {f.name: getattr(settings, f.name) for f in dataclasses.fields(settings)}
    common["experiment"] = to_json(settings.experiment)
    common["data"] = None if settings.data is None else str(settings.data)
    return json.dumps([dataclasses.asdict(row), common])


def decode(line: str) -> tuple[Row, Settings]:
    """Inverse of `encode`.

    Raises:
        ValueError: no JSON, or a value that is not allowed in an experiment.
    """
    row, common = json.loads(line)
    common["experiment"] = from_json(common["experiment"])
    common["data"] = None if common["data"] is None else Path(common["data"])
    return Row(**row), Settings(**common)
