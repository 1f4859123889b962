"""Killed and continued: the tables of an uninterrupted suite."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import tiny
import tiny_study


@pytest.mark.timeout(900)
def test_killed_and_continued_gives_the_tables_of_an_uninterrupted_run(tmp_path, prepared):
    changes = {"tiny_tanh": '{"model.activation": "tanh"}', "tiny_slow": '{"train.momentum": 0.5}'}
    for name, change in changes.items():
        tiny_study.write(tmp_path, name, change)

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
    tables = tiny_study.tables(tmp_path / "whole")
    assert len(tables) == 8
    assert tiny_study.tables(tmp_path / "killed") == tables


COMMAND = [sys.executable, "-m", "ablations.run"]
