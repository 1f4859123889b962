"""A signal while the modules of a command are loaded: its exit code, and no traceback."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tiny


def loading(folder: Path, module: str, number: int) -> subprocess.CompletedProcess[str]:
    """Start a command that gets a signal when it loads NumPy."""
    (folder / "numpy.py").write_text(f"import os\nos.kill(os.getpid(), {number})\n")
    environment = tiny.environment()
    environment["PYTHONPATH"] = f"{folder}:{environment['PYTHONPATH']}"
    command = [sys.executable, "-m", module, "--help"]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


@pytest.mark.parametrize("module", ["ablations.run", "ablations.baselines", "alexnet_tf.data"])
def test_sigterm_while_loading_is_a_stop_like_any_other(tmp_path, module):
    ended = loading(tmp_path, module, signal.SIGTERM)
    assert (ended.returncode, ended.stderr) == (75, "")


def test_ctrl_c_while_loading_is_one_line(tmp_path):
    ended = loading(tmp_path, "ablations.run", signal.SIGINT)
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, "interrupted\n")


def test_a_process_of_others_keeps_its_own_answers():
    asks = "import signal, sys, alexnet_tf, ablations; "
    asks += "print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, "
    asks += "sys.excepthook is sys.__excepthook__)"
    words = [sys.executable, "-c", asks]
    said = subprocess.run(words, capture_output=True, text=True, env=tiny.environment())
    assert said.stdout == "True True\n"
