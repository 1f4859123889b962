"""Measurements of trained nets beyond their records, and the verdicts of scores."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import made_up
import pytest
from fake_machines import FakeMachines
from rich.console import Console

from ablations import study
from ablations.cli import command
from ablations.execution import inspection, store
from ablations.execution.cluster import Cluster
from ablations.execution.training import Machine
from ablations.plan import Plan, Request, StudyRun, reported_runs
from ablations.study import Budget
from alexnet_tf import files, records


def ablate(out: Path, *words: str) -> int:
    return command.main(["--dataset", "builtin", "--out", str(out), *words])


INSPECT = """
import json, os, sys
from pathlib import Path
from alexnet_tf import files
if os.environ.get("INSPECT_FAILS"):
    print("alexnet_tf.inspect_net: no such net", file=sys.stderr)
    sys.exit(int(os.environ["INSPECT_FAILS"]))
names = sys.argv[2:]
held = {"weights_sha256": "", "values": dict.fromkeys(names, 50.0)}
files.write_atomic(Path(sys.argv[1]) / "inspection.json", json.dumps(held).encode())
"""


@pytest.fixture
def inspected(monkeypatch) -> list[str]:
    """Replace the inspection of nets; return the inspected run ids."""
    ids: list[str] = []

    real = inspection._command

    def inspect(asked, machine):
        ids.append(asked.run_id)
        command = real(asked, machine)
        names = [n for n, part in inspection.INSPECTED.items() if part in asked.parts]
        words = (sys.executable, "-c", INSPECT, str(command.log.parent), *names)
        return dataclasses.replace(command, argv=words)

    monkeypatch.setattr(inspection, "_command", inspect)
    return ids


def test_nets_are_inspected_once_where_a_difference_needs_it(tmp_path, started, inspected, capsys):
    assert ablate(tmp_path, "dropout") == 0
    planned = reported_runs(study.load("dropout"), Request(dataset="builtin"), {})
    paper = [r.experiment.run_id for r in planned if r.arm == "paper"]
    assert sorted(inspected) == sorted(paper)
    said = capsys.readouterr().out
    assert "inspected paper seed 1" in said and "overfitting: inconclusive" in said
    assert "convergence" not in said  # secondary
    assert ablate(tmp_path, "dropout") == 0 and len(inspected) == 2


def test_an_inspection_that_fails_is_told_and_tried_again(
    tmp_path, started, inspected, monkeypatch, capsys
):
    monkeypatch.setenv("INSPECT_FAILS", "1")
    assert ablate(tmp_path, "dropout", "--seeds", "1") == 6
    assert "exit code 1: no such net" in capsys.readouterr().out
    monkeypatch.delenv("INSPECT_FAILS")
    assert ablate(tmp_path, "dropout", "--seeds", "1") == 0
    assert len(started) == 5 and len(inspected) == 2


def test_a_net_that_another_process_holds_is_tried_three_times_and_told(
    tmp_path, started, inspected, monkeypatch, capsys
):
    monkeypatch.setenv("INSPECT_FAILS", "5")
    assert ablate(tmp_path, "dropout", "--seeds", "1") == 5
    told = capsys.readouterr().out
    assert told.count("not inspected paper seed ") == 1 and len(inspected) == 3
    assert "inspection failed" not in told


def test_a_net_that_is_not_kept_is_left_open(tmp_path, started, inspected, capsys):
    ablate(tmp_path, "dropout", "--seeds", "1")
    for path in tmp_path.glob("runs/*/inspection.json"):
        path.unlink()
        (path.parent / "model.keras").unlink()
    assert ablate(tmp_path, "dropout", "--seeds", "1") == 0
    assert "1 trained nets are not kept" in capsys.readouterr().out and len(inspected) == 1


def test_a_study_without_measured_quantities_needs_no_inspection(tmp_path, started, inspected):
    assert ablate(tmp_path, "bias_one", "--seeds", "1") == 0 and not inspected


def test_what_only_a_comparison_that_is_left_out_needs_is_not_inspected():
    given = made_up.study(
        made_up.difference(),
        made_up.difference(name="d", variant="d", quantity="norm_spread"),
        budgets={"standard": Budget(seeds=1, epochs=None, arms=("paper", "b"))},
    )
    plan = Plan(name="made_up", study=given, request=Request(budget="standard"))
    assert inspection.needed([(plan, [made_up.run("paper", 0)])]) == []


def test_what_shows_that_the_treatment_happened_is_measured(tmp_path, started, inspected, capsys):
    assert ablate(tmp_path, "lrn", "--seeds", "1") == 0 and len(inspected) == 1
    said = "check: paper: relative spread of a norm's factor 50 %, needed at least 5"
    assert said in capsys.readouterr().out


def test_a_net_of_two_studies_is_inspected_once_for_both(tmp_path, started, inspected):
    assert ablate(tmp_path, "lrn", "crop_flip", "--seeds", "1") == 0 and len(inspected) == 1


def test_a_check_that_a_quick_run_misses_says_whose_limits_they_are(
    tmp_path, started, inspected, capsys
):
    assert ablate(tmp_path, "lrn", "--seeds", "1") == 0
    sentence = "The limits are those of fully trained nets; a quick run may miss them."
    assert sentence not in capsys.readouterr().out
    path = next(tmp_path.glob("runs/*/inspection.json"))
    path.write_text(path.read_text().replace("50.0", "1.0"))
    assert ablate(tmp_path, "lrn", "--seeds", "1", "--report-only") == 0
    assert sentence in capsys.readouterr().out
    assert sentence in (tmp_path / "lrn" / "index.html").read_text()


def test_a_measured_number_that_is_not_finite_counts_as_not_measured(tmp_path):
    run = made_up.run("paper", 0)
    assert run.record is not None
    place = store.folder(tmp_path, run.record.run_id)
    files.write_atomic(place / "result.json", records.to_json(run.record).encode())
    held = {"weights_sha256": run.record.weights_sha256, "values": {"a": 1.0, "b": float("nan")}}
    files.write_atomic(place / "inspection.json", json.dumps(held).encode())
    assert store.read(tmp_path, [run.planned])[0].inspection == {"a": 1.0}


def test_nets_are_inspected_on_a_cluster_too(tmp_path, inspected, capsys):
    item = Plan(name="dropout", study=study.load("dropout"), request=Request(dataset="builtin"))
    runs = [run for run in item.reported if run.arm == "paper"]
    for run in runs:
        folder = store.folder(tmp_path, run.experiment.run_id)
        files.write_atomic(folder / "model.keras", b"a net")
    machines = FakeMachines(["a", "b"])
    here = Machine(out=tmp_path, cache=tmp_path, jobs=2, threads=1, cluster=Cluster(machines))
    asked = [
        inspection.Inspection(run=StudyRun(planned=run, record=None), parts=("dropout",))
        for run in runs
    ]
    assert inspection.inspect(Console(), asked, here) == 0
    assert capsys.readouterr().out.count("inspected paper seed") == len(runs) == 2
    for run in runs:
        folder = store.folder(tmp_path, run.experiment.run_id)
        assert (folder / "inspection.json").exists()
    assert {node for node, _ in machines.began} == {"a", "b"}
