"""Output before anything is computed: the plan, its cost, the probe."""

from __future__ import annotations

import dataclasses
import re

import fake_runs
import pytest
import tiny
from suite_of_two import ablate, runs_of, task

from ablations.cli import command, probe_table
from ablations.execution import cost, speeds, store
from ablations.execution.datasets import Facts
from ablations.execution.speeds import Speed
from ablations.execution.training import Event, Machine, StoppedError
from alexnet_tf import files, records, sealed
from alexnet_tf.spec import PAPER, replace

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
        ], {}

    monkeypatch.setattr(cost, "probe", probe)
    words = ("relu_vs_tanh", slow_tanh, "--seeds", "1", "--plan", "--jobs", "1")
    assert ablate(tmp_path, *words) == 0
    said = capsys.readouterr().out
    assert len(probed) == 1  # one four-layer net stands for all
    assert re.search(r"relu_vs_tanh +2 +1 +2 +1 min 44 s", said)
    assert re.search(r"slow_tanh +2 +1 +1 +1 min 04 s", said)
    assert "3 of 3 runs to compute, 1 side by side: about 2 min 47 s" in said
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
    (key,) = sealed.loads(path.read_bytes())
    path.write_bytes(content.replace(b"KEY", key.encode()))
    assert speeds.kept("x", run.experiment, here) is None
    speeds.keep([speed], here)
    assert speeds.kept("x", run.experiment, here) is not None


def test_a_net_whose_probe_diverges_is_named_and_its_steps_are_timed(tmp_path, monkeypatch):
    lrn = task("lrn")
    runs = cost.representatives([(lrn, run) for run in lrn.runs])
    here = Machine(out=tmp_path, cache=tmp_path, jobs=2, threads=1)

    def trained(trials, machine):
        for trial in trials:
            yield Event(trial, "start", {})
            if trial.arm == runs[0].arm:
                wild = fake_runs.record(trial.experiment, status="diverged", reason="NaN")
                path = store.folder(machine.out, wild.run_id) / "result.json"
                files.write_atomic(path, records.to_json(wild).encode())
                yield Event(trial, "done", {})
            else:
                yield Event(trial, "failed", {"reason": "no memory"})

    said: list[str] = []
    monkeypatch.setattr(cost, "execute", trained)
    monkeypatch.setattr(cost, "images_per_second", lambda experiment, threads: 500.0)
    found = cost.measure(runs, here, note=said.append)
    assert [(speed.arm, speed.images_per_second) for speed in found] == [
        (run.arm, 500.0) for run in runs
    ]
    timed = "its single steps are timed instead"
    assert said == [
        f"the probe of {runs[0].arm} diverged: {timed}",
        f"the probe of {runs[1].arm} failed (no memory): {timed}",
    ]


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
    with pytest.raises(StoppedError) as stopped:
        images_per_second(broken, threads=1)
    assert stopped.value.exit_code == 4 and "\n" not in str(stopped.value)


def test_the_nets_that_are_measured_are_of_a_comparison_of_the_budgets_arms():
    whole = task("lrn", budget="standard")
    budget = dataclasses.replace(whole.budget, arms=("paper", "constant"))
    chosen = dataclasses.replace(whole.study, budgets={"standard": budget})
    plan = dataclasses.replace(whole, study=chosen)
    measured = cost.representatives([(plan, run) for run in plan.reported])
    assert [run.arm for run in measured] == ["paper", "constant"]


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
    assert len(runs) == 24 and runs[0].experiment.model == PAPER.model
    assert runs[0].experiment.data.dataset == "imagenet"


def test_the_probe_refuses_a_folder_below_a_file_as_a_run_does(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(probe_table, "images_per_second", lambda experiment, threads: 1000.0)
    (tmp_path / "file").write_text("")
    assert command.main(["lrn", "--probe", "--out", str(tmp_path / "file" / "reports")]) == 4
    said = capsys.readouterr().err
    assert str(tmp_path / "file" / "reports") in said and said.count("\n") == 1
