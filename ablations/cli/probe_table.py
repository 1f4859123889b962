"""The table of `--probe`: every arm's changes, size, cost and one measured training step."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ablations.execution.steps import images_per_second
from ablations.execution.training import Machine, StoppedError
from ablations.plan import Plan
from alexnet_tf.spec import Experiment, diff

_MOST_CHANGES = 12  # lines an arm


def show_probe(console: Console, plans: Sequence[Plan], machine: Machine) -> int:
    """Print each study's arms; train nothing but a few steps on random numbers.

    Of each arm: parameters, operations of an image's forward pass, time of a training step,
    images per second, and the spec fields in which it differs from the first arm. No images are
    read; arms of the same net, batch, precision and momentum are timed once.

    Returns:
        0, or 4 where a net cannot be trained here.
    """
    code = 0
    for plan in plans:
        console.print(Text.assemble((plan.study.name, "bold"), f", {plan.request.budget}"))
        code = max(code, _study(console, plan, machine))
    return code


def _study(console: Console, plan: Plan, machine: Machine) -> int:
    if plan.request.dataset == "auto":
        plan = dataclasses.replace(
            plan, request=dataclasses.replace(plan.request, dataset="cifar10")
        )
    arms: dict[str, Experiment] = {}
    for run in plan.reported:
        arms.setdefault(run.arm, run.experiment)
    table = Table(box=None, pad_edge=False)
    for name in ("arm", "parameters", "MFLOPs an image", "step", "images/s"):
        table.add_column(name, justify="left" if name == "arm" else "right", no_wrap=True)
    known: dict[tuple[Any, ...], float | str] = {}
    for arm, experiment in arms.items():
        train = experiment.train
        key = (experiment.model, train.precision, train.batch_size, train.momentum)
        if key not in known:
            known[key] = _rate(experiment, machine)
        table.add_row(*_cells(arm, experiment, known[key]))
    console.print(table)
    console.print(
        "  a step: forward, backward and update of a batch in memory; MFLOPs: forward, one view",
    )
    first, *others = arms
    for arm in others:
        console.print(f"{arm}, other than {first}:")
        lines = changes(arms[first], arms[arm])
        for line in lines[:_MOST_CHANGES]:
            console.print(f"  {line}", soft_wrap=True)
        if len(lines) > _MOST_CHANGES:
            console.print(f"  and {len(lines) - _MOST_CHANGES} more")
    return 4 if any(isinstance(rate, str) for rate in known.values()) else 0


def changes(base: Experiment, variant: Experiment) -> list[str]:
    """Return what differs, one line per field; a part that came or went is one line.

    Args:
        base: gives the value before the arrow.
        variant: gives the value after it.

    >>> from alexnet_tf.spec import CIFAR_ALEXNET, replace
    >>> changes(CIFAR_ALEXNET, replace(CIFAR_ALEXNET, {"train.momentum": 0.5}))
    ['train.momentum: 0.9 -> 0.5']
    """
    found = diff(base, variant)
    lines: dict[str, None] = {}
    for path, (before, after) in found.items():
        parent = path.rpartition(".")[0]
        beside = [both for other, both in found.items() if other.startswith(f"{parent}.")]
        if len(beside) > 1 and all(new is None for _, new in beside):
            lines[f"{parent}: removed"] = None
        elif len(beside) > 1 and all(old is None for old, _ in beside):
            lines[f"{parent}: added"] = None
        else:
            lines[f"{path}: {_text(before)} -> {_text(after)}"] = None
    return list(lines)


def _rate(experiment: Experiment, machine: Machine) -> float | str:
    try:
        return images_per_second(experiment, machine.threads)
    except StoppedError as error:
        return str(error)


def _cells(arm: str, experiment: Experiment, rate: float | str) -> tuple[str, ...]:
    size = (arm, f"{experiment.model.parameters():,}", f"{experiment.model.flops() / 1e6:.1f}")
    if isinstance(rate, str):
        return (*size, rate, "")
    step = 1000 * experiment.train.batch_size / rate
    return (*size, f"{step:.1f} ms", f"{rate:.0f}")


def _text(value: Any) -> str:
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
