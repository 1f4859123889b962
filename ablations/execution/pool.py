"""Child processes, so many at a time: the JSON lines they print, and how they ended."""

from __future__ import annotations

import contextlib
import heapq
import json
import math
import os
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from alexnet_tf.errors import LOCKED

T = TypeVar("T")
_GRACE = 20  # seconds a child has to stop after it was asked to

#: How often a task that another process holds is tried: the holder may be the child of a killed
#: runner, which ends by itself in a moment.
_TRIES = 3


@dataclass(frozen=True, kw_only=True)
class Command:
    """A program with its arguments, and the file that its standard error is appended to.

    Attributes:
        program: is taken off the front of the child's last error line.
        argv: the executable first; no shell reads it.
        log: its folder must be there.
    """

    program: str  # the name before the child's own error lines
    argv: tuple[str, ...]
    log: Path


def python(module: str, words: Iterable[str], log: Path) -> Command:
    """Return the command `python -m module words...`, with this interpreter."""
    return Command(program=module, argv=(sys.executable, "-m", module, *words), log=log)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The end of a child: its exit code (negative: the signal), its own last error line.

    Attributes:
        words: at most 500 characters; "no message" where it wrote nothing.
    """

    code: int
    words: str


@dataclass(frozen=True, kw_only=True)
class News(Generic[T]):
    """An event of a task: its child started, printed a JSON object, or ended.

    Attributes:
        task: as it was taken from the queue.
        message: the object printed.
        ended: None before the end.
    """

    task: T
    message: Mapping[str, Any] = field(default_factory=dict)  # empty at the start and the end
    ended: Ended | None = None


def run(
    tasks: Iterable[T],
    jobs: int,
    command: Callable[[T], Command],
    deadline: float = math.inf,
    places: Sequence[Mapping[str, str]] = (),
) -> Generator[News[T], None, None]:
    """Start the tasks in order, `jobs` at a time, and yield what their children do.

    One that another process holds (exit code LOCKED) is started again after the others, three
    times in all. Leaving the loop early, by an exception or by closing the iterator, asks the
    children to stop and waits for them, 20 seconds at most before they are killed.

    Args:
        tasks: in order.
        jobs: children at work at a time, at least 1.
        command: returns the child of a task; called as the child is started.
        deadline: a time of `time.monotonic` after which none is started; those at work finish.
        places: environment variables of the first, second, ... child side by side, such as the GPU
            that it sees; a child takes the lowest place that is free, and with fewer than `jobs`
            they are gone round again.

    Yields:
        For each task its start, at each time that it is tried, then every JSON object that is not
        empty and on a line of its own in its child's standard output, then the last end. Other
        lines are dropped. The news of tasks at work come mixed.

    Raises:
        OSError: a log cannot be written, or no process can be started.
    """
    waiting = deque((task, 1) for task in tasks)
    heard = queue.SimpleQueue[tuple[_Child, Mapping[str, Any] | None]]()
    children: dict[_Child, tuple[T, int]] = {}
    free = list(range(jobs))
    try:
        while True:
            while waiting and len(children) < jobs and time.monotonic() <= deadline:
                task, times = waiting.popleft()
                place = heapq.heappop(free)
                added = places[place % len(places)] if places else {}
                children[child := _Child(command(task), place, added)] = task, times
                _listen(child, heard)
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
                if code == LOCKED and times < _TRIES and time.monotonic() <= deadline:
                    waiting.append((task, times + 1))
                else:
                    yield News(task=task, ended=Ended(code=code, words=child.last_words()))
    finally:
        _stop(children)


class _Child:
    """A started command."""

    def __init__(self, command: Command, place: int, environment: Mapping[str, str]):
        self.command, self.place = command, place
        with open(command.log, "ab") as log:
            self.before = log.tell()
            self.process = subprocess.Popen(
                command.argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # Ctrl-C in a terminal reaches the runner alone
            )

    def last_words(self) -> str:
        """Return the child's own last error line, without the program's name."""
        try:
            said = self.command.log.read_bytes()[self.before :].decode(errors="replace")
        except FileNotFoundError:  # another runner's --fresh took it
            return "no message"
        lines, name = said.strip().splitlines(), f"{self.command.program}: "
        own = [line for line in lines if line.startswith(name)] or lines[-1:]
        return own[-1].removeprefix(name)[:500] if own else "no message"


def _listen(
    child: _Child, heard: queue.SimpleQueue[tuple[_Child, Mapping[str, Any] | None]]
) -> None:
    """Queue each JSON object that the child prints, and None at its end."""

    def listen() -> None:
        with child.process.stdout or contextlib.nullcontext([]) as lines:
            for line in lines:
                with contextlib.suppress(ValueError):
                    message = json.loads(line)
                    if isinstance(message, dict):
                        heard.put((child, message))
        heard.put((child, None))

    threading.Thread(target=listen, daemon=True).start()


def _stop(children: Iterable[_Child]) -> None:
    """Ask the children to stop, wait, and kill what does not."""
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
