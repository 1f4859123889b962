"""What computes, as a user asks for it: GPUs, pairs, a cluster that is not there."""

from __future__ import annotations

import dataclasses
import importlib
import io

import pytest
from fake_machines import FakeMachines
from quick_run import QUICK
from rich.console import Console

from ablations import plan, study
from ablations.cli import command
from ablations.execution import means, progress, training
from ablations.execution.cluster import Cluster
from ablations.execution.training import Event
from ablations.plan import Request
from ablations.studies.relu_vs_tanh import STUDY
from alexnet_tf.errors import SpecError


def test_without_ray_a_cluster_is_one_line_and_the_rest_works(tmp_path, monkeypatch, capsys):
    real = importlib.import_module

    def missing(name: str, package: str | None = None):
        if name == "ray":
            raise ModuleNotFoundError("No module named 'ray'")
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", missing)
    words = ["lrn", "--dataset", "builtin", "--out", str(tmp_path / "out")]
    assert command.main([*words, "--cluster", "h:1"]) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert "pip install 'alexnet-ablations[cluster]'" in line
    assert not (tmp_path / "out").exists()
    assert means.machine(tmp_path, jobs=None, threads=1).executor.words == ""


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"gpus": 3, "gpus_per_run": 2}, "needs an even number --gpus. Received: 3"),
        ({"gpus_per_run": 2}, "needs an even number --gpus. Received: 0"),
        ({"gpus": 2, "gpus_per_run": 0}, "--gpus-per-run must be 1 or 2. Received: 0"),
        ({"gpus": -1}, "--gpus must be a whole number, at least 1. Received: -1"),
    ],
)
def test_gpus_that_make_no_sense_are_one_line(tmp_path, asked, said):
    with pytest.raises(SpecError, match=said):
        means.machine(tmp_path, jobs=1, threads=1, **asked)


def test_each_training_of_a_pair_sees_two_gpus_and_two_towers_use_both(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6,7")
    here = means.machine(tmp_path, jobs=None, threads=1, gpus=4, gpus_per_run=2)
    assert here.jobs == 2
    assert here.places() == ({"CUDA_VISIBLE_DEVICES": "4,5"}, {"CUDA_VISIBLE_DEVICES": "6,7"})
    runs = plan.reported_runs(study.load("one_vs_two_gpus"), Request(dataset="builtin"), {})
    for run in runs:
        words = training._command(run, here).argv
        both = words[words.index("--devices") + 1] if "--devices" in words else ""
        assert both == ("GPU:0,GPU:1" if run.experiment.model.towers == 2 else "")
    assert len({run.experiment.model.towers for run in runs}) == 2


def test_every_training_is_told_where_its_states_go(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (run, *_) = plan.reported_runs(STUDY, QUICK, {})
    for given, told in (("s", str(tmp_path.resolve() / "s")), ("s3://b/s", "s3://b/s")):
        here = means.machine(tmp_path / "out", jobs=1, threads=1, states=given)
        words = training._command(run, here).argv
        assert words[words.index("--states") + 1] == told
    assert "--states" not in training._command(run, dataclasses.replace(here, states=None)).argv


def test_progress_names_machines_and_slots_and_a_lost_run_waits(tmp_path):
    run = plan.reported_runs(STUDY, QUICK, {})[0]
    cluster = Cluster(FakeMachines(["a", "b"], slots=3))
    here = training.Machine(
        out=tmp_path, cache=tmp_path, jobs=cluster.slots, threads=1, cluster=cluster
    )
    assert here.side_by_side == "6 side by side, 6 slots on 2 machines"
    told = io.StringIO()
    console = Console(file=told, width=120, force_terminal=True)
    with progress.Progress(console, {run.experiment.run_id: 20.0}, here) as show:
        show(Event(run, "start", {}, "a"))
        assert show.active and not show.waiting
        show(Event(run, "lost", {}, "a"))
        assert not show.active and show.waiting
        show(Event(run, "start", {}, "b"))
        show(Event(run, "done", {}, "b"))
        show(Event(run, "again", {}))
        assert (show.done, set(show.waiting)) == (0, {run.experiment.run_id})
        show(Event(run, "done", {}, "b"))
        assert show.done == 1 and show._left().endswith("; 6 slots on 2 machines")
    assert "machine" in told.getvalue() and " on b" in told.getvalue()


def test_a_cluster_sees_no_gpus_of_this_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    facts = {"out": tmp_path, "cache": tmp_path, "jobs": 1, "threads": 1}
    here = training.Machine(**facts, gpus=8, cluster=Cluster(FakeMachines(["a"])))
    assert here.places() == () and dataclasses.replace(here, jobs=2).executor is here.cluster
