"""A place for one child on a machine of a cluster: files come in, what it says and makes goes out.

Nothing here knows how the calls arrive. The folder of the child is a temporary one of its machine;
the driver, which calls, is alone to write where the records lie.
"""

from __future__ import annotations

import contextlib
import os
import platform
import queue
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablations.execution import pool
from ablations.execution.executor import Command, Ended
from alexnet_tf import environment, files
from alexnet_tf.errors import LockedError

_LEFT_OUT = re.compile(rf"\..*|{files.LOCK}|.*\.corrupt")
_PREFIX = "alexnet-ablations-slot-"
_STATE = ".state"
_RESULT = "result.json"


@dataclass(frozen=True, kw_only=True)
class Hello:
    """The machine of a slot: its name, and the part of its environment that decides about bits."""

    host: str
    fingerprint: Mapping[str, str | int]  # as `records.Environment.fingerprint`


@dataclass(frozen=True, kw_only=True)
class Report:
    """News of a slot's child since the report before.

    Attributes:
        number: from 1, in the order of the reports of one child.
        messages: JSON objects that the child printed.
        files: path in the run's folder -> content, of those that are new or changed; a result last.
        states: paths of all the states there, which replace those that were sent before.
        log: what the child has written on its standard error.
        ended: None before the end.
    """

    number: int
    messages: tuple[Mapping[str, Any], ...]
    files: Mapping[str, bytes]
    states: tuple[str, ...]
    log: bytes
    ended: Ended | None


class Slot:
    """Computes one child after the other.

    Args:
        gpus: how many it has; without any its children see none.
        rate: bytes a second of states at most, beyond the first of a child.
    """

    def __init__(self, gpus: int, rate: float = 2**20):
        # set by Ray to the number of cores; this project sets its threads itself
        os.environ.pop("OMP_NUM_THREADS", None)
        self.gpus, self.rate = gpus, rate
        self.environment = {} if gpus else {"CUDA_VISIBLE_DEVICES": ""}
        _sweep()
        base = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self.held = contextlib.ExitStack()
        self.held.enter_context(files.lock(base))
        self.folder = base / "run"
        self.child: pool.Child | None = None

    def hello(self, threads: int) -> Hello:
        """Return what the machine is; `threads` are those of a child."""
        model, driver = _gpu() if self.gpus else ("CPU", "")
        here = environment.describe(threads=threads, device=model, cuda=driver)
        return Hello(host=platform.node(), fingerprint=here.fingerprint())

    def start(self, command: Command, sent: Mapping[str, bytes]) -> bool:
        """Start a child in an empty folder with the files that are sent; return True.

        Raises:
            OSError: the disk of the machine is full or not writable.
        """
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        for name, content in sent.items():
            files.write_atomic(self.folder / name, content)
        there = command.moved(self.folder, _cache())
        self.known = {name: _stamp(self.folder / name) for name in sent}
        self.log, self.read = there.log, 0
        self.said: queue.SimpleQueue[tuple[pool.Child, Mapping[str, Any] | None]]
        self.said = queue.SimpleQueue()
        self.quiet_until = 0.0  # no state is sent before
        self.last: Report | None = None
        self.child = pool.Child(there, 0, self.environment)
        pool.listen(self.child, self.said)
        return True

    def poll(self, seen: int) -> Report:
        """Return the news since the report of number `seen`; 0: of the whole child so far.

        A report is given again until a call says that it was seen.
        """
        if self.child is None:
            raise RuntimeError("poll before start")
        number = 0 if self.last is None else self.last.number
        if self.last is not None and seen < number:
            return self.last
        messages, ended = [], None
        while not self.said.empty():
            _, message = self.said.get()
            if message:
                messages.append(message)
            elif message is None:
                code = self.child.process.wait()
                ended = Ended(code=code, words=self.child.last_words())
        there = present(self.folder, self.log.name)
        said = self.log.read_bytes()[self.read :]
        self.read += len(said)
        self.last = Report(
            number=number + 1,
            messages=tuple(messages),
            files=self._changed(there, last=ended is not None),
            states=tuple(name for name in there if name.endswith(_STATE)),
            log=said,
            ended=ended,
        )
        return self.last

    def stop(self) -> None:
        """Stop the child; what it has left stays until the next one."""
        if self.child is not None:
            pool.stop([self.child])
            self.child = None

    def close(self) -> None:
        """Stop the child and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder.parent, ignore_errors=True)
        self.held.close()

    def _changed(self, there: Mapping[str, tuple[int, int]], *, last: bool) -> dict[str, bytes]:
        """Read what is new or changed; of states the newest, and no more than the rate allows.

        The last report has it whatever the rate.
        """
        found: dict[str, bytes] = {}
        now = time.monotonic()
        states = [Path(name) for name in sorted(there) if name.endswith(_STATE)]
        newest = {path.parent: str(path) for path in states}
        for name, stamp in there.items():
            if name == _RESULT and not last:  # it counts as finished: all else goes before
                continue
            state = name.endswith(_STATE)
            if self.known.get(name) == stamp:
                continue
            if state and name != newest[Path(name).parent]:
                continue
            if state and now < self.quiet_until and not last:
                continue
            try:
                found[name] = (self.folder / name).read_bytes()
            except FileNotFoundError:  # a state that was replaced meanwhile
                continue
            self.known[name] = stamp
            if state:
                self.quiet_until = max(self.quiet_until, now + len(found[name]) / self.rate)
        return dict(sorted(found.items(), key=lambda item: item[0].endswith(_RESULT)))


def present(folder: Path, log: str) -> dict[str, tuple[int, int]]:
    """Return path -> time of change and size of the files of a run's folder that count.

    Those set aside do not, nor do states of a training that has its result.

    Args:
        folder: of the run.
        log: name of the child's log, which does not count either.
    """
    found: dict[str, tuple[int, int]] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if any(_LEFT_OUT.fullmatch(part) for part in name.parts) or str(name) == log:
            continue
        if path.suffix == _STATE and (path.parent / _RESULT).exists():
            continue
        try:
            if path.is_file():
                found[str(name)] = _stamp(path)
        except FileNotFoundError:  # replaced meanwhile
            continue
    return found


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def _sweep() -> None:
    """Remove folders of slots that were killed, an hour after their last child began."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError, LockedError):
            if time.time() - path.stat().st_mtime > 3600:
                with files.lock(path):
                    shutil.rmtree(path, ignore_errors=True)


def _cache() -> Path:
    """Return the folder of decoded data that the slots of a machine share."""
    return Path(tempfile.gettempdir()) / f"alexnet-ablations-{os.getuid()}" / "cache"


def _gpu(proc: Path = Path("/proc/driver/nvidia")) -> tuple[str, str]:
    """Return the model of the first GPU and the driver's version, without TensorFlow."""
    try:
        words = "".join(path.read_text() for path in sorted(proc.glob("gpus/*/information"))[:1])
        driver = re.search(r"Module.*?\s(\d+\.[\d.]+)", (proc / "version").read_text())
    except OSError:
        words, driver = "", None
    model = re.search(r"Model:\s*(.+)", words)
    return (model[1].strip() if model else "GPU", f"driver {driver[1]}" if driver else "")
