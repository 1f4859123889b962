"""The index of a folder: read again from its records, and what to do where that fails."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
import scores
from pagechecks import Page, check
from small_suite import load

from ablations import study
from ablations.analysis.study_analysis import analyse
from ablations.execution import store
from ablations.plan import Request, saved
from ablations.report import __main__ as report
from ablations.report import collect, index_page
from alexnet_tf import records
from alexnet_tf.errors import DATA, ENVIRONMENT


def test_a_folder_without_a_report_says_what_to_do(tmp_path: Path, capsys: Any) -> None:
    assert report.main(["--out", str(tmp_path)]) == DATA == 3
    said = capsys.readouterr().err
    assert f"python -m ablations.run lrn --out {tmp_path}\n" in said and said.count("\n") == 1
    assert report.main(["--out", str(tmp_path / "nowhere")]) == 2
    said = capsys.readouterr().err
    assert str(tmp_path / "nowhere") in said and said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_reports_of_the_users_studies_alone_ask_for_their_files(
    tmp_path: Path, capsys: Any
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "request.json").write_text("{}")
    assert report.main(["--out", str(tmp_path)]) == DATA
    assert "name their files" in capsys.readouterr().err


def test_reports_that_cannot_be_read_still_give_a_page(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "lrn").mkdir()
    (tmp_path / "lrn" / "request.json").write_text("not JSON")
    assert report.main(["--out", str(tmp_path)]) == DATA
    said = capsys.readouterr()
    assert said.out == f"index: {tmp_path / 'index.html'}\n"
    assert str(tmp_path / "lrn" / "request.json") in said.err and said.err.count("\n") == 1
    page = check(tmp_path / "index.html", size=1_000_000)
    title = load("lrn").title
    assert f"The report of “{title}” cannot be read" in page.words and "Table 1" not in page.words
    assert "No study has been run" not in page.words
    assert not re.search(r"ablations.run lrn\b", page.words)


def test_a_report_that_cannot_be_opened_does_not_keep_the_others_from_the_page(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("lrn", "dropout"):
        saved.save(tmp_path / name, Request(budget="quick", dataset="builtin"))
    load_request = saved.load

    def refused(folder: Path) -> Request:
        if folder.name == "lrn":
            raise PermissionError(13, "Permission denied", str(folder / "request.json"))
        return load_request(folder)

    monkeypatch.setattr(saved, "load", refused)
    assert report.main(["--out", str(tmp_path)]) == DATA
    said = capsys.readouterr().err
    assert said.endswith(f"{tmp_path / 'lrn' / 'request.json'}: Permission denied\n")
    words = Page(tmp_path / "index.html").words
    missing = len(study.names()) - 2
    assert f"{missing} more studies have not been run." in words and "Dropout" in words


def test_the_index_reads_the_records_again(tmp_path: Path) -> None:
    of = load("lrn")
    for run in scores.make_runs(of):
        folder = tmp_path / "runs" / run.planned.experiment.run_id
        folder.mkdir(parents=True)
        assert run.record is not None
        (folder / "result.json").write_text(records.to_json(run.record), encoding="utf-8")
        inspected = {"values": run.inspection, "weights_sha256": run.record.weights_sha256}
        (folder / "inspection.json").write_text(json.dumps(inspected), encoding="utf-8")
    for name, text in (
        ("lrn", json.dumps(dataclasses.asdict(Request(budget="standard")))),
        ("dropout", "not JSON"),
        ("bias_one", '{"budget": "enormous"}'),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "request.json").write_text(text, encoding="utf-8")
    (one,), damaged = collect.collect(store.Records(tmp_path))
    assert [item.study.name for item in damaged] == ["dropout", "bias_one"]
    direct = analyse(of, scores.make_runs(of), budget="standard")
    assert one.analysis.comparisons.equals(direct.comparisons)
    assert index_page.write_index(store.Records(tmp_path)) == tmp_path / "index.html"
    words = Page(tmp_path / "index.html").words
    assert "46 trained nets on CIFAR-10" in words and "“Dropout” cannot be read" in words


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "lrn").mkdir()
    (tmp_path / "lrn" / "request.json").write_text("not JSON")
    (tmp_path / "claims.md").mkdir()  # where a file is to be
    assert report.main(["--out", str(tmp_path)]) == ENVIRONMENT
    assert str(tmp_path) in capsys.readouterr().err
