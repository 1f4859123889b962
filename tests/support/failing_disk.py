"""Every call by which a training changes the disk under a folder: counted, refused, or the last.

Such a step is one call of Python that changes a file or a folder: open for writing, write,
truncate, flush, close, fsync, mkdir, chmod, rename, remove. A write of a sector or more is two
steps of half the bytes. The functions are called in the process that trains (`forked.Call`).
"""

from __future__ import annotations

import builtins
import errno
import io
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from power_cut import PowerCut

_SECTOR = 512
_CALLS = ("open", "fdopen", "fsync", "mkdir", "chmod", "replace", "rename", "unlink", "rmdir")
#: The functions of Python before they are watched; "fopen" is the built-in `open`.
REAL: dict[str, Any] = {**{name: getattr(os, name) for name in _CALLS}, "fopen": io.open}
Step = Callable[[str, str, Callable[[], Any]], Any]


class _File:
    """A file open for writing, whose calls are steps and reach the disk at once."""

    def __init__(self, file: Any, step: Step, path: str):
        self._file, self._step, self._path = file, step, path

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def write(self, data: Any) -> int:
        data = bytes(data)
        middle = len(data) // 2 if len(data) >= _SECTOR else 0
        for part in (data[:middle], data[middle:]):
            if part:
                self._step("write", self._path, lambda part=part: self._now(part))
        return len(data)

    def _now(self, part: bytes) -> None:
        self._file.write(part)
        self._file.flush()

    def truncate(self, *size: int) -> Any:
        return self._step("truncate", self._path, lambda: self._file.truncate(*size))

    def flush(self) -> None:
        self._step("flush", self._path, self._file.flush)

    def close(self) -> None:
        if self._file.closed:
            return
        try:
            self._step("close", self._path, lambda: None)
        finally:  # a failing close leaves no file open either
            self._file.close()


def watch(root: str, step: Step) -> Callable[[], None]:
    """Have every change under `root` go through `step`; return what undoes that."""

    def inside(path: Any) -> str:
        """Return the path in full, or nothing where it is another place."""
        if isinstance(path, int):
            path = os.readlink(f"/proc/self/fd/{path}")
        path = os.path.abspath(os.fspath(path))
        return path if path.startswith(root + os.sep) or path == root else ""

    def wrap(name: str) -> Callable[..., Any]:
        def called(path: Any, *rest: Any, **options: Any) -> Any:
            reads = name == "open" and not rest[0] & (os.O_WRONLY | os.O_RDWR)
            where = "" if reads else inside(path)
            if not where:
                return REAL[name](path, *rest, **options)
            return step(name, where, lambda: REAL[name](path, *rest, **options))

        return called

    def fdopen(descriptor: int, mode: str = "r", *rest: Any, **options: Any) -> Any:
        where = inside(descriptor) if set(mode) & set("wax+") else ""
        file = REAL["fdopen"](descriptor, mode, *rest, **options)
        return _File(file, step, where) if where else file

    def opened(path: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
        writes = set(mode) & set("wax+") and not isinstance(path, int)
        where = inside(path) if writes else ""
        if not where:
            return REAL["fopen"](path, mode, *rest, **options)
        return _File(
            step("open", where, lambda: REAL["fopen"](path, mode, *rest, **options)), step, where
        )

    for name in _CALLS:
        setattr(os, name, fdopen if name == "fdopen" else wrap(name))
    builtins.open = io.open = opened  # type: ignore[assignment]

    def undo() -> None:
        for name in _CALLS:
            setattr(os, name, REAL[name])
        builtins.open = io.open = REAL["fopen"]

    return undo


def killed_at(root: str, point: int) -> None:
    """End the process by SIGKILL before its step number `point`, 1 for the first."""
    left = [point]

    def step(name: str, path: str, action: Callable[[], Any]) -> Any:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return action()

    watch(root, step)


def error(name: str, path: str, code: int) -> OSError:
    """Return the system's error of a step; of a file that is open it does not know the name."""
    nameless = name in ("write", "fsync", "flush", "truncate", "close")
    return OSError(code, os.strerror(code)) if nameless else OSError(code, os.strerror(code), path)


def refuses(name: str, code: int) -> bool:
    """Say whether a disk fails at a step that follows an error: it stays full or read-only."""
    if code in (errno.ENOSPC, errno.EDQUOT):
        return name not in ("unlink", "rmdir", "close")
    return code == errno.EROFS and name != "close"


def reported() -> tuple[int, bool]:
    """Return how many epochs this process has reported, and whether the end."""
    with REAL["fopen"](os.readlink("/proc/self/fd/1"), "rb") as lines:
        said = [json.loads(line) for line in lines if line.startswith(b"{")]
    ended = any(event["event"] == "end" for event in said)
    return sum(event["event"] == "epoch" for event in said), ended


def blob(film: Path, content: bytes) -> str:
    """Keep bytes in a file of `film` and return its name."""
    name = f"{len(content)}_{hash(content):x}"
    if not (film / name).exists():
        with REAL["fopen"](film / name, "wb") as file:
            file.write(content)
    return name


def filmed(root: str, film: str) -> Callable[[], None]:
    """Write down what the disk would hold after a crash before each step, and at the end.

    `film/steps.jsonl` has a line a step: what it is, how many epochs had been reported, whether
    the end had been, and for a kill and each outcome of a power cut the files (`PowerCut.disks`)
    as path -> name of a file in `film`.
    """
    cut, place = PowerCut(Path(root)), Path(film)
    REAL["mkdir"](film)

    def keep(name: str, path: str) -> None:
        shown = {}
        for title, disk in cut.disks().items():
            shown[title] = {file: blob(place, content) for file, content in disk.items()}
        epochs, ended = reported()
        facts = {
            "step": name,
            "path": os.path.relpath(path, root),
            "epochs": epochs,
            "ended": ended,
            "disks": shown,
        }
        with REAL["fopen"](place / "steps.jsonl", "a") as steps:
            print(json.dumps(facts), file=steps)

    def step(name: str, path: str, action: Callable[[], Any]) -> Any:
        keep(name, path)
        result = action()
        cut.done(name, path)
        return result

    undo = watch(root, step)

    def end() -> None:
        undo()
        keep("end", root)

    return end
