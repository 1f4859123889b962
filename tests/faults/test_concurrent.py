"""Runners over one folder: every run is trained once, none is lost, none is torn.

With `--long` eight runners share fifty runs, five times over.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import tiny

from alexnet_tf import records

pytestmark = pytest.mark.timeout(7200)

RUNNER = Path(__file__).parents[1] / "support" / "runner.py"

STUDY = """
from ablations.study import Budget, Comparison, Study
from alexnet_tf.spec import CIFAR_ALEXNET, replace
ARMS = {{"paper": CIFAR_ALEXNET, "b": replace(CIFAR_ALEXNET, {{"train.momentum": 0.5}})}}
STUDY = Study(
    name="mine", title="t", claim="c", claim_ids=(), section="5", limits="l", arms=ARMS,
    labels={{}},
    budgets={{
        name: Budget(seeds={seeds}, epochs=1, exploratory=True) for name in ("quick", "standard")
    }},
    comparisons=(
        Comparison(
            name="b", baseline="paper", variant="b", claimed="higher", smallest=0.5, argued="a"
        ),
    ),
)
"""


def started(folder: Path, out: Path) -> subprocess.Popen[str]:
    words = [str(folder / "mine.py"), str(out), str(out.with_suffix(".trained")), "--jobs", "2"]
    return subprocess.Popen(
        [sys.executable, str(RUNNER), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=tiny.environment(),
    )


def ended(runner: subprocess.Popen[str]) -> int:
    said, _ = runner.communicate(timeout=1200)
    assert "Traceback" not in said, said[-3000:]
    assert runner.returncode in (0, 5), said[-3000:]
    return runner.returncode


def tables(out: Path) -> dict[str, bytes]:
    """The report's files but its page, which names the folder."""
    files = (out / "mine").iterdir()
    return {path.name: path.read_bytes() for path in files if path.suffix != ".html"}


def check(out: Path, runs: int) -> None:
    trained = Counter(out.with_suffix(".trained").read_text().split())
    assert len(trained) == runs and set(trained.values()) == {1}
    found = {path.parent.name: records.read(path) for path in out.glob("runs/*/result.json")}
    assert set(found) == set(trained)
    assert all(record.run_id == name for name, record in found.items())
    assert not list(out.glob("runs/*/failed.json")) and not list(out.rglob("*.corrupt"))
    left = [path for path in out.rglob(".*") if path.is_file()]
    assert not left, "temporary files"
    json.loads((out / "mine" / "request.json").read_text())


def test_runners_of_one_folder_train_each_run_once(tmp_path, long, capsys):
    runners, seeds, repeats = (8, 25, 5) if long else (4, 6, 1)
    (tmp_path / "mine.py").write_text(STUDY.format(seeds=seeds))
    assert ended(started(tmp_path, tmp_path / "alone")) == 0
    check(tmp_path / "alone", 2 * seeds)
    alone, codes = tables(tmp_path / "alone"), Counter[int]()
    for repeat in range(repeats):
        out = tmp_path / f"out {repeat}"
        codes.update(map(ended, [started(tmp_path, out) for _ in range(runners)]))
        check(out, 2 * seeds)
        # who found a run held has reported without it: one more, with nothing left to train
        assert ended(started(tmp_path, out)) == 0
        check(out, 2 * seeds)
        assert tables(out) == alone
    with capsys.disabled():
        print(f"\n{repeats} x {runners} runners, {2 * seeds} runs each: exit codes {dict(codes)}")


def test_a_run_trained_twice_or_lost_is_found(tmp_path):
    """Control: the check can fail."""
    (tmp_path / "mine.py").write_text(STUDY.format(seeds=1))
    out = tmp_path / "out"
    assert ended(started(tmp_path, out)) == 0
    check(out, 2)
    log = out.with_suffix(".trained")
    once = log.read_text()
    log.write_text(once + once.splitlines()[0] + "\n")
    with pytest.raises(AssertionError):
        check(out, 2)
    log.write_text(once)
    torn = next(out.glob("runs/*/result.json"))
    torn.write_bytes(torn.read_bytes()[:-20])
    with pytest.raises(records.RecordError):
        check(out, 2)
