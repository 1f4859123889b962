"""Children forked from a process that has TensorFlow: they are as those of a new interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import tiny

from ablations.execution import preloaded
from ablations.execution.executor import News, Work, python
from ablations.execution.pool import LocalProcesses
from alexnet_tf import records
from alexnet_tf.spec import to_json

pytestmark = pytest.mark.skipif(
    not preloaded.possible(), reason="children are forked on Linux alone, and without a GPU"
)

PROGRAM = """
import json, os, sys
seen = {"name": __name__, "argv": sys.argv[1:], "folder": os.getcwd(), "MARK": os.environ["MARK"]}
print(json.dumps({**seen, "loaded": "tensorflow" in sys.modules}))
print(json.dumps({"session": os.getsid(0) == os.getpid(), "input": sys.stdin.read()}))
def end(how):
    if how == "kill":
        os.kill(os.getpid(), 9)
    if how == "raise":
        raise ValueError("no such net")
    sys.exit({"words": "child_program: it is over", "six": 6}.get(how))
end(sys.argv[1])
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Name a module for the children, in the folder that they start in."""
    (tmp_path / "child_program.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    return "child_program"


def run(work: Work, places: Sequence[Mapping[str, str]] = ()) -> list[News]:
    return list(LocalProcesses(places=places).run(work, 1))


def heard(module: str, words: list[str], log: Path):
    """Return what a child printed, how it ended, and its last words."""
    places = [{"MARK": "here"}]
    news = run(Work(tasks=words, command=lambda w: python(module, [w], log)), places=places)
    return [dict(n.message) for n in news if n.message], [n.ended for n in news if n.ended]


def test_a_child_cannot_tell_but_by_what_is_loaded(program, tmp_path, monkeypatch):
    words = ["none", "words", "six", "kill", "raise"]
    forked, its_ends = heard(program, words, tmp_path / "forked.log")
    monkeypatch.setattr(preloaded, "possible", lambda: False)
    new, ends = heard(program, words, tmp_path / "new.log")
    assert its_ends == ends and {end.code for end in ends} == {0, 1, 6, -9}
    assert [message.pop("loaded", None) for message in forked] == [True, None] * 5
    assert [message.pop("loaded", None) for message in new] == [False, None] * 5
    assert forked == new and new[1] == {"session": True, "input": ""}


def test_a_training_ends_with_the_bits_of_one_in_a_new_interpreter(tmp_path, prepared, monkeypatch):
    experiment = tiny.experiment(epochs=2)
    (tmp_path / "spec.json").write_text(to_json(experiment))
    found = {}
    for name, forked in (("forked", True), ("new", False)):
        monkeypatch.setattr(preloaded, "possible", lambda answer=forked: answer)
        words = ["--events", "--spec", str(tmp_path / "spec.json"), "--out", str(tmp_path / name)]
        words += ["--data-dir", str(prepared.data_dir), "--cache", str(prepared.cache)]
        command = python("alexnet_tf.train", words, tmp_path / f"{name}.log")
        *_, last = run(Work(tasks=[name], command=lambda _, it=command: it))
        assert last.ended is not None and last.ended.code == 0, last
        record = records.read(tmp_path / name / "result.json")
        found[name] = record.weights_sha256, [epoch.train_loss for epoch in record.curve]
    assert found["forked"] == found["new"]


BUSY = """
import time
begun = time.process_time()
while time.process_time() - begun < 2:
    pass
"""


def test_the_seconds_of_a_child_are_those_of_the_command(program, tmp_path):
    (tmp_path / "busy.py").write_text(BUSY)
    heard("busy", ["once"], tmp_path / "log")
    status = Path(f"/proc/{preloaded.server()._process.pid}/stat")
    waited_for = 0
    for _ in range(100):
        fields = status.read_text().rsplit(")", 1)[1].split()
        waited_for = int(fields[13]) + int(fields[14])  # user and system seconds of children
        if waited_for:
            break
        time.sleep(0.1)
    assert waited_for / os.sysconf("SC_CLK_TCK") > 1


def test_one_that_was_killed_is_replaced(program, tmp_path):
    first = preloaded.server()
    assert preloaded.server() is first
    first._process.kill()
    first._process.wait()
    assert heard(program, ["six"], tmp_path / "log")[1][0].code == 6
    assert preloaded.server() is not first


def test_a_child_outlives_a_server_that_is_closed(program, tmp_path):
    closed = preloaded.server()
    with (tmp_path / "log").open("wb") as log:
        child = closed.start(program, ["six"], log, {"MARK": "here"})
    preloaded.close()
    assert closed.gone() and preloaded.server() is not closed
    with child.stdout:
        assert child.stdout.read().count(b"\n") == 2
    assert child.wait(60) == 6 and child.poll() == 6


@pytest.mark.parametrize(("name", "same"), [("TF_CPP_MIN_LOG_LEVEL", False), ("A_WORD", True)])
def test_what_is_read_at_the_start_alone_takes_another_start(monkeypatch, name, same):
    first = preloaded.server()
    monkeypatch.setenv(name, "2")
    assert (preloaded.server() is first) is same


DRIVER = """
import sys
from pathlib import Path
from ablations.execution import executor, pool, preloaded
log = Path(sys.argv[1])
work = executor.Work(tasks=["wait"], command=lambda word: executor.python("waiting", [word], log))
for news in pool.LocalProcesses().run(work, 1):
    if news.message:
        print(preloaded.server()._process.pid, news.message["process"], flush=True)
"""
WAITING = """
import json, os, time
while True:
    print(json.dumps({"process": os.getpid()}), flush=True)
    time.sleep(0.2)
"""


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"  # dead, and waited for by nobody here


def test_nothing_outlives_a_driver_that_is_killed(tmp_path):
    (tmp_path / "waiting.py").write_text(WAITING)
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(tmp_path / "log")],
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        env=tiny.environment(),
        text=True,
    )
    with driver:
        assert driver.stdout is not None
        processes = [int(word) for word in driver.stdout.readline().split()]
        assert len(processes) == 2 and all(map(alive, processes))
        driver.kill()
    for _ in range(600):
        if not any(map(alive, processes)):
            break
        time.sleep(0.1)
    assert not any(map(alive, processes))
