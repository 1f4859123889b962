"""The runner: what it computes, keeps and says, with a stand-in for the training."""

from __future__ import annotations

import dataclasses
import signal
import time
from pathlib import Path

import pytest
from quick_run import QUICK

from ablations import plan
from ablations.cli import command
from ablations.execution import progress, store, training
from ablations.execution.training import Machine, StoppedError
from ablations.studies.relu_vs_tanh import STUDY


def machine(out: Path, jobs: int = 2) -> Machine:
    return Machine(out=out, cache=out / "cache", jobs=jobs, threads=1)


def ablate(out: Path, *words: str) -> int:
    return command.main(["relu_vs_tanh", "--dataset", "builtin", "--out", str(out), *words])


# --- running -------------------------------------------------------------------------------


def test_finished_runs_are_never_computed_again_and_tables_keep_their_bytes(tmp_path, started):
    assert ablate(tmp_path, "--seeds", "2") == 0
    first = {path.name: path.read_bytes() for path in (tmp_path / "relu_vs_tanh").iterdir()}
    assert len(started) == 4 and {"summary.csv", "runs.csv", "index.html"} <= set(first)
    assert ablate(tmp_path, "--seeds", "2") == 0
    assert ablate(tmp_path, "--report-only") == 0
    assert len(started) == 4
    again = {path.name: path.read_bytes() for path in (tmp_path / "relu_vs_tanh").iterdir()}
    assert again == first


def test_more_seeds_compute_only_what_is_missing(tmp_path, started):
    ablate(tmp_path, "--seeds", "1")
    ablate(tmp_path, "--seeds", "3")
    assert len(started) == len(set(started)) == 6


def test_fresh_forgets_the_plan_and_nothing_else(tmp_path, started):
    ablate(tmp_path, "--seeds", "2")
    ablate(tmp_path, "--seeds", "1", "--fresh")
    assert len(started) == 6 and started[4:] == [i for i in started[:4] if i in started[4:]]
    ablate(tmp_path, "--seeds", "2")
    assert len(started) == 6


def test_a_failed_run_is_reported_and_tried_again_when_asked(
    tmp_path, started, monkeypatch, capsys
):
    monkeypatch.setenv("STAND_IN_CODE", "1")
    monkeypatch.setenv("STAND_IN_ARM", "tanh")
    assert ablate(tmp_path, "--seeds", "1") == 6
    assert "it went wrong" in capsys.readouterr().out
    page = (tmp_path / "relu_vs_tanh" / "index.html").read_text()
    assert "it went wrong" in page
    rows = (tmp_path / "relu_vs_tanh" / "runs.csv").read_text()
    assert rows.count(",failed,") == rows.count(",done,") == 1
    monkeypatch.delenv("STAND_IN_CODE")
    assert ablate(tmp_path, "--seeds", "1") == 6
    assert "--retry-failed" in capsys.readouterr().out and len(started) == 2
    assert ablate(tmp_path, "--seeds", "1", "--plan") == 0
    told = capsys.readouterr().out
    assert "1 run that failed before stays so" in told and "0 of 2 runs to compute" in told
    assert ablate(tmp_path, "--seeds", "1", "--retry-failed") == 0
    assert len(started) == 3 and not list(tmp_path.rglob("failed.json"))


def test_fail_fast_stops_at_the_first_failure_and_keeps_what_is_finished(
    tmp_path, started, monkeypatch, capsys
):
    monkeypatch.setenv("STAND_IN_CODE", "1")
    monkeypatch.setenv("STAND_IN_ARM", "tanh")
    assert ablate(tmp_path, "--jobs", "1", "--seeds", "3", "--fail-fast") == 6
    assert len(started) == 1
    rows = (tmp_path / "relu_vs_tanh" / "runs.csv").read_text()
    assert rows.count(",failed,") == 1 and rows.count(",new,") == 5


def test_a_killed_run_says_that_the_system_killed_it(tmp_path, started, monkeypatch):
    monkeypatch.setenv("STAND_IN_CODE", str(-signal.SIGKILL))
    runs = plan.reported_runs(STUDY, QUICK, {})[:1]
    events = list(training.execute(runs, machine(tmp_path)))
    assert [event.kind for event in events] == ["start", "failed"]
    assert "killed by the system" in events[-1].values["reason"]
    record = store.record(tmp_path, runs[0].experiment.run_id)
    assert record is not None and record.status == "failed"


