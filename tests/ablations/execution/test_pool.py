"""Child processes side by side: what is heard of them, and what is left when one stops early."""

from __future__ import annotations

import math
import os
import sys
import time
from pathlib import Path

import pytest

from ablations.execution import pool
from ablations.execution.executor import Command, Ended, Work
from ablations.execution.pool import LocalProcesses


def commands(log: Path, program: str):
    """Return what starts `program` (Python) with the task as its argument."""
    return lambda task: Command(
        program="child", argv=(sys.executable, "-c", program, str(task)), log=log
    )


def run(tasks, jobs, command, deadline=math.inf, places=()):
    work = Work(tasks=tasks, command=command, deadline=deadline)
    return LocalProcesses(places=places).run(work, jobs)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_objects_are_heard_in_order_and_anything_else_is_not(tmp_path):
    program = """
import sys
print("loading ...")
print(3)
print('{"at": 1}')
print('{"at": 2')
print('{"at": 3}')
"""
    heard = list(run(["a"], 1, commands(tmp_path / "log", program)))
    assert [dict(news.message) for news in heard] == [{}, {"at": 1}, {"at": 3}, {}]
    assert heard[0].ended is None and heard[-1].ended == Ended(code=0, words="no message")
    assert {news.task for news in heard} == {"a"}


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_no_more_children_than_jobs_and_each_task_once(tmp_path, jobs):
    running, most, ended = 0, 0, []
    children = run(range(5), jobs, commands(tmp_path / "log", "pass"))
    for news in children:
        running += -1 if news.ended else not news.message
        most = max(most, running)
        ended += [news.task] if news.ended else []
    assert most == jobs and sorted(ended) == list(range(5)) and running == 0


@pytest.mark.parametrize(("held", "times"), [(1, 2), (2, 3), (5, 3)])
def test_a_task_that_another_process_holds_is_tried_again_after_the_others(tmp_path, held, times):
    program = f"""
import pathlib, sys
tried = pathlib.Path({str(tmp_path)!r}) / (sys.argv[1] + ".tried")
with tried.open("a") as file:
    file.write("x")
sys.exit(5 if sys.argv[1] == "0" and tried.stat().st_size <= {held} else 0)
"""
    heard = list(run([0, 1, 2], 1, commands(tmp_path / "log", program)))
    starts = [news.task for news in heard if not news.ended]
    assert starts == [0, 1, 2, *[0] * (times - 1)]
    ends = [(news.task, news.ended.code) for news in heard if news.ended]
    assert ends == [(1, 0), (2, 0), (0, 0 if held < 3 else 5)]


def test_nothing_is_started_after_the_deadline(tmp_path):
    wait = commands(tmp_path / "log", "import time; time.sleep(1)")
    heard = list(run([0, 1], 1, wait, time.monotonic() + 0.5))
    assert [(news.task, bool(news.ended)) for news in heard] == [(0, False), (0, True)]
    assert not list(run([0], 1, wait, time.monotonic() - 1))


@pytest.mark.parametrize(
    ("program", "ended"),
    [
        ("sys.exit(7)", Ended(code=7, words="no message")),
        ("sys.exit('child: no\\nsuch net')", Ended(code=1, words="no")),
        ("print('a', file=sys.stderr); print('b', file=sys.stderr)", Ended(code=0, words="b")),
        ("os.kill(os.getpid(), 9)", Ended(code=-9, words="no message")),
    ],
)
def test_the_end_is_told_in_the_childs_own_words(tmp_path, program, ended):
    log = tmp_path / "log"
    log.write_text("child: what an earlier one said\n")
    *_, last = run([0], 1, commands(log, f"import os, sys; {program}"))
    assert last.ended == ended and log.read_text().startswith("child: what an earlier")


def test_a_log_that_is_taken_away_is_no_error(tmp_path):
    program = f"import os; os.unlink({str(tmp_path / 'log')!r})"
    *_, last = run([0], 1, commands(tmp_path / "log", program))
    assert last.ended == Ended(code=0, words="no message")


STUBBORN = """
import os, signal, sys, time
if sys.argv[1] == "1":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('{"process": %d}' % os.getpid(), flush=True)
time.sleep(60)
"""


def test_leaving_early_ends_every_child_even_one_that_refuses(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "_GRACE", 0.5)
    children = run([0, 1], 2, commands(tmp_path / "log", STUBBORN))
    processes: list[int] = []
    while len(processes) < 2:
        processes += [news["process"]] if (news := next(children).message) else []
    assert all(map(alive, processes))
    begun = time.monotonic()
    children.close()
    assert not any(map(alive, processes)) and time.monotonic() - begun < 20


def test_a_log_that_cannot_be_written_ends_the_others(tmp_path):
    def command(task: int) -> Command:
        log = tmp_path / ("log" if task == 0 else "nowhere/log")
        return commands(log, STUBBORN)(task)

    children = run([0, 1], 2, command)
    next(children)
    with pytest.raises(FileNotFoundError):
        next(children)


def test_each_child_side_by_side_has_a_place_of_its_own(tmp_path):
    program = (
        "import json, os, time; time.sleep(0.3); print(json.dumps({'gpu': os.environ['GPU']}))"
    )
    places = [{"GPU": "3"}, {"GPU": "5"}]
    held: dict[int, str] = {}
    side_by_side: list[set[int]] = [set()]
    for news in run(range(6), 2, commands(tmp_path / "log", program), places=places):
        if news.message:
            held[news.task] = news.message["gpu"]
        before = side_by_side[-1]
        side_by_side.append(before - {news.task} if news.ended else before | {news.task})
    assert sorted(held) == list(range(6)) and set(held.values()) == {"3", "5"}
    for together in side_by_side:
        assert len({held[task] for task in together}) == len(together)


def test_more_children_than_places_share_them(tmp_path):
    program = "import json, os, time; time.sleep(1); print(json.dumps({'gpu': os.environ['GPU']}))"
    places = [{"GPU": "0"}, {"GPU": "1"}]
    heard = run(range(4), 4, commands(tmp_path / "log", program), places=places)
    assert sorted(news.message["gpu"] for news in heard if news.message) == ["0", "0", "1", "1"]
