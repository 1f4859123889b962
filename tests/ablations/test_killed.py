"""Killed and continued: the tables of an uninterrupted suite."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import tiny

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
