"""Temporary files of killed processes do not stay."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import tiny

from alexnet_tf import files


def test_what_a_killed_process_left_goes_with_the_next_write(tmp_path):
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom alexnet_tf import files\n"
        "os.replace = lambda *names: os.kill(os.getpid(), signal.SIGKILL)\n"
        "files.write_atomic(Path(sys.argv[1]), b'half')"
    )
    assert tiny.python(code, str(tmp_path / "value")).returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".value.")

    def other(path: Path) -> None:
        files.write_atomic(tmp_path / "value.other", b"old")
        files.write_atomic(tmp_path / "value", b"old")  # while another writes the same
        assert path.exists()  # its writer holds it: it was not left
        path.write_bytes(b"new")

    files.write_through(tmp_path / "value", other)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {
        "value": b"new",
        "value.other": b"old",
    }


def test_a_writer_leaves_no_file_open(tmp_path):
    before = os.listdir("/proc/self/fd")
    for _ in range(2):
        files.write_atomic(tmp_path / "a" / "value", b"new")
        files.write_through(tmp_path / "a" / "value", lambda path: path.write_bytes(b"newer"))
    assert os.listdir("/proc/self/fd") == before
