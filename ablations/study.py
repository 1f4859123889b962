"""A study: one claim of the paper, the arms that test it, and how they are compared.

Each study is a small declarative file in `ablations/studies/`; its file name is its
name on the command line.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alexnet_tf.spec import Experiment, diff
from alexnet_tf.values import SpecError, nearest


@dataclass(frozen=True, kw_only=True)
class EpochsToError:
    """Outcome: epochs of training until the training error first falls to `threshold`."""

    threshold: float  # fraction, 0 to 1
    sensitivity: tuple[float, ...] = ()  # other thresholds shown beside it


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two arms held against each other: ratio = outcome(variant) / outcome(baseline)."""

    name: str
    baseline: str
    variant: str
    paper_ratio: float  # what the paper says the ratio is
    margin: float  # factor within which a measured ratio counts as the paper's, > 1
    note: str = ""  # what this comparison stands for, one line


@dataclass(frozen=True, kw_only=True)
class Search:
    """How an arm's learning rate is chosen: every rate of its grid, on tuning seeds.

    The rate whose tuning runs reach the threshold first wins; where none reaches it
    within `epochs`, the lowest final training error wins.
    """

    grids: Mapping[str, tuple[float, ...]]  # comparison name -> rates, the same for its arms
    seeds: tuple[int, ...]  # never among the reported seeds
    epochs: int


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How much a study computes. Reported seeds are 0, 1, ..., seeds - 1."""

    seeds: int
    epochs: int  # the censoring time
    train_images: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)  # further spec fields, dotted
    # arm -> epochs until it stops, as measured; only used to foretell the time
    expected_epochs: Mapping[str, float] = field(default_factory=dict)
    search: bool = False
    exploratory: bool = False  # too small for a verdict, and says so


@dataclass(frozen=True, kw_only=True)
class Study:
    """One claim of the paper as an experiment.

    `arms` maps a name to an experiment whose learning rate is the recorded one (the
    winner of `search` on the reference machine). The first comparison is the claim;
    further ones test how far it reaches.
    """

    name: str
    title: str
    claim: str  # in the paper's sense, one sentence
    claim_ids: tuple[str, ...]
    section: str
    limits: str  # what this study cannot show
    outcome: EpochsToError
    arms: Mapping[str, Experiment]
    labels: Mapping[str, str]  # arm -> the words a reader sees
    comparisons: tuple[Comparison, ...]
    search: Search
    budgets: Mapping[str, Budget]

    def __post_init__(self) -> None:
        for comparison in self.comparisons:
            for arm in (comparison.baseline, comparison.variant):
                if arm not in self.arms:
                    raise SpecError(f"study {self.name}: no arm '{arm}'.")
            if not diff(self.arms[comparison.baseline], self.arms[comparison.variant]):
                raise SpecError(f"study {self.name}: '{comparison.name}' compares equal arms.")


def names() -> list[str]:
    """Names of all studies, sorted."""
    folder = Path(__file__).parent / "studies"
    return sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")


def load(name: str) -> Study:
    """Return the study called `name`.

    Raises:
        SpecError: there is no such study (the nearest name is in the message).
    """
    if name not in names():
        raise SpecError(f"no study '{name}'.{nearest(name, names())}")
    return importlib.import_module(f"ablations.studies.{name}").STUDY
