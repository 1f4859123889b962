"""The machines of a real Ray cluster, on this machine, without root."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny
from fake_machines import counted
from ray_machines import RayMachines

if importlib.util.find_spec("ray") is None:
    pytest.skip("Ray is not installed: pip install -e '.[cluster]'", allow_module_level=True)


@pytest.fixture
def machines() -> Iterator[RayMachines]:
    with RayMachines() as found:
        yield found


class Driver:
    """A process of `counting_driver`."""

    def __init__(self, machines: RayMachines, out: Path, tasks: int, epochs: int, gpus: int = 0):
        words = [machines.address, str(out), str(tasks), str(epochs), str(gpus)]
        self.process = subprocess.Popen(
            [sys.executable, str(tiny.ROOT / "tests/support/counting_driver.py"), *words],
            stdout=subprocess.PIPE,
            text=True,
            cwd=tiny.ROOT,
            env=machines.environment,
        )
        self.heard: list[dict[str, Any]] = []

    def __enter__(self) -> Driver:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def until(self, **facts: Any) -> dict[str, Any]:
        """Return the next line that has these facts, epochs at least so far."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.heard.append(json.loads(line))
            if all(
                self.heard[-1].get(k, -1) >= v if k == "epoch" else self.heard[-1].get(k) == v
                for k, v in facts.items()
            ):
                return self.heard[-1]
        raise AssertionError(self.heard)

    def end(self) -> list[dict[str, Any]]:
        """Return all lines when the driver has ended."""
        assert self.process.stdout is not None
        self.heard += [json.loads(line) for line in self.process.stdout]
        assert self.process.wait() == 0
        return self.heard


def ends(heard: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return sorted((m["task"], m["ended"]) for m in heard if m.get("ended") is not None)


def test_tasks_come_back_from_two_machines_and_a_lost_one_goes_on(machines, tmp_path):
    machines.add(1)
    machines.add(1)
    with Driver(machines, tmp_path, tasks=2, epochs=150) as driver:
        driver.until(task=0, epoch=20)
        driver.until(task=1, epoch=20)
        assert driver.heard[0] == {"slots": 2, "words": "2 slots on 2 machines"}
        shown = [message for message in driver.heard if "OMP_NUM_THREADS" in message]
        assert [m["CUDA_VISIBLE_DEVICES"] for m in shown] == ["", ""]
        assert [m["OMP_NUM_THREADS"] for m in shown] == [None, None]
        machines.remove(0)
        heard = driver.end()
    assert ends(heard) == [(0, 0), (1, 0)]
    begun = sorted(counted(tmp_path / str(task))["begun"] for task in (0, 1))
    assert begun[0] == 0 and begun[1] >= 10
    assert all(counted(tmp_path / str(task))["done"] == [*range(1, 151)] for task in (0, 1))
    assert [m for m in heard if "goes on elsewhere" in m.get("told", "")]


def test_a_killed_driver_leaves_nothing_running_and_the_next_one_goes_on(machines, tmp_path):
    machines.add(1)
    with Driver(machines, tmp_path, tasks=1, epochs=97) as first:
        first.until(task=0, epoch=30)
        assert counting(epochs=97) == 1
    with Driver(machines, tmp_path, tasks=1, epochs=97) as second:
        second.until(task=0, epoch=1)
        assert counting(epochs=97) == 1
        assert ends(second.end()) == [(0, 0)]
    found = counted(tmp_path / "0")
    assert found["done"] == [*range(1, 98)] and found["begun"] >= 20


def counting(epochs: int) -> int:
    """Return how many children count up to so many epochs now."""
    found = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().split(b"\0")
            found += words[-3:-1] == [str(epochs).encode(), b"0"] and b"-I" in words
    return found


@pytest.mark.parametrize(("gpus", "slots"), [(1, 4), (2, 2)])
def test_every_child_has_gpus_of_its_own(machines, tmp_path, gpus, slots):
    machines.add(4, 4)
    with Driver(machines, tmp_path, tasks=slots, epochs=120, gpus=gpus) as driver:
        heard = driver.end()
    assert heard[0]["slots"] == slots
    seen = [m["CUDA_VISIBLE_DEVICES"] for m in heard if "CUDA_VISIBLE_DEVICES" in m]
    ids = [device for one in seen for device in one.split(",")]
    assert sorted(ids) == ["0", "1", "2", "3"] and {len(one.split(",")) for one in seen} == {gpus}


@pytest.mark.parametrize("token", ["f" * 64, None])
def test_a_wrong_token_is_one_line_within_thirty_seconds(machines, tmp_path, token):
    wrong = {**machines.environment, **({"RAY_AUTH_TOKEN": token} if token else {})}
    if token is None:
        del wrong["RAY_AUTH_TOKEN"], wrong["RAY_AUTH_MODE"]
    words = ["relu_vs_tanh", "--dataset", "builtin", "--out", str(tmp_path)]
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "ablations.run", *words, "--cluster", machines.address],
        capture_output=True,
        text=True,
        env=wrong,
    )
    assert done.returncode == 4 and time.monotonic() - begun < 60
    (line,) = done.stderr.splitlines()
    assert "refuses this token" in line and not list(tmp_path.iterdir())
