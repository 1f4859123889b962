"""Machines that are lost, silent, unfit or of other arithmetic, and what becomes of the tasks."""

from __future__ import annotations

import sys
import time
from collections.abc import Hashable, Iterable, Iterator
from pathlib import Path

import pytest
from fake_machines import COUNTING, FakeMachines, counted

from ablations.execution import fleet, sharing
from ablations.execution.cluster import Cluster
from ablations.execution.executor import Command, News, Work
from alexnet_tf import files


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("_TICK", 0.02), ("_PAUSE", 0.05), ("_AGAIN", 0.1), ("_SILENT", 1.0)):
        monkeypatch.setattr(sharing, name, seconds)
    monkeypatch.setattr(sharing, "_GONE", 1.0)
    monkeypatch.setattr(fleet, "_LOOK", 0.1)


def work(out: Path, tasks: Iterable[int], epochs: int = 5, **rest) -> Work[int]:
    """Tasks that count; `codes` are exit codes of the first children of a task."""
    codes = rest.pop("codes", {})

    def command(task: int) -> Command:
        folder = out / str(task)
        folder.mkdir(parents=True, exist_ok=True)
        code = codes[task].pop(0) if codes.get(task) else 0
        argv = (sys.executable, "-I", "-S", "-c", COUNTING, str(folder), str(epochs), str(code))
        return Command(program="counting", argv=argv, log=folder / "log.txt")

    return Work(tasks=list(tasks), command=command, **rest)


def ended(news: Iterable[News[int]]) -> dict[int, int]:
    found = [item for item in news if item.ended is not None]
    assert len({item.task for item in found}) == len(found)
    return {item.task: item.ended.code for item in found if item.ended is not None}


def until(news: Iterator[News[int]], task: int, epoch: int) -> None:
    for item in news:
        if item.task == task and item.message.get("epoch", 0) >= epoch:
            return
    raise AssertionError(f"task {task} never reached epoch {epoch}")


def test_tasks_are_computed_on_all_machines_and_come_back(tmp_path):
    machines = FakeMachines(["a", "b"])
    news = list(Cluster(machines).run(work(tmp_path, range(4)), 4))
    assert ended(news) == dict.fromkeys(range(4), 0)
    assert {node for node, _ in machines.began} == {"a", "b"}
    for task in range(4):
        mine = [item for item in news if item.task == task]
        assert not mine[0].message and mine[0].place in "ab"
        assert [item.message["epoch"] for item in mine[1:-1]] == [1, 2, 3, 4, 5]
        assert counted(tmp_path / str(task)) == {"done": [1, 2, 3, 4, 5], "begun": 0}
        left = {path.name for path in (tmp_path / str(task)).iterdir()}
        assert left == {"result.json", "lock"}
    assert not [slot for slot in machines.opened if slot.slot.folder.parent.exists()]


@pytest.mark.parametrize("how", ["dead", "silent", "unlisted"])
def test_a_lost_task_goes_on_elsewhere_from_its_newest_state(tmp_path, how):
    machines, said = FakeMachines(["a", "b"]), []
    news = Cluster(machines, said.append).run(work(tmp_path, range(2), epochs=20), 2)
    until(news, 0, 4)
    (node,) = {node for node, task in machines.began if task == "0"}
    getattr(machines, how).add(node)
    assert ended(news) == {0: 0, 1: 0}
    assert [place for place, task in machines.began if task == "0"] == [
        node,
        *({"a", "b"} - {node}),
    ]
    assert counted(tmp_path / "0")["done"] == list(range(1, 21))
    assert 3 <= counted(tmp_path / "0")["begun"] < 20 and counted(tmp_path / "1")["begun"] == 0
    assert [line for line in said if node in line and "goes on elsewhere" in line]


def test_what_a_lost_machine_says_later_changes_nothing(tmp_path):
    machines = FakeMachines(["a", "b"])
    news = Cluster(machines).run(work(tmp_path, [0], epochs=30), 1)
    until(news, 0, 3)
    ((node, _),) = machines.began
    machines.silent.add(node)
    until(news, 0, 8)  # elsewhere
    machines.silent.clear()
    assert ended(news) == {0: 0} and len(machines.began) == 2
    assert counted(tmp_path / "0")["begun"] >= 2


def test_a_task_that_is_lost_again_and_again_without_a_state_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(fleet, "_REST", 0.0)
    machines = FakeMachines(["a"])
    found = []
    for item in Cluster(machines, lambda words: machines.dead.clear()).run(
        work(tmp_path, [0], codes={0: 5 * [99]}), 1
    ):
        found.append(item)
        machines.dead |= set() if item.ended or item.message else {"a"}
    assert [bool(item.message) for item in found] == 4 * [False, True] + [False, False]
    assert found[-1].ended is not None and found[-1].ended.code == 1
    assert "lost 5 times without a new state" in found[-1].ended.words


