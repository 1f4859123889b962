"""Seeds are added look after look until verdicts are reached, whatever interrupts it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stand_in import leaving

from ablations.cli import command
from ablations.execution import datasets, training
from alexnet_tf.records import EpochResult, Evaluation, RunRecord
from alexnet_tf.spec import Experiment

#: Four arms of the same small net: far from the base, near it, and so near that looks differ.
STUDY = """
from ablations.study import Budget, Comparison, Shared, Study
from alexnet_tf.spec import CIFAR_ALEXNET, replace
BASE = CIFAR_ALEXNET
ARMS = {
    "paper": BASE,
    "far": replace(BASE, {"train.momentum": 0.5}),
    "near": replace(BASE, {"train.momentum": 0.6}),
    "same": replace(BASE, {"train.momentum": 0.7}),
}
STUDY = Study(
    name="mine", title="t", claim="c", claim_ids=(), section="5", limits="l", arms=ARMS,
    labels={arm: arm for arm in ARMS},
    budgets={
        "quick": Budget(seeds=2, epochs=1, exploratory=True),
        "standard": Budget(
            seeds=8, more=(10, 12), shared=Shared(experiment=BASE, seeds=14), epochs=None
        ),
        "one": Budget(seeds=8, epochs=None),
    },
    comparisons=tuple(
        Comparison(
            name=arm, baseline="paper", variant=arm, claimed="higher", smallest=0.5, argued="a",
            family="primary" if arm != "same" else "secondary",
        )
        for arm in ("far", "near", "same")
    ),
)
"""


def record(experiment: Experiment) -> RunRecord:
    """A record whose ten-view test error is that of its arm, with noise of its seed."""
    seed, momentum = experiment.seed, experiment.train.momentum
    noise = np.random.default_rng([seed, round(10 * momentum)]).normal(0, 0.6)
    error = 30 + {0.5: 3.0, 0.6: 0.2, 0.7: 0.0}.get(momentum, 0.0) + noise
    found = Evaluation(
        part="test", views=10, images=1000, top1_error=error / 100, top5_error=0.0, loss=1.0
    )
    point = EpochResult(epoch=1, updates=1, train_error=0.5, train_loss=1.0, seconds=0.5)
    return RunRecord(
        experiment=experiment,
        status="done",
        curve=(point,),
        seconds=36.0,
        evaluations=(found,),
        weights_sha256="w",
    )


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, int]]:
    """Replace the training by the stand-in; return momentum and seed of what was started."""
    asked: list[tuple[float, int]] = []
    real = training._command

    def stand_in(run, machine):
        asked.append((run.experiment.train.momentum, run.experiment.seed))
        return leaving(record(run.experiment), real(run, machine))

    monkeypatch.setattr(training, "_command", stand_in)
    facts = datasets.Facts(train_images=45_000, fingerprint="f" * 64)
    monkeypatch.setattr(datasets, "prepare", lambda *arguments: facts)
    return asked


def ablate(folder: Path, *words: str) -> int:
    (folder / "mine.py").write_text(STUDY)
    asked = (str(folder / "mine.py"), "--budget", "standard", "--dataset", "cifar10")
    return command.main([*asked, "--out", str(folder / "out"), *words])


def tables(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "out/mine").glob("*.csv"))}


def test_without_it_the_first_look_is_all(tmp_path, trained):
    assert ablate(tmp_path) == 0
    assert Counter(momentum for momentum, _ in trained) == {0.9: 14, 0.5: 8, 0.6: 8, 0.7: 8}
    rows = pd.read_csv(tmp_path / "out/mine/comparisons.csv").set_index("comparison")
    assert rows.look.tolist() == [1, 1, 1] and rows.looks.tolist() == [3, 3, 1]
    assert rows.stopped.tolist() == [True, False, True]


def test_seeds_are_added_where_a_verdict_is_open(tmp_path, trained):
    assert ablate(tmp_path, "--until", "decided", "--jobs", "2") == 0
    count = Counter(momentum for momentum, _ in trained)
    rows = pd.read_csv(tmp_path / "out/mine/comparisons.csv").set_index("comparison")
    assert rows.stopped.all() and rows.look["far"] == 1 and rows.look["near"] > 1
    assert count == {0.9: 14, 0.5: 8, 0.6: rows.n["near"], 0.7: 8}
    assert rows.verdict["far"] == "agrees"
    looks = pd.read_csv(tmp_path / "out/mine/looks.csv")
    assert looks[looks.comparison == "near"].state.tolist()[0] == "passed"
    page = (tmp_path / "out/mine/index.html").read_text("utf-8")
    assert "--until decided" in page and "Looks and spending" in page


def test_interrupted_at_any_run_it_ends_with_the_same_looks_and_tables(
    tmp_path, trained, monkeypatch
):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for folder in (whole, broken):
        folder.mkdir()
    assert ablate(whole, "--until", "decided") == 0
    started = len(trained)
    real = training._outcome

    def killed(run, ended, machine):
        if (len(trained) - started) % 13 == 12:
            trained.append((0.0, 0))
            raise KeyboardInterrupt
        return real(run, ended, machine)

    monkeypatch.setattr(training, "_outcome", killed)
    codes = []
    while not codes or codes[-1] != 0:
        codes.append(ablate(broken, "--until", "decided", "--jobs", "1"))
        assert len(codes) < 9
    assert codes.count(130) >= 3
    assert tables(broken) == tables(whole)
    assert ablate(broken, "--report-only") == 0 and tables(broken) == tables(whole)


def test_hours_end_it_between_runs_and_it_says_what_is_left(tmp_path, trained, capsys):
    assert ablate(tmp_path, "--until", "decided", "--hours", "1e-9") == 0
    assert not trained and "38 runs are left" in capsys.readouterr().out
    assert ablate(tmp_path) == 0
    assert ablate(tmp_path, "--until", "decided", "--hours", "1e-9") == 0
    looks = pd.read_csv(tmp_path / "out/mine/looks.csv")
    near = looks[looks.comparison == "near"]
    assert near.state.tolist() == ["passed", "next", "later"]
    assert near.runs.tolist() == [0, 2, 4] and near.hours.tolist() == pytest.approx([0, 0.02, 0.04])


def test_the_plan_says_how_many_runs_there_may_be(tmp_path, trained, capsys, monkeypatch):
    from ablations.cli import plan_table

    monkeypatch.setattr(
        plan_table, "_seconds", lambda console, todo, machine: dict.fromkeys(todo, 60.0)
    )
    assert ablate(tmp_path, "--until", "decided", "--plan") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "38 of 38 runs to compute" in said
    assert "verdicts may need more: 8 further runs at most" in said


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--until", "tomorrow"], "--until takes 'decided'"),
        (["--until", "decided", "--seeds", "9"], "Leave out --seeds"),
        (["--until", "decided", "--budget", "one"], "has one look: leave out --until decided"),
        (["--hours", "0"], "--hours must be above 0"),
        (["--hours", "nan"], "--hours must be above 0"),
    ],
)
def test_what_makes_no_sense_is_one_line(tmp_path, capsys, words, why):
    assert ablate(tmp_path, *words) == 2
    said = capsys.readouterr().err
    assert why in said and said.count("\n") == 1


def test_what_can_have_no_verdict_goes_no_further(tmp_path, trained):
    changed = ("--set", "train.batch_size=32")  # by hand: exploratory
    assert ablate(tmp_path, "--until", "decided", *changed) == 0
    assert Counter(momentum for momentum, _ in trained) == {0.9: 14, 0.5: 8, 0.6: 8, 0.7: 8}
