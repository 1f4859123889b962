"""Reports depend on the records alone, and are right of none, some, cut, many and growing ones.

With `--long`: forty settings, and ten thousand records.
"""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fake_runs
import numpy as np
import pytest
import tiny
from pagechecks import Page

from ablations import study
from ablations.cli import command
from ablations.plan import PlannedRun, Request, reported_runs, saved
from ablations.study import Study
from alexnet_tf import records
from alexnet_tf.files import write_atomic
from alexnet_tf.records import RunRecord

pytestmark = pytest.mark.timeout(3600)

CHILD = Path(__file__).parents[1] / "support" / "report_child.py"

SETTINGS: dict[str, tuple[str, ...]] = {
    "LC_ALL": ("C", "C.UTF-8", "de_DE.UTF-8", "tr_TR.UTF-8", "ar_EG", "ja_JP.eucJP"),
    "TZ": ("UTC", "Asia/Tokyo", "Pacific/Apia", "America/St_Johns"),
    "PYTHONHASHSEED": ("0", "1", "77", "4294967295"),
    "PYTHONIOENCODING": ("utf-8", "ascii", "cp1252"),
    "COLUMNS": ("80", "0", "7", "300"),
    "TERM": ("dumb", "xterm-256color", ""),
    "FORCE_COLOR": ("", "1"),
    "PYTHONUTF8": ("0", "1"),
}

STUDY = """
from ablations.study import Budget, Comparison, Study
from alexnet_tf.spec import CIFAR_ALEXNET, replace
ARMS = {{"paper": CIFAR_ALEXNET, "b": replace(CIFAR_ALEXNET, {{"train.momentum": 0.5}})}}
STUDY = Study(
    name="mine", title="t", claim="c", claim_ids=(), section="5", limits="l", arms=ARMS,
    labels={{}}, budgets={{"quick": Budget(seeds={seeds}, epochs=1, exploratory=True)}},
    comparisons=(
        Comparison(
            name="b", baseline="paper", variant="b", claimed="higher", smallest=0.5, argued="a"
        ),
    ),
)
"""


def digests(folder: Path, seed: int, settings: Mapping[str, str]) -> str:
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "error", str(CHILD), str(seed)],
        capture_output=True,
        cwd=folder,
        env={**tiny.environment(), **settings},
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return done.stdout.decode("latin-1").splitlines()[-1]


def test_bytes_depend_on_the_records_alone(tmp_path, long):
    draw, first = random.Random(0), digests(tmp_path / "0", 0, {})
    assert {"out/index.html", "out/dropout/figure.png", "out/lrn/runs.csv"} <= {*json.loads(first)}
    for number in range(1, 41 if long else 4):
        settings = {name: draw.choice(values) for name, values in SETTINGS.items()}
        assert digests(tmp_path / str(number), number, settings) == first, settings


def made(run: PlannedRun) -> RunRecord | None:
    """One run in ten is not computed, one has failed, one has diverged; the others have errors."""
    draw = random.Random(f"{run.arm} {run.experiment.seed}")
    kind, percent = draw.randrange(10), 20 + 10 * draw.random() + 2 * (run.arm == "b")
    facts: dict[str, Any] = {"data": fake_runs.FACTS, "environment": fake_runs.ENVIRONMENT}
    if kind == 0:
        return None
    if kind in (1, 2):
        status = ("failed", "diverged")[kind - 1]
        return fake_runs.record(run.experiment, status=status, reason="r", weights_sha256="")
    found = fake_runs.error("test", 10, percent)
    return fake_runs.record(
        run.experiment, curve=fake_runs.curve([0.5]), evaluations=(found,), **facts
    )


def begin(folder: Path, seeds: int) -> tuple[Study, list[PlannedRun]]:
    (folder / "mine.py").write_text(STUDY.format(seeds=seeds))
    of, request = study.load(str(folder / "mine.py")), Request(dataset="builtin")
    saved.save(folder / "out" / "mine", request)
    return of, list(reported_runs(of, request, {}))


