"""A training that is tried with every error of the disk at every step, by a child at each.

The process forks just before a step; in the child the step fails, and the command ends as it will.
A child has none of TensorFlow's threads, of which what follows an error has no need.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from failing_disk import REAL, blob, error, refuses, reported, watch

from alexnet_tf import errors

_PATIENCE = 20  # seconds that a child has


def refused(root: str, film: str, codes: list[int], each: bool) -> Callable[[], None]:
    """Write down how the training ends for each error at each step, and what it leaves.

    `film/errors.jsonl` has a line for each: the step, the errno, the exit code, what was said on
    standard error, how many epochs had been reported, and the files as path -> name of a file in
    `film`.

    Args:
        root: folder that is watched.
        film: a folder, which is made.
        codes: values of errno.
        each: every error at every step; else they take turns.
    """
    place, count, inside = Path(film), [0], dict[str, int]()
    REAL["mkdir"](film)

    def child(name: str, path: str, code: int) -> None:
        said = REAL["open"](f"{film}/said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for descriptor in (1, 2):
            os.dup2(said, descriptor)
        inside["code"] = code
        real = errors.fail
        # what TensorFlow does when the command's values go would wait for its threads
        errors.fail = lambda *words: os._exit(real(*words))
        raise error(name, path, code)

    def branch(name: str, path: str, code: int) -> None:
        kept = _Kept(Path(root), place)
        pid = os.fork()
        if pid == 0:
            child(name, path, code)
        facts = {
            "step": name,
            "path": os.path.relpath(path, root),
            "code": code,
            "exit": _end(pid),
            "said": (place / "said").read_text(errors="replace"),
            "epochs": reported()[0],
            "disk": {file: blob(place, content) for file, content in _files(Path(root)).items()},
        }
        with REAL["fopen"](place / "errors.jsonl", "a") as lines:
            print(json.dumps(facts), file=lines)
        kept.restore()

    def step(name: str, path: str, action: Callable[[], Any]) -> Any:
        if inside:
            if refuses(name, inside["code"]):
                raise error(name, path, inside["code"])
            return action()
        if name == "mkdir" and os.path.isdir(path):
            return action()  # whose error Python passes over
        count[0] += 1
        for code in codes if each else [codes[count[0] % len(codes)]]:
            branch(name, path, code)
        return action()

    return watch(root, step)


def _end(pid: int) -> int:
    """Wait for a child and return its exit code; one that hangs is killed."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            deadline += _PATIENCE
        time.sleep(0.002)


def _files(root: Path) -> dict[str, bytes]:
    files = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


class _Kept:
    """The files of a folder, and their inodes: the process has some of them open."""

    def __init__(self, root: Path, place: Path):
        self.root, self.contents = root, _files(root)
        self.folders = {path for path in root.rglob("*") if path.is_dir()}
        self.second = {path: place / f"second_{n}" for n, path in enumerate(self.contents)}
        for path, name in self.second.items():
            os.link(root / path, name)

    def restore(self) -> None:
        """Give every file its name and bytes back, and remove what is new."""
        for path in sorted(self.root.rglob("*"), reverse=True):
            if path.is_dir() and path not in self.folders:
                REAL["rmdir"](path)
            elif path.is_file() and str(path.relative_to(self.root)) not in self.contents:
                REAL["unlink"](path)
        for path, name in self.second.items():
            if name.read_bytes() != self.contents[path]:
                with REAL["fopen"](name, "r+b") as file:
                    file.truncate(0)
                    file.write(self.contents[path])
            REAL["replace"](name, self.root / path)
            name.unlink(missing_ok=True)  # of two names of one file the system keeps both
