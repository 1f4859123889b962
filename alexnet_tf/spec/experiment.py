"""One run as a value, its name, and its JSON."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from alexnet_tf.errors import SpecError
from alexnet_tf.spec.data import DataSpec
from alexnet_tf.spec.model import ModelSpec
from alexnet_tf.spec.train import TrainSpec
from alexnet_tf.values import check_types, from_dict, require, to_dict, without_defaults

#: Part of every run id. Raise it when the meaning or the default of a field changes.
SPEC_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Pretraining:
    """Data and training that come first, with an output layer of their own (section 6).

    Every layer but the output keeps its weights for the training proper, which starts with
    new momenta and at its own first learning rate.
    """

    data: DataSpec
    train: TrainSpec
    classes: int  # labels of `data`

    def __post_init__(self) -> None:
        check_types(self)
        require(self, self.classes >= 2, "classes", "at least 2")
        _require_measured(self.data, self.train)


def _require_measured(data: DataSpec, train: TrainSpec) -> None:
    """Refuse a rule that would fire on an error which is never measured."""
    if train.plateau is not None:
        rule = "at least 1 with `train.plateau`, which waits for the validation error"
        require(data, data.validation_images > 0, "validation_images", rule)


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """Everything that decides the numbers of one run.

    The seed, 0 to 2**31 - 1, is that of the initial weights, the order of the images, crops,
    reflections, colours and dropout. With `pretraining` the same net is trained on other data
    first (`first_stage`).

    Raises:
        SpecError: a field out of its range, a change of the rate of a layer that the net does not
            have, or a plateau rule without validation images.

    >>> from alexnet_tf.spec import CIFAR_ALEXNET, replace
    >>> replace(CIFAR_ALEXNET, {"train.epochs": 2}, seed=7).train.epochs
    2
    """

    model: ModelSpec
    data: DataSpec = field(default_factory=DataSpec)
    train: TrainSpec = field(default_factory=TrainSpec)
    seed: int = 0
    pretraining: Pretraining | None = None

    def __post_init__(self) -> None:
        check_types(self)
        require(self, 0 <= self.seed < 2**31, "seed", "between 0 and 2**31 - 1")
        _require_measured(self.data, self.train)
        names = self.model.names()
        for index, change in enumerate(self.train.changes):
            if change.layer is not None and change.layer not in names:
                raise SpecError(
                    f"`train.changes.{index}.layer` must be one of {', '.join(names)}. "
                    f"Received: {change.layer}"
                )

    @property
    def first_stage(self) -> Experiment | None:
        """The experiment that is run before this one, on the same net; None: nothing is.

        It has the seed of this one, the data and training of `pretraining`, and as many outputs as
        those data have labels.
        """
        first = self.pretraining
        if first is None:
            return None
        model = dataclasses.replace(self.model, classes=first.classes)
        return Experiment(model=model, data=first.data, train=first.train, seed=self.seed)

    @property
    def run_id(self) -> str:
        """16 hex digits: SHA-256 of the canonical JSON without fields at their default.

        Leaving defaults out keeps the ids of old records when a field is added.

        >>> from alexnet_tf.spec import PAPER, replace
        >>> PAPER.run_id == replace(PAPER, seed=1).run_id
        False
        """
        return self._run_id

    @cached_property
    def _run_id(self) -> str:
        text = json.dumps([SPEC_VERSION, without_defaults(self)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def to_json(experiment: Experiment) -> str:
    """Canonical JSON: every field, sorted keys, two spaces of indent, a final newline.

    Equal experiments give the same text. `run_id` is the hash of another one, without defaults.
    """
    return json.dumps(to_dict(experiment), indent=2, sort_keys=True, allow_nan=False) + "\n"


def from_json(text: str) -> Experiment:
    """Inverse of `to_json`.

    Raises:
        SpecError: not JSON, or not an experiment.

    >>> from alexnet_tf.spec import PAPER
    >>> from_json(to_json(PAPER)) == PAPER
    True
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SpecError(f"the spec is not JSON: {error}") from error
    return from_dict(Experiment, values)


def from_file(path: Path) -> Experiment:
    """Read an experiment as `to_json` writes it.

    Raises:
        SpecError: there is no such file, or it holds no experiment; the message names it.
        OSError: it cannot be read.
    """
    try:
        return from_json(path.read_bytes().decode())
    except FileNotFoundError as error:
        raise SpecError(f"no file {path}. Give an experiment as JSON, or a preset.") from error
    except ValueError as error:  # SpecError is one
        raise SpecError(f"{path}: {error}") from error


def nameless(experiment: Experiment) -> Experiment:
    """Return the experiment without the names of its layers: equal for equal topologies.

    Layers of one name start from the same weights; else names change nothing.

    >>> from alexnet_tf.spec import PAPER, replace
    >>> renamed = replace(PAPER, {"model.output_name": "logits"})
    >>> renamed == PAPER, nameless(renamed) == nameless(PAPER)
    (False, True)
    """
    model = experiment.model
    bare = dataclasses.replace(
        model,
        convs=tuple(dataclasses.replace(conv, name=None) for conv in model.convs),
        dense=tuple(dataclasses.replace(dense, name=None) for dense in model.dense),
        output_name=None,
    )
    return dataclasses.replace(experiment, model=bare)


def of_values(values: Any) -> Any:
    """Return the experiment of a JSON object; anything else as it is, for the caller to refuse.

    Experiments that differ in the seed alone share their model, data and training: of the ten
    thousand records of a few arms, each arm is built and checked once.

    Raises:
        SpecError: not an experiment.
    """
    if not isinstance(values, dict):
        return values
    first = _of_seed_0(json.dumps({**values, "seed": 0}, sort_keys=True))
    return dataclasses.replace(first, seed=values.get("seed", 0))


@lru_cache(maxsize=256)
def _of_seed_0(text: str) -> Experiment:
    return from_dict(Experiment, json.loads(text), "experiment")
