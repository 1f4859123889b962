"""A slot on a machine of a cluster: what it sends of its child, and what comes of that."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from ablations.execution import arrivals
from ablations.execution.executor import Command
from ablations.execution.slot import Report, Slot
from alexnet_tf.errors import DataError


def command(folder: Path, program: str) -> Command:
    folder.mkdir(parents=True, exist_ok=True)
    argv = (sys.executable, "-I", "-S", "-c", program, str(folder))
    return Command(program="child", argv=argv, log=folder / "log.txt")


def heard(slot: Slot, until_end: bool = True, seen: int = 0) -> list[Report]:
    reports = []
    while not reports or (until_end and reports[-1].ended is None):
        time.sleep(0.05)
        reports.append(slot.poll(reports[-1].number if reports else seen))
    return reports


def test_a_report_is_given_again_until_it_was_seen(tmp_path):
    slot = Slot(0)
    slot.start(command(tmp_path / "run", "print('{\"a\": 1}')"), {})
    time.sleep(0.5)
    first = slot.poll(0)
    assert first.messages == ({"a": 1},) and slot.poll(0) is first
    assert not slot.poll(first.number).messages
    slot.close()


STATES = """
import os, sys, time
os.chdir(sys.argv[1])
for k in range(1, 9):
    with open("new", "w") as file:
        file.write(str(k) * 1000)
    os.replace("new", "epoch_%05d.state" % k)
    if k > 2:
        os.unlink("epoch_%05d.state" % (k - 2))
    time.sleep(0.1)
open("result.json", "w").write("{}")
"""


def test_states_are_sent_no_faster_than_the_rate(tmp_path):
    slot = Slot(0, rate=1.0)  # one state of 1,000 bytes in 1,000 seconds
    slot.start(command(tmp_path / "run", STATES), {})
    sent = [name for report in heard(slot) for name in report.files]
    assert len([name for name in sent if name.endswith(".state")]) == 1
    assert sent[-1] == "result.json"
    slot.close()


def test_the_newest_state_is_sent_however_many_there_are(tmp_path):
    slot = Slot(0)
    slot.start(command(tmp_path / "run", STATES.split('open("result')[0]), {})
    time.sleep(0.5)
    first = slot.poll(0)
    there = sorted(first.states)
    assert len(there) >= 2 and [name for name in first.files if "state" in name] == there[-1:]
    sent = [name for report in heard(slot, seen=first.number) for name in report.files]
    assert sent[-1] == "epoch_00008.state" and sent == sorted(sent) and there[0] not in sent
    slot.close()


def test_a_state_here_is_kept_until_a_newer_one_has_come(tmp_path):
    here = command(tmp_path / "run", "")
    old, new = (here.folder / f"epoch_0000{k}.state" for k in (5, 7))
    old.write_text("old")
    facts = {"messages": (), "log": b"", "ended": None}
    states = ("epoch_00006.state", "epoch_00007.state")
    arrivals.take(here, Report(number=1, files={}, states=states, **facts))
    assert old.exists()
    arrivals.take(here, Report(number=2, files={new.name: b"new"}, states=states, **facts))
    assert not old.exists() and new.read_text() == "new"


@pytest.mark.parametrize("name", ["../elsewhere", "/etc/elsewhere", "a/../../b"])
def test_a_file_outside_of_the_runs_folder_is_refused(tmp_path, name):
    here = command(tmp_path / "run", "")
    facts = {"messages": (), "log": b"", "ended": None, "states": ()}
    with pytest.raises(DataError, match="outside of that folder"):
        arrivals.take(here, Report(number=1, files={"ok": b"", name: b""}, **facts))
    assert not (here.folder / "ok").exists()


def test_the_log_comes_back_and_what_was_set_aside_does_not_go(tmp_path):
    here = command(tmp_path / "run", "import sys; sys.exit('child: no such net')")
    for name in ("spec.json", "a.corrupt", "lock", ".hidden", "log.txt", "epoch_00001.state"):
        (here.folder / name).write_text("x")
    sent = arrivals.contents(here)
    assert set(sent) == {"spec.json", "epoch_00001.state"}
    slot = Slot(0)
    slot.start(here, sent)
    *others, last = heard(slot)
    for report in (*others, last):
        arrivals.take(here, report)
    assert last.ended is not None and last.ended.words == "no such net"
    assert here.log.read_text() == "xchild: no such net\n"
    slot.close()
