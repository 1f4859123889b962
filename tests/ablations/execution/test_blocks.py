"""Runs of one seed stay in one arithmetic."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from fake_runs import ENVIRONMENT, FACTS
from quick_run import QUICK

from ablations import plan
from ablations.execution import store
from ablations.execution.blocks import SeedBlocks, arithmetic
from ablations.plan import PlannedRun
from ablations.studies.relu_vs_tanh import STUDY
from alexnet_tf import files, records
from alexnet_tf.records import Environment, RunRecord

OTHER = dataclasses.replace(ENVIRONMENT, onednn="0")


def finish(out: Path, run: PlannedRun, environment: Environment) -> None:
    record = RunRecord(
        experiment=run.experiment, status="done", environment=environment, data=FACTS
    )
    path = store.folder(out, record.run_id) / "result.json"
    files.write_atomic(path, records.to_json(record).encode())


def begin(out: Path, run: PlannedRun, environment: Environment) -> Path:
    path = store.folder(out, run.experiment.run_id) / "epoch_00003.state"
    header = json.dumps({"environment": environment.fingerprint()})
    files.write_atomic(path, f"hash\n{header}\narrays".encode())
    return path


def of_seeds() -> tuple[list[PlannedRun], list[PlannedRun]]:
    """The runs of seed 0 and those of seed 1."""
    runs = plan.reported_runs(STUDY, dataclasses.replace(QUICK, seeds=2), {})
    first = [run for run in runs if run.experiment.seed == 0]
    return first, [run for run in runs if run.experiment.seed == 1]


def test_host_and_cores_are_no_other_arithmetic_and_onednn_is():
    here = arithmetic(ENVIRONMENT.fingerprint())
    moved = dataclasses.replace(ENVIRONMENT, host="elsewhere", cores=64, memory_gib=1.0)
    assert arithmetic(moved.fingerprint()) == here != arithmetic(OTHER.fingerprint())


def test_of_a_gpu_the_driver_counts_and_libraries_are_not_known_before():
    cuda = "compute capability 9.0, driver 580.1, CUDA 12.9, cuDNN 9.12.0"
    facts = {"device": "NVIDIA H200"}
    known = arithmetic({**facts, "cuda": cuda})
    assert known == arithmetic({**facts, "cuda": "driver 580.1"})
    assert known != arithmetic({**facts, "cuda": "driver 580.2"})


def test_a_result_decides_then_a_state_then_nothing(tmp_path):
    first, second = of_seeds()
    blocks = SeedBlocks(tmp_path, [*first, *second], [])
    assert blocks.of(second[0]) == 1 and blocks.arithmetic(0) is None
    begin(tmp_path, first[0], OTHER)
    assert blocks.arithmetic(0) == arithmetic(OTHER.fingerprint())
    finish(tmp_path, first[1], ENVIRONMENT)
    assert blocks.arithmetic(0) == arithmetic(ENVIRONMENT.fingerprint())
    assert blocks.arithmetic(1) is None


def test_a_state_of_another_arithmetic_is_dropped_and_its_own_is_kept(tmp_path):
    (run, *_), _ = of_seeds()
    blocks = SeedBlocks(tmp_path, [run], [])
    state = begin(tmp_path, run, ENVIRONMENT)
    blocks.enter(run, arithmetic(ENVIRONMENT.fingerprint()))
    assert state.exists()
    blocks.enter(run, arithmetic(OTHER.fingerprint()))
    assert not state.exists()


def test_a_seed_that_starts_again_keeps_its_old_results_aside(tmp_path):
    first, second = of_seeds()
    finish(tmp_path, first[0], ENVIRONMENT)
    finish(tmp_path, second[0], ENVIRONMENT)
    state = begin(tmp_path, first[1], ENVIRONMENT)
    blocks = SeedBlocks(tmp_path, [*first, *second], [])
    known = store.Records(tmp_path)
    assert known.read(first)[0].record is not None
    assert list(blocks.restart(0)) == [first[0]] and blocks.arithmetic(0) is None
    assert not state.exists() and blocks.arithmetic(1) is not None
    assert known.read(first)[0].record is None  # although it was read before
    place = store.folder(tmp_path, first[0].experiment.run_id)
    assert [path.name for path in place.iterdir()] == ["result.aside"]
