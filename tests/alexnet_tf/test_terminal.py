"""What commands print: any name, any encoding, any width, and no standard output at all."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
import tiny
from rich.progress import Progress, TextColumn
from rich.table import Table

from alexnet_tf import terminal

BRACKETS = [
    "[/]",
    "[/b]",
    "conv[relu] vs [3x3]",
    "[bold]x[/bold]",
    "x[/old]",
    ":smile:",
    "[link=x]",
]

SAY = """
import sys
from alexnet_tf.errors import exit_code
from alexnet_tf.terminal import console
from rich.table import Table
def say():
    table = Table(box=None)
    table.add_column("arm")
    table.add_row("\\u22122.6 points \\u201cA\\u201d 6\\u202f\\u00d7 \\u03b1")
    console().print(table)
    console().print("\\u2026 \\u2265 1; " + "long " * 60 + "end")
    print("\\u2212 \\udc80")
    return 0
sys.exit(exit_code("p", say))
"""


@pytest.mark.parametrize("text", BRACKETS)
def test_a_bracket_in_a_name_is_printed_as_it_is(monkeypatch, text):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    console = terminal.console()
    table = Table(text, title=text)
    table.add_row(text)
    console.print(text)
    console.print(table)
    console.rule(text)
    assert console.file.getvalue().count(text) == 5  # pyright: ignore[reportAttributeAccessIssue]


def test_a_column_of_progress_takes_brackets_too():
    column = TextColumn("{task.description}", markup=False)
    with Progress(column, disable=True) as bar:
        task = bar.add_task("[/b]")
        assert column.render(bar.tasks[task]).plain == "[/b]"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437", "utf-8", "koi8-r"])
def test_any_encoding_takes_any_text(monkeypatch, encoding):
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    monkeypatch.setenv("COLUMNS", "0")
    done = tiny.python(SAY) if encoding == "utf-8" else _bytes(SAY)
    said = done.stdout if isinstance(done.stdout, str) else done.stdout.decode(encoding)
    assert done.returncode == 0, done.stderr
    if encoding == "ascii":
        assert said.splitlines()[1].strip() == '-2.6 points "A" 6 x \\u03b1'
        assert said.splitlines()[3] == "- \\udc80"
    assert "long end" in said.splitlines()[2] and len(said.splitlines()) == 4


def _bytes(code: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, env=tiny.environment())


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_output_is_no_error(tmp_path, closed):
    script = tmp_path / "say.py"
    script.write_text(SAY)
    words = f'"{sys.executable}" "{script}" {closed}'
    done = subprocess.run(["sh", "-c", words], env=tiny.environment(), capture_output=True)
    assert done.returncode == 0, done.stderr


def test_a_terminal_of_no_width_gets_the_usual_one(monkeypatch):
    monkeypatch.setenv("COLUMNS", "0")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert terminal.console().width == 80
