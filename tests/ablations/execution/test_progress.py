"""Output while runs are computed; the main job with real trainings."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from quick_run import QUICK
from rich.console import Console

from ablations import plan
from ablations.execution import progress
from ablations.execution.training import Event, Machine
from ablations.studies.relu_vs_tanh import STUDY

# --- what is shown -------------------------------------------------------------------------


MACHINE = Machine(out=Path("out"), cache=Path("cache"), jobs=1, threads=1)


def test_a_live_table_and_plain_lines_tell_the_same_runs():
    planned = plan.reported_runs(STUDY, QUICK, {})[0]
    values = {
        "event": "epoch",
        "epoch": 3,
        "step": 16,
        "steps": 16,
        "train_error": 0.5,
        "images_per_second": 1000.0,
    }
    for terminal in (True, False):
        told = io.StringIO()
        console = Console(file=told, force_terminal=terminal, width=100, highlight=False)
        with progress.Progress(console, {planned.experiment.run_id: 24.0}, MACHINE) as show:
            show(Event(planned, "start", {}))
            assert show.seconds_left() is None
            show(Event(planned, "epoch", values))
            left = show.seconds_left()
            batch = planned.experiment.train.batch_size
            assert left is not None and left == pytest.approx(21 * 16 * batch / 1000)
            show(Event(planned, "done", {}))
        assert "relu seed 0" in told.getvalue() and "0.500" in told.getvalue()
        assert ("\x1b" in told.getvalue()) == terminal


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.6, "1 min 00 s"), (245, "4 min 05 s"), (6720, "1 h 52 min")],
)
def test_durations_read_as_a_person_would_say_them(seconds, words):
    assert progress.duration(seconds) == words


# --- the whole way -------------------------------------------------------------------------


@pytest.mark.timeout(900)
def test_the_main_job_trains_for_real_on_the_built_in_images(tmp_path):
    command = [sys.executable, "-m", "ablations.run", "relu_vs_tanh", "--dataset", "builtin"]
    command += ["--seeds", "1", "--epochs", "1", "--set", "data.train_images=200"]
    command += ["--out", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    records = [json.loads(path.read_text()) for path in tmp_path.glob("runs/*/result.json")]
    assert len(records) == 2 and {record["status"] for record in records} == {"done"}
    assert all(record["data"]["synthetic"] for record in records)
    page = (tmp_path / "relu_vs_tanh" / "index.html").read_text()
    assert "synthetic" in page.lower()
    figure = tmp_path / "relu_vs_tanh" / "figure.svg"
    assert figure.read_text().lstrip().startswith("<?xml")
