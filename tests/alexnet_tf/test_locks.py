"""A folder has one holder, and another is told who."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tiny

from alexnet_tf import files
from alexnet_tf.errors import LockedError

HOLD = (
    "import sys, time\nfrom pathlib import Path\nfrom alexnet_tf import files\n"
    "with files.lock(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(600)"
)


def test_a_second_process_is_refused_by_name_until_the_first_is_killed(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=tiny.ROOT, env=tiny.environment()
    ) as holder:
        try:
            assert holder.stdout is not None and holder.stdout.readline() == "held\n"
            for _ in range(2):
                with pytest.raises(LockedError, match=f"process {holder.pid} on ") as error:
                    with files.lock(tmp_path):
                        raise AssertionError("two processes hold one folder")
                assert str(tmp_path) in str(error.value)
        finally:
            holder.send_signal(signal.SIGKILL)
            holder.wait()
    with files.lock(tmp_path):
        assert f"process {os.getpid()} on " in (tmp_path / "lock").read_text()
        with pytest.raises(LockedError):
            with files.lock(tmp_path):
                pass


def test_a_lock_is_let_go_after_an_error_inside(tmp_path: Path):
    for _ in range(2):
        with pytest.raises(KeyError):
            with files.lock(tmp_path):
                raise KeyError
