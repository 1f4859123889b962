"""Python modules as child processes that find TensorFlow and Keras loaded already.

Loading them is most of what a child does before its first step. One process loads them, runs no
operation of theirs, and so has none of their threads, devices and random states; each child is a
fork of it.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO

from ablations.execution import fork_server
from ablations.execution.fork_server import NUMBER

#: The devices of NVIDIA's, AMD's and WSL's drivers. What a library has begun with a driver does
#: not survive a fork, and what TensorFlow begins as it is loaded is not ours to know.
_DRIVERS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")

#: Beginnings of the variables that are read as an interpreter starts and libraries are loaded; the
#: others, a child has as they are when it starts.
_READ_ONCE = tuple("CUDA DNNL GLIBC GOMP KERAS KMP LD_ MALLOC MKL NPY OMP ONEDNN OPENBLAS".split())
_READ_ONCE += ("PYTHON", "TF_", "XLA")

_LAST = 1.0  # second for its end; while it loads, it does not hear of it


def possible() -> bool:
    """Return whether children may be forked from a process that has TensorFlow: Linux, no GPU."""
    return sys.platform == "linux" and not any(map(os.path.exists, _DRIVERS))


class Process:
    """A child; its attributes and methods are those of `subprocess.Popen`.

    Attributes:
        stdout: what it prints.
        returncode: its exit code, negative for a signal; None until it was waited for.
    """

    def __init__(self, stdout: IO[bytes], status: IO[bytes]):
        self.stdout, self.returncode = stdout, None
        self._status = status
        self._pid = 0

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code as soon as there is one.

        Raises:
            subprocess.TimeoutExpired: it goes on after `timeout` seconds.
        """
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("preloaded child", timeout or 0.0)
            self.returncode = _number(self._status.read(NUMBER), -signal.SIGKILL)
            self._status.close()
        return self.returncode

    def poll(self) -> int | None:
        """Return the exit code, or None while it goes on."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0.0)
        return self.returncode

    def terminate(self) -> None:
        """Send SIGTERM, unless it has ended."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL, unless it has ended."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None and self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, number)

    def wait_for_start(self) -> None:
        """Return when it was forked, or cannot be any more."""
        self._pid = _number(self._status.read(NUMBER), 0)


class Server:
    """The process that has TensorFlow loaded.

    Attributes:
        conditions: the working folder and the variables that it was started with.
    """

    def __init__(self) -> None:
        self.conditions = _conditions()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", fork_server.__name__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,  # as the children's: Python asks once what a stream is
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._socket = ours

    def start(
        self, module: str, words: Sequence[str], log: IO[bytes], environment: Mapping[str, str]
    ) -> Process:
        """Start `python -m module words...`; returns when TensorFlow is loaded and it was forked.

        Args:
            module: its full name.
            words: its arguments.
            log: takes its standard error.
            environment: variables beside those of this process; none that `conditions` has.

        Raises:
            OSError: the server is gone.
        """
        request = json.dumps([module, *words, {**os.environ, **environment}]).encode()
        stdout, its_stdout = os.pipe()
        status, its_status = os.pipe()
        try:
            socket.send_fds(self._socket, [request], [its_stdout, log.fileno(), its_status])
        finally:
            os.close(its_stdout)
            os.close(its_status)
        child = Process(open(stdout, "rb"), open(status, "rb", buffering=0))
        child.wait_for_start()
        return child

    def gone(self) -> bool:
        """Return whether it has ended, by another's hand."""
        return self._process.poll() is not None

    def close(self) -> None:
        """End it; the children go on."""
        self._socket.close()
        with self._process:  # and its pipe
            try:
                self._process.wait(_LAST)
            except subprocess.TimeoutExpired:
                self._process.kill()


_servers: list[Server] = []  # one at most


def server() -> Server:
    """Return the server of this process; another one where its conditions changed."""
    if _servers and (_servers[0].gone() or _servers[0].conditions != _conditions()):
        close()
    if not _servers:
        _servers.append(Server())
    return _servers[0]


def close() -> None:
    """End the server of this process, if there is one; the next child begins another."""
    while _servers:
        _servers.pop().close()


atexit.register(close)


def _conditions() -> tuple[str, dict[str, str]]:
    return os.getcwd(), {k: v for k, v in os.environ.items() if k.startswith(_READ_ONCE)}


def _number(read: bytes, otherwise: int) -> int:
    return int.from_bytes(read, "big", signed=True) if len(read) == NUMBER else otherwise
