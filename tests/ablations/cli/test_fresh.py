"""`--fresh`: what it forgets, what it must leave alone, and what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import tiny

from ablations import plan
from ablations.cli import command
from ablations.execution import datasets, store
from ablations.execution.training import StoppedError
from ablations.plan import Request
from ablations.studies.relu_vs_tanh import STUDY
from alexnet_tf import files

RUNS = plan.reported_runs(STUDY, Request(dataset="builtin", seeds=1), {})
IDS = [run.experiment.run_id for run in RUNS]

#: Holds a folder until its standard input ends.
HOLDER = """
import sys
from pathlib import Path
from alexnet_tf import files
with files.lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def ablate(out: Path, *words: str) -> int:
    return command.main(
        ["relu_vs_tanh", "--dataset", "builtin", "--seeds", "1", "--out", str(out), *words]
    )


def results(out: Path) -> dict[Path, int]:
    """Each result's file -> which file it is on the disk: another one once it is computed again."""
    return {path: path.stat().st_ino for path in out.rglob("result.json")}


def test_data_that_are_not_there_are_told_before_anything_is_deleted(
    tmp_path, started, monkeypatch
):
    assert ablate(tmp_path) == 0
    before = results(tmp_path)

    def damaged(*arguments):
        raise StoppedError("the images are damaged", 3)

    monkeypatch.setattr(datasets, "prepare", damaged)
    assert ablate(tmp_path, "--fresh") == 3
    assert results(tmp_path) == before and len(before) == 2


def test_a_run_that_another_process_holds_is_left_to_it(tmp_path, started, capsys):
    assert ablate(tmp_path) == 0
    place = store.folder(tmp_path, IDS[0])
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=tiny.ROOT,
    )
    assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
    before = (place / "result.json").read_bytes()
    capsys.readouterr()
    assert ablate(tmp_path, "--fresh") == 5
    holder.communicate()
    said = capsys.readouterr().out
    (line,) = [line for line in said.splitlines() if "is not forgotten" in line]
    assert IDS[0] in line and f"process {holder.pid}" in line and "1 run forgotten" in said
    assert (place / "result.json").read_bytes() == before
    assert started[2:] and set(started[2:]) == set(IDS[1:])


def test_the_runs_at_the_rates_that_a_search_chose_are_forgotten_too(tmp_path, started):
    words = ["--budget", "full"]
    assert ablate(tmp_path, *words) == 0
    first = set(started)
    started.clear()
    assert ablate(tmp_path, *words, "--fresh") == 0
    assert set(started) == first and len(started) == len(first)


def test_other_reports_that_show_a_forgotten_run_are_counted(tmp_path, started, capsys):
    path = tmp_path / "mine.py"
    path.write_text(
        "import dataclasses\n"
        "from ablations.studies.relu_vs_tanh import STUDY as BASE\n"
        "STUDY = dataclasses.replace(BASE, name='mine')\n"
    )
    out = tmp_path / "out"
    assert command.main([str(path), *"--dataset builtin --seeds 1 --out".split(), str(out)]) == 0
    (out / "stranger").mkdir()
    (out / "stranger" / "runs.csv").write_text("run_id\n0000000000000000\n")
    assert ablate(out) == 0
    capsys.readouterr()
    assert ablate(out, "--fresh") == 0
    said = capsys.readouterr().out
    assert "2 runs forgotten\n1 other report shows runs among them" in said
    assert ": mine\n" in said and "stranger" not in said


def test_a_run_that_is_forgotten_keeps_nothing_but_its_lock(tmp_path):
    place = store.folder(tmp_path, "abc")
    (place / "below").mkdir(parents=True)
    for name in ("result.json", "epoch_3.state", "below/file"):
        (place / name).write_text("")
    (tmp_path / "elsewhere").mkdir()
    (place / "link").symlink_to(tmp_path / "elsewhere")
    store.delete(tmp_path, "abc")
    assert [path.name for path in place.iterdir()] == [files.LOCK]
    assert (tmp_path / "elsewhere").is_dir() and store.Records(tmp_path).state("abc") == "new"


def test_what_cannot_be_deleted_is_an_error(tmp_path, monkeypatch):
    place = store.folder(tmp_path, "abc")
    place.mkdir(parents=True)
    (place / "result.json").write_text("")

    def refuse(self, missing_ok=False):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(PermissionError, match="result.json"):
        store.delete(tmp_path, "abc")


def test_the_help_says_that_other_studies_lose_them_too(capsys):
    with pytest.raises(SystemExit):
        command.main(["--help"])
    assert "including shared ones" in " ".join(capsys.readouterr().out.split())
