"""The mode of a written file, and the cells of a CSV file."""

from __future__ import annotations

import os

import pytest

from alexnet_tf import files
from alexnet_tf.cells import cell

NEW = b"new"


@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o600), (0o002, 0o664), (0o022, 0o644)])
def test_a_file_has_the_mode_that_the_process_gives_new_files(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        files.write_atomic(tmp_path / "atomic", NEW)
        files.write_through(tmp_path / "through", lambda path: path.write_bytes(NEW))
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    for name in ("atomic", "through"):
        assert (tmp_path / name).stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("first", [*"=+-@\t\r\n\0", "\uff1d"])
def test_a_text_that_a_spreadsheet_would_run_begins_with_an_apostrophe(first):
    assert cell(f"{first}1").startswith("'")
    assert cell("a\x1b[31m\x07") == "a\ufffd[31m\ufffd"
    assert cell(-1.5) == -1.5 and cell("a -1") == "a -1"
