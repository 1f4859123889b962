"""Trainings in children of one process that has imported TensorFlow and run no operation.

Importing costs six seconds of processor time, a training of the tiny net in a forked child three,
and a training in a process that has done one before two. A child is a process of its own for the
system: it can be killed, and its folder's lock goes with it. (`test_forked` compares its weights
with those of a process started afresh.)
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tiny

SUPPORT = Path(__file__).parent


@dataclass(frozen=True)
class Call:
    """A function of a module of `tests/support`, and its arguments as JSON.

    It is called before the command and changes what the command does; what it returns, if
    anything, is called after the command and undoes that.
    """

    name: str  # module.function
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int  # negative: the signal
    seconds: float  # of processor time
    said: tuple[dict[str, Any], ...]  # events on standard output
    errors: str  # standard error

    @property
    def epochs(self) -> list[int]:
        """Epochs that were reported as done."""
        return [event["epoch"] for event in self.said if event["event"] == "epoch"]


class Forks:
    """Two processes, one that forks and one that trains itself; use it as a context.

    One that has trained has threads, without which a forked child of it would wait for ever.
    """

    def __init__(self, folder: Path):
        self.folder, self.number = folder, 0
        self._processes: dict[bool, subprocess.Popen[str]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Forks:
        return self

    def __exit__(self, *error: object) -> None:
        for process in self._processes.values():
            process.kill()
            process.communicate()

    def _process(self, fork: bool) -> subprocess.Popen[str]:
        if fork not in self._processes:
            self._processes[fork] = subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                cwd=tiny.ROOT,
                env={**os.environ, "PYTHONPATH": f"{tiny.ROOT}{os.pathsep}{SUPPORT}"},
            )
        return self._processes[fork]

    def run(self, argv: Sequence[str], *calls: Call, fork: bool = True) -> Ended:
        """Run `python -m alexnet_tf.train` with these arguments to its end.

        Args:
            argv: of the command.
            calls: change the program first.
            fork: in a child of its own; False: in a process that does all of these.
        """
        self._start(argv, calls, fork)
        return self._wait(fork)

    def start(self, argv: Sequence[str], *calls: Call) -> int:
        """Begin the same in a child and return its process id; end it with `wait`."""
        return self._start(argv, calls, True)

    def wait(self) -> Ended:
        """Wait for the child that was started."""
        return self._wait(True)

    def _start(self, argv: Sequence[str], calls: Sequence[Call], fork: bool) -> int:
        self.number += 1
        self.out, self.err = (self.folder / f"{self.number}.{name}" for name in ("out", "err"))
        files = {"out": str(self.out), "err": str(self.err)}
        asked: dict[str, Any] = {"argv": list(argv), "fork": fork, **files}
        asked["calls"] = [[call.name, call.arguments] for call in calls]
        server = self._process(fork)
        assert server.stdin is not None
        print(json.dumps(asked), file=server.stdin, flush=True)
        return self._number(fork)

    def _wait(self, fork: bool) -> Ended:
        code, seconds = self._number(fork), self._number(fork) / 1000
        lines = self.out.read_text().splitlines()
        said = tuple(json.loads(line) for line in lines if line.startswith("{"))
        ended = Ended(code, seconds, said, self.err.read_text(errors="replace"))
        self.out.unlink()
        self.err.unlink()
        return ended

    def _number(self, fork: bool) -> int:
        answers = self._process(fork).stdout
        assert answers is not None
        return int(answers.readline())


def kill_after(pid: int, seconds: float) -> None:
    """Kill a process when it has used so many seconds of processor time, if it gets there."""
    ticks = seconds * os.sysconf("SC_CLK_TCK")
    while True:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return
        if fields[0] == "Z":
            return
        if int(fields[11]) + int(fields[12]) >= ticks:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.005)


def _serve() -> None:
    """Do what the lines of standard input ask for, until it is closed."""
    from alexnet_tf.train import __main__ as command

    answers = os.fdopen(os.dup(1), "w")

    def answer(number: int) -> None:
        print(number, file=answers, flush=True)

    for line in sys.stdin:
        asked = json.loads(line)
        for descriptor, name in ((1, "out"), (2, "err")):
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            file = os.open(asked[name], flags, 0o600)
            os.dup2(file, descriptor)
            os.close(file)
        if not asked["fork"]:
            answer(os.getpid())
            begun = time.process_time()
            answer(_main(command, asked))
            answer(int(1000 * (time.process_time() - begun)))
            continue
        pid = os.fork()
        if pid == 0:
            os._exit(_main(command, asked))
        answer(pid)
        _, status, used = os.wait4(pid, 0)
        answer(os.waitstatus_to_exitcode(status))
        answer(int(1000 * (used.ru_utime + used.ru_stime)))


def _main(command: Any, asked: dict[str, Any]) -> int:
    """Return the exit code of the command, an uncaught exception's included."""
    import keras

    undo = []
    try:
        keras.utils.clear_session()
        for name, arguments in asked["calls"]:
            module, _, function = name.rpartition(".")
            undo.append(getattr(importlib.import_module(module), function)(**arguments))
        return command.main(asked["argv"])
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        for back in reversed(undo):
            if back is not None:
                back()
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    _serve()
