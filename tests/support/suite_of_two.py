"""Two studies that share an arm, and their plans."""

from __future__ import annotations

from pathlib import Path

from ablations import plan, study
from ablations.cli import command
from ablations.plan import Plan, Request, reported_runs

#: Shares its ReLU arm with relu_vs_tanh; the tanh arm has another rate.
SLOW_TANH = """
import dataclasses
from ablations.studies.relu_vs_tanh import STUDY as BASE
from alexnet_tf.spec import replace
tanh = replace(BASE.arms["tanh"], {"train.learning_rate": 0.001})
STUDY = dataclasses.replace(
    BASE,
    name="slow_tanh",
    arms={"relu": BASE.arms["relu"], "tanh": tanh},
    comparisons=BASE.comparisons[:1],
)
"""


def ablate(out: Path, *words: str) -> int:
    return command.main(["--dataset", "builtin", "--out", str(out), *words])


def task(name: str, **request) -> Plan:
    asked = Request(**{"dataset": "builtin", **request})
    return Plan(name=name, study=study.load(name), request=asked)


def runs_of(item: Plan) -> tuple[plan.PlannedRun, ...]:
    return reported_runs(item.study, item.request, {})
