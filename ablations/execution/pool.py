"""Child processes of this machine: the JSON lines they print, and how they ended."""

from __future__ import annotations

import contextlib
import heapq
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ablations.execution import preloaded
from ablations.execution.executor import Command, Ended, News, T, Work
from alexnet_tf.errors import LOCKED

_GRACE = 20  # seconds a child has to stop after it was asked to

#: How often a task that another process holds is tried: the holder may be the child of a killed
#: runner, which ends by itself in a moment.
_TRIES = 3


@dataclass(frozen=True, kw_only=True)
class LocalProcesses:
    """The executor that starts child processes of this one.

    Attributes:
        slots: children that the machine takes side by side.
        places: environment variables of the first, second, ... child side by side, such as the GPU
            that it sees; a child takes the lowest place that is free, and with more children than
            places they are gone round again.
    """

    slots: int = 1
    places: Sequence[Mapping[str, str]] = ()

    @property
    def words(self) -> str:
        """Where the children are: on this machine, which needs no words."""
        return ""

    def run(self, work: Work[T], jobs: int) -> Generator[News[T], None, None]:
        """Start the tasks as `Executor.run`.

        Children that are stopped have 20 seconds to save what they have before they are killed.
        """
        return _run(work, jobs, self.places)


def _run(
    work: Work[T], jobs: int, places: Sequence[Mapping[str, str]]
) -> Generator[News[T], None, None]:
    waiting = deque((task, 1) for task in work.tasks)
    heard = queue.SimpleQueue[tuple[Child, Mapping[str, Any] | None]]()
    children: dict[Child, tuple[T, int]] = {}
    free = list(range(jobs))
    try:
        while True:
            while waiting and len(children) < jobs and time.monotonic() <= work.deadline:
                task, times = waiting.popleft()
                place = heapq.heappop(free)
                added = places[place % len(places)] if places else {}
                children[child := Child(work.command(task), place, added)] = task, times
                listen(child, heard)
                yield News(task=task)
            if not children:
                return
            child, message = heard.get()
            task, times = children[child]
            if message:
                yield News(task=task, message=message)
            elif message is None:
                code = child.process.wait()
                del children[child]
                heapq.heappush(free, child.place)
                if code == LOCKED and times < _TRIES and time.monotonic() <= work.deadline:
                    waiting.append((task, times + 1))
                else:
                    yield News(task=task, ended=Ended(code=code, words=child.last_words()))
    finally:
        stop(children)


def start(
    argv: Sequence[str], log: IO[bytes], environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes] | preloaded.Process:
    """Start a child that reads nothing, whose standard output is a pipe.

    Where that is possible, `python -m MODULE` with this interpreter begins with TensorFlow loaded.

    Args:
        argv: the executable first.
        log: takes its standard error.
        environment: variables beside those of this process.

    Raises:
        OSError: no process can be started.
    """
    added = environment or {}
    if tuple(argv[:2]) == (sys.executable, "-m") and preloaded.possible():
        return preloaded.server().start(argv[2], argv[3:], log, added)
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        env={**os.environ, **added, "PYTHONUNBUFFERED": "1"},
        start_new_session=True,  # Ctrl-C in a terminal reaches the runner alone
    )


class Child:
    """A started command.

    Args:
        command: its log is appended to.
        place: the number of its place among those side by side.
        environment: variables beside those of this process.

    Raises:
        OSError: the log cannot be written, or the process cannot be started.
    """

    def __init__(self, command: Command, place: int, environment: Mapping[str, str]):
        self.command, self.place = command, place
        with open(command.log, "ab") as log:
            self.before = log.tell()
            self.process = start(command.argv, log, environment)

    def last_words(self) -> str:
        """Return the child's own last error line, without the program's name."""
        try:
            said = self.command.log.read_bytes()[self.before :].decode(errors="replace")
        except FileNotFoundError:  # another runner's --fresh took it
            return "no message"
        lines, name = said.strip().splitlines(), f"{self.command.program}: "
        own = [line for line in lines if line.startswith(name)] or lines[-1:]
        return own[-1].removeprefix(name)[:500] if own else "no message"


def listen(child: Child, heard: queue.SimpleQueue[tuple[Child, Mapping[str, Any] | None]]) -> None:
    """Queue each JSON object that the child prints, and None at its end; do not wait for it."""

    def listen() -> None:
        with child.process.stdout or contextlib.nullcontext([]) as lines:
            for line in lines:
                with contextlib.suppress(ValueError):
                    message = json.loads(line)
                    if isinstance(message, dict):
                        heard.put((child, message))
        heard.put((child, None))

    threading.Thread(target=listen, daemon=True).start()


def append(log: Path, said: bytes) -> None:
    """Append what a child elsewhere has written on its standard error to a log here."""
    with open(log, "ab") as file:
        file.write(said)


def stop(children: Iterable[Child]) -> None:
    """Ask the children to stop, wait 20 seconds at most, and kill what does not."""
    processes = [child.process for child in children]
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + _GRACE
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
        if process.poll() is None:
            process.kill()
        process.wait()
