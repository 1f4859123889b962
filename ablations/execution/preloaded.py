"""Python modules as child processes that find TensorFlow and Keras loaded already.

Loading them is most of what a child does before its first step. One process loads them, runs no
operation of theirs, and so has none of their threads, devices and random states; each child is a
fork of it.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

#: What the children import; not the modules that they run as programs.
_MODULES = ("alexnet_tf.train.run", "alexnet_tf.evaluate", "alexnet_tf.dropped_nets")

#: Keras takes them where it finds them, for plots and data frames that no child here has.
_UNUSED = ("matplotlib", "pandas", "sklearn")

#: The devices of NVIDIA's, AMD's and WSL's drivers. What a library has begun with a driver does
#: not survive a fork, and what TensorFlow begins as it is loaded is not ours to know.
_DRIVERS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")

#: Beginnings of the variables that are read as an interpreter starts and libraries are loaded; the
#: others, a child has as they are when it starts.
_READ_ONCE = tuple("CUDA DNNL GLIBC GOMP KERAS KMP LD_ MALLOC MKL NPY OMP ONEDNN OPENBLAS".split())
_READ_ONCE += ("PYTHON", "TF_", "XLA")

_LARGEST = 1 << 20  # bytes of a request: an environment and the arguments
_LAST = 1.0  # second for its end; while it loads, it does not hear of it
_NUMBER = 4  # bytes of a process id and of an exit code


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
            self._id()
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("preloaded child", timeout or 0.0)
            self.returncode = _number(self._status.read(_NUMBER), -signal.SIGKILL)
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
        if self.poll() is None and self._id():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, number)

    def _id(self) -> int:
        """Return its process id, 0 if it never started; waits until TensorFlow is loaded."""
        self._pid = self._pid or _number(self._status.read(_NUMBER), 0)
        return self._pid


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
                [sys.executable, "-m", __name__, str(theirs.fileno())],
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
        """Start `python -m module words...`, as soon as TensorFlow is loaded.

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
        return Process(open(stdout, "rb"), open(status, "rb", buffering=0))

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
        _servers.pop().close()
    if not _servers:
        _servers.append(Server())
        atexit.register(_servers[0].close)
    return _servers[0]


def _conditions() -> tuple[str, dict[str, str]]:
    return os.getcwd(), {k: v for k, v in os.environ.items() if k.startswith(_READ_ONCE)}


def _number(read: bytes, otherwise: int) -> int:
    return int.from_bytes(read, "big", signed=True) if len(read) == _NUMBER else otherwise


def _load() -> None:
    """Import what the children import; what cannot be imported, a child says itself."""
    with contextlib.suppress(Exception):
        importlib.import_module("alexnet_tf")  # its settings come before TensorFlow
        hidden = [name for name in _UNUSED if name not in sys.modules]
        sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
        try:
            importlib.import_module("keras")
        finally:
            for name in hidden:
                del sys.modules[name]
        for name in _MODULES:
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # else each child copies and goes through all of it as it ends: a second


def _serve(requests: socket.socket) -> list[str] | None:
    """Fork a child for each request: return its words in the child, None at their end."""
    signal.signal(signal.SIGCHLD, _count)
    while True:
        request, opened, _, _ = socket.recv_fds(requests, _LARGEST, 3)
        if not request:
            return None
        if os.fork() == 0:
            requests.close()
            return _child(json.loads(request), *opened)
        for number in opened:
            os.close(number)


def _count(number: int, frame: object) -> None:
    """Wait for those that have ended; the CPU seconds of ignored children count nowhere."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _child(request: list[Any], stdout: int, log: int, status: int) -> list[str]:
    """Fork the child, in which this returns; the process in between tells how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    process = os.fork()
    if process:
        os.close(stdout)
        with contextlib.suppress(BrokenPipeError):
            os.write(status, process.to_bytes(_NUMBER, "big"))
            code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            os.write(status, code.to_bytes(_NUMBER, "big", signed=True))
        os._exit(0)
    os.setsid()
    os.dup2(stdout, 1)
    os.dup2(log, 2)
    for number in (stdout, log, status):
        os.close(number)
    *words, environment = request
    os.environ.clear()
    os.environ.update(environment)
    Path("/proc/self/comm").write_text(words[0])
    return words


if __name__ == "__main__":
    _load()
    if (words := _serve(socket.socket(fileno=int(sys.argv[1])))) is not None:
        sys.argv = words
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