@pytest.mark.parametrize("code", [3, 4])
def test_bad_data_or_a_full_disk_stop_everything(tmp_path, started, monkeypatch, code):
    monkeypatch.setenv("STAND_IN_CODE", str(code))
    runs = plan.reported_runs(STUDY, QUICK, {})
    with pytest.raises(StoppedError) as error:
        list(training.execute(runs, machine(tmp_path, jobs=1)))
    assert error.value.exit_code == code and len(started) == 1
    assert ablate(tmp_path, "--seeds", "1") == code


def test_a_run_that_another_process_holds_is_left_to_it(tmp_path, started, monkeypatch, capsys):
    monkeypatch.setenv("STAND_IN_CODE", "5")
    monkeypatch.setenv("STAND_IN_ARM", "tanh")
    assert ablate(tmp_path, "--seeds", "1") == 5
    assert capsys.readouterr().out.count("held") == 1
    assert not list(tmp_path.rglob("failed.json"))


def test_a_run_that_is_let_go_meanwhile_is_taken(tmp_path, started, monkeypatch):
    monkeypatch.setenv("STAND_IN_CODE", "5")
    runs, kinds = plan.reported_runs(STUDY, QUICK, {})[:2], []
    for event in training.execute(runs, machine(tmp_path, jobs=1)):
        kinds.append(event.kind)
        if len(started) == 2:  # both are held, and let go now
            monkeypatch.delenv("STAND_IN_CODE", raising=False)
    assert [kind for kind in kinds if kind in ("done", "held")] == ["done", "done"]
    assert started == 2 * started[:2]


def test_tensorboard_has_a_folder_of_each_run(tmp_path):
    there = dataclasses.replace(machine(tmp_path), tensorboard=tmp_path / "boards")
    run = plan.reported_runs(STUDY, QUICK, {})[0]
    words = training._command(run, there).argv
    board = words[words.index("--tensorboard") + 1]
    assert board == str(tmp_path / "boards" / run.experiment.run_id)


def test_leaving_early_stops_the_children(tmp_path, started, monkeypatch):
    monkeypatch.setenv("STAND_IN_SLEEP", "60")
    events = training.execute(plan.reported_runs(STUDY, QUICK, {}), machine(tmp_path))
    assert any(event.kind == "epoch" for event in events)
    begun = time.monotonic()
    events.close()
    assert time.monotonic() - begun < 30


def test_ctrl_c_says_how_to_continue(tmp_path, started, monkeypatch, capsys):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(progress.Progress, "__call__", interrupt)
    assert ablate(tmp_path) == 130
    said = capsys.readouterr().err
    assert "the same command continues" in said and "Traceback" not in said


def test_other_images_are_not_mixed_into_a_study(tmp_path, started, monkeypatch, capsys):
    from alexnet_tf import records
    from alexnet_tf.records import DataFacts

    ablate(tmp_path, "--seeds", "1")
    path = next(tmp_path.rglob("result.json"))
    record = records.read(path)
    facts = DataFacts(
        dataset="builtin",
        synthetic=True,
        train_images=10,
        validation_images=0,
        test_images=0,
        fingerprint="e" * 64,
        source="",
    )
    path.write_text(records.to_json(dataclasses.replace(record, data=facts)))
    assert ablate(tmp_path, "--seeds", "2") == 3
    assert "other images" in capsys.readouterr().err


def test_a_damaged_result_is_named_set_aside_and_computed_again(tmp_path, started, caplog):
    ablate(tmp_path, "--seeds", "1")
    path = next(tmp_path.rglob("result.json"))
    good = path.read_bytes()
    path.write_bytes(good[: len(good) // 2])
    assert ablate(tmp_path, "--seeds", "1") == 0
    assert str(path) in caplog.text
    assert path.read_bytes() == good and path.with_suffix(".corrupt").exists()


def test_a_damaged_result_beside_a_failure_is_set_aside_too(tmp_path):
    run = plan.reported_runs(STUDY, QUICK, {})[0]
    store.write_failure(tmp_path, run, "out of memory")
    path = store.folder(tmp_path, run.experiment.run_id) / "result.json"
    path.write_text("{")
    store.set_aside_damaged(tmp_path, run.experiment.run_id)
    assert not path.exists() and path.with_suffix(".corrupt").read_text() == "{"


def test_a_report_without_a_run_says_what_to_do(tmp_path, capsys):
    assert ablate(tmp_path, "--report-only") == 3
    assert "without --report-only" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_code_4_before_any_run(tmp_path, started, capsys):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert ablate(blocked / "reports") == 4
    assert str(blocked) in capsys.readouterr().err and not started


def test_settings_by_hand_are_named_and_carry_no_verdict(tmp_path, started, capsys):
    ablate(tmp_path, "--budget", "standard", "--set", "train.batch_size=64")
    said = capsys.readouterr().out
    assert "inconclusive" in said and "train.batch_size=64" in said
