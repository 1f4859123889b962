"""The request kept beside a report: `--report-only` rebuilds that and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ablations.cli import command
from ablations.plan import Request, saved
from ablations.report import __main__ as report
from alexnet_tf.errors import DataError

#: A study of one budget, and not the one that is the default.
STANDARD = """
import dataclasses
from ablations.studies.relu_vs_tanh import STUDY as BASE
budget = dataclasses.replace(BASE.budgets["quick"], seeds=1)
STUDY = dataclasses.replace(BASE, name="mine", budgets={"standard": budget})
"""


@pytest.fixture
def mine(tmp_path: Path) -> str:
    path = tmp_path / "mine.py"
    path.write_text(STANDARD)
    return str(path)


def rebuild(out: Path, *words: str) -> int:
    return command.main([*words, "--report-only", "--out", str(out)])


def kept(out: Path, **fields: Any) -> Path:
    """Leave a request beside the report of `lrn` as no version of the program would write it."""
    path = out / "lrn" / "request.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"budget": "quick", "dataset": "builtin", **fields}))
    return path


@pytest.mark.parametrize("words", [(), ("--dataset", "auto")])
def test_the_report_is_rebuilt_with_its_own_budget_and_data_set(tmp_path, started, mine, words):
    out = tmp_path / "out"
    asked = ["--budget", "standard", "--dataset", "builtin", "--out", str(out)]
    assert command.main([mine, *asked]) == 0
    first = (out / "mine" / "index.html").read_bytes()
    (out / "mine" / "index.html").unlink()
    assert rebuild(out, mine, *words) == 0
    assert (out / "mine" / "index.html").read_bytes() == first and len(started) == 2


def test_what_is_asked_beyond_the_last_request_is_checked_with_it(tmp_path, capsys):
    kept(tmp_path)
    assert rebuild(tmp_path, "lrn", "--budget", "standrad") == 2
    assert "Did you mean 'standard'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "fields",
    [
        {"settings": 5},
        {"settings": ["train.epochs"]},
        {"settings": {"train.bach_size": 64}},
        {"settings": {"train.batch_size": {"a": 1}}},
        {"seeds": "x"},
        {"seeds": 0},
        {"epochs": 1.5},
        {"dataset": "imagnet"},
        {"dataset": "auto"},
        {"dataset": []},
        {"budget": {}},
        {"budget": "enormous"},
        {"what": "is this"},
    ],
)
def test_a_request_that_cannot_be_one_is_told_in_one_line(tmp_path, capsys, fields):
    path = kept(tmp_path, **fields)
    assert rebuild(tmp_path, "lrn") == 3
    said = capsys.readouterr().err
    assert str(path) in said and "Run the study again" in said and said.count("\n") == 1
    assert list(path.parent.iterdir()) == [path]
    assert list(tmp_path.iterdir()) == [path.parent]
    assert report.main(["--out", str(tmp_path)]) == 3
    assert capsys.readouterr().err.partition(": ")[2] == said.partition(": ")[2]


@pytest.mark.parametrize("text", ["", "[]", "5", "null", "{", "\x00"])
def test_a_file_that_holds_no_request_is_named(tmp_path, text):
    path = kept(tmp_path)
    path.write_text(text)
    with pytest.raises(DataError, match=re.escape(f"{path} cannot be read")):
        saved.load(path.parent)


def test_a_request_comes_back_as_it_was(tmp_path):
    request = Request(budget="full", dataset="imagenet", seeds=3, settings={"train.batch_size": 64})
    saved.save(tmp_path, request)
    assert saved.exists(tmp_path) and saved.load(tmp_path) == request


@pytest.mark.parametrize(("place", "code"), [("none", 2), ("file", 4), ("file/below", 4)])
def test_a_folder_of_reports_that_is_none_has_one_code(tmp_path, capsys, place, code):
    (tmp_path / "file").write_text("")
    out = str(tmp_path / place)
    for asked in (lambda: rebuild(tmp_path / place, "lrn"), lambda: report.main(["--out", out])):
        assert asked() == code
        said = capsys.readouterr().err
        assert out in said and said.count("\n") == 1
    assert not (tmp_path / "none").exists()
