"""Several studies in one go: shared runs, their order, inspections, reports, and going on."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import tiny

from ablations import plan, study
from ablations.cli import command, probe_table
from ablations.execution import cost, speeds
from ablations.execution.datasets import Facts
from ablations.execution.speeds import Speed
from ablations.execution.training import Machine
from ablations.plan import Plan, Request, cheapest_first, reported_runs
from alexnet_tf.spec import PAPER, replace

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


@pytest.fixture
def slow_tanh(tmp_path) -> str:
    path = tmp_path / "slow_tanh.py"
    path.write_text(SLOW_TANH)
    return str(path)


def ablate(out: Path, *words: str) -> int:
    return command.main(["--dataset", "builtin", "--out", str(out), *words])


def task(name: str, **request) -> Plan:
    asked = Request(**{"dataset": "builtin", **request})
    return Plan(name=name, study=study.load(name), request=asked)


def runs_of(item: Plan) -> tuple[plan.PlannedRun, ...]:
    return reported_runs(item.study, item.request, {})


# --- order and sharing --------------------------------------------------------------------


def test_every_run_of_the_suite_is_planned_once_and_the_cheapest_study_first():
    tasks = [task(name) for name in study.names()]
    ordered = cheapest_first([(item, runs_of(item)) for item in tasks])
    ids = [run.experiment.run_id for _, runs in ordered for run in runs]
    assert len(ids) == len(set(ids))
    assert set(ids) == {run.experiment.run_id for item in tasks for run in runs_of(item)}
    costs = [sum(map(item.work, runs_of(item))) for item, _ in ordered]
    assert costs == sorted(costs)
    for item, runs in ordered:
        work = [item.work(run) for run in runs]
        assert work == sorted(work, reverse=True)


def test_work_counts_epochs_images_and_operations():
    item = task("relu_vs_tanh")
    run = runs_of(item)[0]
    assert item.work(run) == 24 * 2000 * run.experiment.model.flops()
    full = runs_of(task("lrn", budget="full", dataset="cifar10"))[0].experiment
    assert plan.epoch_work(full) == 45_000 * full.model.flops()
    photographs = task("lrn", budget="full", dataset="imagenet")
    assert plan.epoch_work(runs_of(photographs)[0].experiment) == 1_271_167 * PAPER.model.flops()


def test_two_studies_train_what_they_share_once(tmp_path, started, slow_tanh, capsys):
    out = tmp_path / "out"
    assert ablate(out, "relu_vs_tanh", slow_tanh, "--seeds", "1", "--jobs", "1") == 0
    assert len(started) == len(set(started)) == 5
    cheap = {run.experiment.run_id for run in runs_of(task(slow_tanh, seeds=1))}
    assert set(started[:2]) == cheap
    rows = pd.read_csv(out / "slow_tanh" / "runs.csv")
    assert set(rows.run_id) == cheap and set(rows.status) == {"done"}
    said = capsys.readouterr().out
    assert "slow_tanh: relu seed 0" in said and "relu_vs_tanh: tanh seed 0" in said
    assert f"index: {out / 'index.html'}" in said
    assert f"python -m ablations.run {slow_tanh} " in (out / "slow_tanh/index.html").read_text()
    assert ablate(out, slow_tanh, "--seeds", "1") == 0 and len(started) == 5


def test_all_is_every_study_with_one_report_each(tmp_path, started, slow_tanh, monkeypatch):
    monkeypatch.setattr(study, "names", lambda: ["relu_vs_tanh"])
    assert ablate(tmp_path, "all", slow_tanh, "--seeds", "1") == 0
    pages = {path.parent.name: path.read_bytes() for path in tmp_path.glob("*/index.html")}
    assert set(pages) == {"relu_vs_tanh", "slow_tanh"}
    for name in pages:
        (tmp_path / name / "index.html").unlink()
    assert ablate(tmp_path, "all", slow_tanh, "--report-only") == 0
    again = {path.parent.name: path.read_bytes() for path in tmp_path.glob("*/index.html")}
    assert again == pages and len(started) == 5


def test_a_failure_in_one_study_leaves_the_other_whole(tmp_path, started, slow_tanh, monkeypatch):
    monkeypatch.setenv("STAND_IN_CODE", "1")
    monkeypatch.setenv("STAND_IN_ARM", "tanh")
    out = tmp_path / "out"
    assert ablate(out, "relu_vs_tanh", slow_tanh, "--seeds", "1") == 6
    for name, failed in (("relu_vs_tanh", 2), ("slow_tanh", 1)):
        assert list(pd.read_csv(out / name / "runs.csv").status).count("failed") == failed


def test_a_setting_that_makes_no_study_names_it(tmp_path, capsys):
    assert ablate(tmp_path, "lrn", "weight_decay", "--set", "train.weight_decay=0") == 2
    assert "weight_decay: with" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_the_list_names_every_study_with_its_claim_and_the_papers_value(capsys):
    assert command.main(["--list"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for name in study.names():
        item = study.load(name)
        claims = ", ".join(item.claim_ids)
        assert f"{name} (section {item.section}; {claims}; the paper: {item.paper_value})" in said
        assert " ".join(item.claim.split()) in said


# --- what is shown before -----------------------------------------------------------------


def test_the_plan_of_several_studies_is_a_row_each_and_a_total(
    tmp_path, started, slow_tanh, monkeypatch, capsys
):
    probed = []

    def probe(runs, machine, tell):
        probed.extend(run.arm for run in runs)
        return [
            Speed(arm=run.arm, experiment=run.experiment, images_per_second=1000.0, start=6.4)
            for run in runs
        ]

    monkeypatch.setattr(cost, "probe", probe)
    words = ("relu_vs_tanh", slow_tanh, "--seeds", "1", "--plan", "--jobs", "1")
    assert ablate(tmp_path, *words) == 0
    said = capsys.readouterr().out
    assert len(probed) == 1  # one four-layer net stands for all
    assert re.search(r"slow_tanh +2 +1 +2 +2 min 48 s", said)
    assert re.search(r"relu_vs_tanh +4 +1 +3 +3 min 54 s", said)
    assert "5 of 5 runs to compute, 1 side by side: about 6 min 42 s" in said
    assert not started and not list(tmp_path.glob("runs/*"))


def test_a_nets_time_follows_from_its_operations_and_its_kind():
    lrn, local = task("one_vs_two_gpus"), task("lrn_cifar")
    (net, half), other = runs_of(lrn)[:2], runs_of(local)[0]
    measured = [
        Speed(arm=r.arm, experiment=r.experiment, images_per_second=v, start=5.0)
        for r, v in ((net, 1000.0), (other, 200.0))
    ]
    facts = Facts(train_images=50_000, fingerprint="", test_images=10_000)
    # 2,000 training images, 5,000 for validation, ten views of 2,000 test images
    evaluated = 0.4 * (2000 + 5000 + 20_000)
    assert cost.seconds(lrn, net, measured, facts) == pytest.approx(
        5 + (8 * 2000 + evaluated) / 1000
    )
    share = half.experiment.model.flops() / net.experiment.model.flops()
    assert cost.seconds(lrn, half, measured, facts) == pytest.approx(
        5 + (8 * 2000 + evaluated) / 1000 * share
    )
    assert cost.seconds(local, other, measured, facts) == pytest.approx(
        5 + (4 * 2000 + evaluated) / 200
    )


def test_a_measured_speed_is_kept_for_its_net_machine_and_versions(tmp_path, monkeypatch):
    run = runs_of(task("lrn"))[0]
    here = Machine(out=tmp_path, cache=tmp_path / "cache", jobs=2, threads=1)
    speed = Speed(arm="x", experiment=run.experiment, images_per_second=123.0, start=4.0)
    speeds.keep([speed], here)
    monkeypatch.setattr(cost, "probe", lambda *_: pytest.fail("it was measured before"))
    seeded = dataclasses.replace(run, experiment=replace(run.experiment, seed=7))
    (found,) = cost.measure([seeded], here)
    assert (found.images_per_second, found.start, found.arm) == (123.0, 4.0, run.arm)
    others = [
        ({"train.batch_size": 7}, here),
        ({"model.dense.0.units": 6}, here),
        ({"train.precision": "mixed_bfloat16"}, here),
        ({}, dataclasses.replace(here, jobs=1)),
        ({}, dataclasses.replace(here, threads=2)),
    ]
    for changes, machine in others:
        assert speeds.kept("x", replace(run.experiment, changes), machine) is None
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert speeds.kept("x", run.experiment, here) is None


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"KEY": 3}', b'{"KEY": {"start": -1}}'])
def test_damaged_speeds_are_measured_anew(tmp_path, content):
    run = runs_of(task("lrn"))[0]
    here = Machine(out=tmp_path, cache=tmp_path, jobs=1, threads=1)
    speed = Speed(arm="x", experiment=run.experiment, images_per_second=123.0, start=4.0)
    speeds.keep([speed], here)
    path = tmp_path / "speeds.json"
    (key,) = json.loads(path.read_bytes())
    path.write_bytes(content.replace(b"KEY", key.encode()))
    assert speeds.kept("x", run.experiment, here) is None
    speeds.keep([speed], here)
    assert speeds.kept("x", run.experiment, here) is not None


def test_the_probe_shows_every_arm_and_writes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(probe_table, "images_per_second", lambda experiment, threads: 1000.0)
    monkeypatch.chdir(tmp_path)
    assert command.main(["lrn", "--probe"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"no_lrn +665,226 +16.6 +64.0 ms +1000", said)
    assert "model.convs.0.norm: removed" in said and not list(tmp_path.iterdir())


def test_a_step_is_really_measured_in_a_process_of_its_own():
    from ablations.execution.steps import images_per_second

    assert images_per_second(tiny.experiment(), threads=1) > 0
    broken = replace(tiny.experiment(), {"train.batch_size": 10**9})
    with pytest.raises(RuntimeError):
        images_per_second(broken, threads=1)


# --- ImageNet -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["relu_vs_tanh"], 2, "cannot be run on ImageNet"),
        (["lrn"], 3, "python -m alexnet_tf.data.prepare"),
        (["lrn", "--data-dir", "nowhere"], 3, "nowhere holds no index.json"),
    ],
)
def test_photographs_must_be_there_and_the_study_must_be_for_them(
    tmp_path, monkeypatch, capsys, words, code, why
):
    monkeypatch.chdir(tmp_path)
    assert command.main([*words, "--dataset", "imagenet"]) == code
    said = capsys.readouterr().err
    assert why in said and said.count("\n") == 1


def test_on_photographs_the_arms_are_the_papers_own(tmp_path):
    item = task("lrn", dataset="imagenet", budget="standard")
    runs = runs_of(item)
    assert len(runs) == 15 and runs[0].experiment.model == PAPER.model
    assert runs[0].experiment.data.dataset == "imagenet"


# --- killed, and going on -----------------------------------------------------------------

TINY = """
from ablations.study import Budget, Comparison, EpochsToError, Search, SpeedStudy
from alexnet_tf.spec import from_json, replace
BASE = from_json('''{base}''')
OTHER = replace(BASE, {change})
STUDY = SpeedStudy(
    name="{name}", title="t", claim="c", claim_ids=("C0",), section="s", limits="l",
    outcome=EpochsToError(threshold=0.5),
    arms={{"base": BASE, "other": OTHER}},
    labels={{"base": "the base", "other": "the other"}},
    comparisons=(
        Comparison(
            name="c", baseline="base", variant="other", quantity="epochs_to_error",
            scale="ratio", claimed="within", paper=2.0, smallest=1.5,
        ),
    ),
    search=Search(grids={{"c": (0.01, 0.02)}}, seeds=(1000,), epochs=3),
    budgets={{"quick": Budget(seeds=1, epochs=10)}},
)
"""
MEASURED = ["seconds", "images_per_second", "resumes"]


@pytest.mark.timeout(900)
def test_killed_and_continued_gives_the_tables_of_an_uninterrupted_run(tmp_path, prepared):
    from alexnet_tf.spec import to_json

    changes = {"tiny_tanh": '{"model.activation": "tanh"}', "tiny_slow": '{"train.momentum": 0.5}'}
    for name, change in changes.items():
        text = TINY.format(base=to_json(tiny.experiment()), change=change, name=name)
        (tmp_path / f"{name}.py").write_text(text)

    def start(out: str) -> subprocess.Popen[str]:
        words = [*(f"./{name}.py" for name in changes), "--dataset", "cifar10", "--out", out]
        return subprocess.Popen(
            [*COMMAND, *words, "--data-dir", str(prepared.data_dir)],
            cwd=tmp_path,
            env=tiny.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    for out in ("whole", "killed"):
        shutil.copytree(prepared.cache, tmp_path / out / "cache")
    whole = start("whole")
    said = whole.communicate()[0]
    assert whole.returncode == 0, said
    assert len(list(tmp_path.glob("whole/runs/*/result.json"))) == 3

    for sign in ("runs/*/epoch_*.state", "runs/*/result.json"):
        killed = start("killed")
        while killed.poll() is None and not list((tmp_path / "killed").glob(sign)):
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(killed.pid, signal.SIGKILL)
        killed.communicate()
    going_on = start("killed")
    assert going_on.communicate() and going_on.returncode == 0
    assert len(list(tmp_path.glob("killed/runs/*/result.json"))) == 3
    tables = sorted(path.relative_to(tmp_path / "whole") for path in tmp_path.glob("whole/*/*.csv"))
    assert len(tables) == 8
    for name in tables:
        one, two = ((tmp_path / out / name) for out in ("whole", "killed"))
        if name.name == "runs.csv":
            assert unmeasured(one) == unmeasured(two), name
        else:
            assert one.read_bytes() == two.read_bytes(), name


COMMAND = [sys.executable, "-m", "ablations.run"]


def unmeasured(path: Path) -> str:
    """The table as text without what a clock or the killing itself changed."""
    return pd.read_csv(path, dtype=str).drop(columns=MEASURED, errors="ignore").to_csv()
