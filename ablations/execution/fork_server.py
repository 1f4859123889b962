"""The process that loads TensorFlow and Keras once and forks a child for each request."""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
from pathlib import Path
from typing import Any

#: What the children import; not the modules that they run as programs.
_MODULES = ("alexnet_tf.train.run", "alexnet_tf.evaluate", "alexnet_tf.dropped_nets")

#: Keras takes them where it finds them, for plots and data frames that no child here has.
_UNUSED = ("matplotlib", "pandas", "sklearn")

_LARGEST = 1 << 20  # bytes of a request: an environment and the arguments

NUMBER = 4  # bytes of a process id and of an exit code


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
            os.write(status, process.to_bytes(NUMBER, "big"))
            code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            os.write(status, code.to_bytes(NUMBER, "big", signed=True))
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