def left(record: RunRecord) -> str:
    """What a disk has of a record: of one in ten a part of its file, or an empty one."""
    text, draw = records.to_json(record), random.Random(record.run_id)
    part = draw.choice((0, draw.randrange(len(text) - 2)))
    return text if draw.randrange(10) else text[:part]


def write(folder: Path, record: RunRecord, text: str | None = None) -> None:
    name = "failed.json" if record.status == "failed" else "result.json"
    path = folder / "out" / "runs" / record.run_id / name
    write_atomic(path, (records.to_json(record) if text is None else text).encode())


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "out" / "mine" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rebuild(folder: Path) -> str:
    """Write the report again, hold its numbers against its own runs, and return its words."""
    words = [str(folder / "mine.py"), "--out", str(folder / "out"), "--report-only"]
    assert command.main(words) == 0
    runs, errors = rows(folder, "runs"), {}
    for arm in ("paper", "b"):
        own = [row for row in runs if row["arm"] == arm and row["status"] in ("done", "diverged")]
        # a net that diverged counts as chance level: nine of ten classes
        values = [90.0 if row["status"] == "diverged" else None for row in own]
        errors[arm] = [
            float(row["test_error_ten_views"]) if value is None else value
            for row, value in zip(own, values, strict=True)
        ]
    found = rows(folder, "comparisons")[0]
    assert (int(found["n"]), int(found["n_baseline"])) == (len(errors["b"]), len(errors["paper"]))
    if errors["b"] and errors["paper"]:
        wanted = np.mean(errors["b"]) - np.mean(errors["paper"])
        assert float(found["estimate"]) == pytest.approx(wanted, rel=1e-8, abs=1e-8)
    else:
        assert found["estimate"] == ""
    page = Page(folder / "out" / "mine" / "index.html").words
    done = sum(row["status"] == "done" for row in runs)
    assert f"{done:,} of {len(runs):,} runs done" in page or done == len(runs)
    return page


@pytest.mark.parametrize("seeds", [1, 40])
def test_a_report_of_none_some_and_many_records_is_right(seeds, tmp_path, long):
    seeds = 5000 if long and seeds == 40 else seeds
    _, runs = begin(tmp_path, seeds)
    rebuild(tmp_path)
    known = {run.experiment.run_id: record for run in runs if (record := made(run)) is not None}
    for record in list(known.values())[: len(known) // 2]:
        write(tmp_path, record, left(record))
    rebuild(tmp_path)
    for record in known.values():
        write(tmp_path, record, left(record))
    rebuild(tmp_path)
    known = {name: one for name, one in known.items() if left(one) == records.to_json(one)}
    assert seeds == 1 or len(known) < 0.9 * 2 * seeds
    found = {row["run_id"]: row for row in rows(tmp_path, "runs")}
    assert len(found) == 2 * seeds
    for run in runs:
        run_id = run.experiment.run_id
        row, record = found[run_id], known.get(run_id)
        assert row["status"] == ("new" if record is None else record.status)
        if record is not None and record.status == "done":
            wanted = 100 * record.evaluations[0].top1_error
            assert float(row["test_error_ten_views"]) == pytest.approx(wanted, rel=1e-9)


def test_a_report_written_while_records_come_in_is_of_one_moment(tmp_path, long):
    _, runs = begin(tmp_path, 200 if long else 40)
    pending = [record for run in runs if (record := made(run)) is not None]
    random.Random(3).shuffle(pending)
    for record in pending[:10]:
        write(tmp_path, record)
    stop = threading.Event()

    def come_in() -> None:
        for record in pending[10:]:
            write(tmp_path, record)
            if stop.wait(0.05):
                return

    writer = threading.Thread(target=come_in)
    writer.start()
    counts = []
    try:
        for _ in range(30 if long else 3):
            rebuild(tmp_path)
            counts.append(sum(row["status"] != "new" for row in rows(tmp_path, "runs")))
    finally:
        stop.set()
        writer.join()
    assert counts == sorted(counts) and 10 <= counts[0] < counts[-1] <= len(pending)
