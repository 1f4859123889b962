"""Several studies in one go: shared runs, their order, inspections, reports."""

from __future__ import annotations

import pandas as pd
from suite_of_two import ablate, runs_of, task

from ablations import plan, study
from ablations.cli import command
from ablations.plan import cheapest_first
from alexnet_tf.spec import PAPER

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
    assert item.work(run) == 20 * 1500 * run.experiment.model.flops()
    full = runs_of(task("lrn", budget="full", dataset="cifar10"))[0].experiment
    assert plan.epoch_work(full) == 45_000 * full.model.flops()
    photographs = task("lrn", budget="full", dataset="imagenet")
    assert plan.epoch_work(runs_of(photographs)[0].experiment) == 1_271_167 * PAPER.model.flops()


def test_two_studies_train_what_they_share_once(tmp_path, started, slow_tanh, capsys):
    out = tmp_path / "out"
    assert ablate(out, slow_tanh, "relu_vs_tanh", "--seeds", "1", "--jobs", "1") == 0
    assert len(started) == len(set(started)) == 3
    cheap = {run.experiment.run_id for run in runs_of(task(slow_tanh, seeds=1))}
    assert set(started[:2]) == cheap
    rows = pd.read_csv(out / "slow_tanh" / "runs.csv")
    assert set(rows.run_id) == cheap and set(rows.status) == {"done"}
    said = capsys.readouterr().out
    assert "slow_tanh: relu seed 0" in said and "relu_vs_tanh: tanh seed 0" in said
    assert f"index: {out / 'index.html'}" in said
    assert f"python -m ablations.run {slow_tanh} " in (out / "slow_tanh/index.html").read_text()
    assert ablate(out, slow_tanh, "--seeds", "1") == 0 and len(started) == 3


def test_all_is_every_study_with_one_report_each(tmp_path, started, slow_tanh, monkeypatch):
    monkeypatch.setattr(study, "names", lambda: ["relu_vs_tanh"])
    assert ablate(tmp_path, "all", slow_tanh, "--seeds", "1") == 0
    pages = {path.parent.name: path.read_bytes() for path in tmp_path.glob("*/index.html")}
    assert set(pages) == {"relu_vs_tanh", "slow_tanh"}
    for name in pages:
        (tmp_path / name / "index.html").unlink()
    assert ablate(tmp_path, "all", slow_tanh, "--report-only") == 0
    again = {path.parent.name: path.read_bytes() for path in tmp_path.glob("*/index.html")}
    assert again == pages and len(started) == 3


def test_a_failure_in_one_study_leaves_the_other_whole(tmp_path, started, slow_tanh, monkeypatch):
    monkeypatch.setenv("STAND_IN_CODE", "1")
    monkeypatch.setenv("STAND_IN_ARM", "tanh")
    out = tmp_path / "out"
    assert ablate(out, slow_tanh, "relu_vs_tanh", "--seeds", "1") == 6
    for name, failed in (("relu_vs_tanh", 1), ("slow_tanh", 1)):
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
        paper = " ".join(item.paper_value.split())
        assert f"{name} (section {item.section}; {claims}; the paper: {paper})" in said
        assert " ".join(item.claim.split()) in said