def test_a_machine_without_data_is_named_and_the_others_go_on(tmp_path):
    machines, said = FakeMachines(["a", "b"]), []
    codes = {0: [3]}
    news = list(Cluster(machines, said.append).run(work(tmp_path, range(3), codes=codes), 2))
    assert ended(news) == {0: 0, 1: 0, 2: 0}
    places = [node for node, task in machines.began if task == "0"]
    assert len(set(places)) == 2
    (line,) = said
    assert f"machine {places[0]} gets no further run" in line and "no data here" in line


def test_where_no_machine_has_the_data_the_task_ends_with_that_code(tmp_path):
    machines = FakeMachines(["a", "b"])
    codes = {task: [3, 3] for task in range(2)}
    for news in Cluster(machines).run(work(tmp_path, range(2), codes=codes), 2):
        if news.ended is not None:
            assert news.ended.code == 3 and "no data here" in news.ended.words
            assert news.ended.words.startswith("machine ")
            break
    else:
        raise AssertionError("nothing ended")


def test_a_result_that_is_refused_is_computed_again_elsewhere(tmp_path):
    machines, said = FakeMachines(["a", "b"]), []

    def refused(task: int) -> str:
        if {node for node, name in machines.began if name == str(task)} == {"a"}:
            (tmp_path / str(task) / "result.json").unlink()
            return "other images"
        return ""

    asked = work(tmp_path, range(2), refused=refused)
    assert ended(Cluster(machines, said.append).run(asked, 2)) == {0: 0, 1: 0}
    assert said == ["machine a gets no further run: other images"]


def test_a_task_that_another_process_holds_is_tried_three_times(tmp_path):
    machines = FakeMachines(["a"])
    (tmp_path / "0").mkdir()
    with files.lock(tmp_path / "0"):
        news = list(Cluster(machines).run(work(tmp_path, range(2)), 1))
    assert ended(news) == {0: 5, 1: 0}
    starts = [item for item in news if item.task == 0 and not item.message and not item.ended]
    assert len(starts) == 3 and [task for _, task in machines.began] == ["1"]


def test_leaving_early_stops_the_children_and_frees_the_folders(tmp_path):
    machines = FakeMachines(["a", "b"])
    news = Cluster(machines).run(work(tmp_path, range(2), epochs=1000), 2)
    until(news, 0, 2)
    news.close()
    assert all(slot.slot.child is None for slot in machines.opened)
    with files.lock(tmp_path / "0"):
        pass


def test_nothing_is_started_after_the_deadline(tmp_path):
    asked = work(tmp_path, range(2), deadline=time.monotonic() - 1)
    assert not list(Cluster(FakeMachines(["a"])).run(asked, 1))


class Pairs:
    """Blocks of two tasks; which arithmetic a task was begun with is kept in `entered`."""

    def __init__(self, out: Path, known: dict[int, str] | None = None):
        self.out, self.known, self.entered = out, known or {}, {}
        self.restarted: list[Hashable] = []

    def of(self, task: int) -> int:
        return task // 2

    def arithmetic(self, block: Hashable) -> str | None:
        return None if block in self.restarted else self.known.get(int(str(block)))

    def enter(self, task: int, arithmetic: str) -> None:
        self.entered[task] = arithmetic

    def restart(self, block: Hashable) -> list[int]:
        self.restarted.append(block)
        done = [task for task in (2 * int(str(block)), 2 * int(str(block)) + 1)]
        done = [task for task in done if (self.out / str(task) / "result.json").exists()]
        for task in done:
            (self.out / str(task) / "result.json").unlink()
        return done


def test_a_block_stays_in_one_arithmetic(tmp_path):
    machines = FakeMachines(["a", "b"], onednn={"b": "0"})
    blocks = Pairs(tmp_path)
    asked = work(tmp_path, range(8), blocks=blocks)
    assert ended(Cluster(machines).run(asked, 2)) == dict.fromkeys(range(8), 0)
    assert {node for node, _ in machines.began} == {"a", "b"}
    for task in range(0, 8, 2):
        assert blocks.entered[task] == blocks.entered[task + 1]


def test_a_block_whose_machines_are_gone_starts_again_elsewhere(tmp_path):
    machines, said = FakeMachines(["b", "a"], onednn={"b": "0"}), []
    machines.unlisted.add("a")
    blocks = Pairs(tmp_path)
    news = Cluster(machines, said.append).run(work(tmp_path, [0, 1], epochs=6, blocks=blocks), 2)
    again, codes = [], []
    for item in news:
        again += [item.task] if item.message.get("event") == "again" else []
        codes += [item.ended.code] if item.ended else []
        if item.ended is not None and len(codes) == 1:  # the first arm is done, on b
            machines.unlisted = {"b"}
    assert again == [0] and codes == [0, 0, 0] and blocks.restarted == [0]
    assert blocks.entered[0] == blocks.entered[1] and '"onednn": "1"' in blocks.entered[0]
    assert counted(tmp_path / "0")["begun"] == 0
    assert [line for line in said if "starts again, 1 finished runs" in line]
