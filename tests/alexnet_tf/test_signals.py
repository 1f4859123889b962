"""A signal while a command loads its modules, defines a class, or ends: the exit code."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tiny


def loading(folder: Path, module: str, happens: str) -> subprocess.CompletedProcess[str]:
    """Start a command to which something happens when it loads NumPy."""
    (folder / "numpy.py").write_text(f"import os, signal\n{happens}\n")
    environment = tiny.environment()
    environment["PYTHONPATH"] = f"{folder}:{environment['PYTHONPATH']}"
    command = [sys.executable, "-m", module, "--help"]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


@pytest.mark.parametrize("module", ["ablations.run", "ablations.baselines", "alexnet_tf.data"])
def test_sigterm_while_loading_is_a_stop_like_any_other(tmp_path, module):
    ended = loading(tmp_path, module, "os.kill(os.getpid(), signal.SIGTERM)")
    assert (ended.returncode, ended.stderr) == (75, "")


def test_ctrl_c_while_loading_is_one_line(tmp_path):
    ended = loading(tmp_path, "ablations.run", "raise KeyboardInterrupt")  # a job may ignore it
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, "interrupted\n")


def test_a_process_of_others_keeps_its_own_answers():
    asks = "import signal, sys, alexnet_tf, ablations; "
    asks += "print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, "
    asks += "sys.excepthook is sys.__excepthook__)"
    words = [sys.executable, "-c", asks]
    said = subprocess.run(words, capture_output=True, text=True, env=tiny.environment())
    assert said.stdout == "True True\n"


START = """
import os, signal
from alexnet_tf.errors import exit_code, leave, terminate
def stop(): os.kill(os.getpid(), signal.SIGTERM)
signal.signal(signal.SIGTERM, terminate)
"""


def started(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run a module as a command: of `python -c` CPython does not look at what was interrupted."""
    (folder / "command.py").write_text(START + code)
    words, environment = [sys.executable, "-m", "command"], tiny.environment()
    return subprocess.run(words, capture_output=True, text=True, cwd=folder, env=environment)


def test_sigterm_while_a_text_is_executed_is_no_death_by_another_signal(tmp_path):
    ended = started(tmp_path, "leave(exit_code('p', lambda: exec('stop()') or 0))")
    assert (ended.returncode, ended.stderr) == (75, "p: interrupted\n")


def test_a_command_that_is_done_ends_as_it_wanted(tmp_path):
    late = "class Late:\n    def __del__(self, stop=stop): stop()\nlate = Late()\n"
    ended = started(tmp_path, late + "leave(6)")
    assert (ended.returncode, ended.stderr) == (6, "")
