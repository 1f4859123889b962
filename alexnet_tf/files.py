"""The only place that writes to disk: whole files atomically, and one lock per folder."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alexnet_tf.errors import LockedError

#: The file in a folder that its holder has locked.
LOCK = "lock"


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that a reader sees the old file or the new, never a part.

    Folders above `path` are made. The bytes and the folder's entry are on the disk when the
    call returns (fsync).

    Args:
        path: the file, afterwards of mode 0644.
        data: all of its bytes.

    Raises:
        OSError: the folder is not writable or the disk is full; `path` is then untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_through(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file beside `path` and put it there whole, or leave `path` as it is.

    For libraries that write to a path alone. The name that `write` gets ends like `path`.

    Args:
        path: the file; folders above it are made.
        write: makes the file that it is given the name of.

    Raises:
        OSError: the folder is not writable or the disk is full; `path` is then untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{os.getpid()}.{path.name}"
    try:
        write(temporary)
        descriptor = os.open(temporary, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def check_writable(folder: Path) -> None:
    """Create `folder` and prove that a file can be written there, before long work begins.

    Raises:
        OSError: it can't.
    """
    probe = folder / f".writable.{os.getpid()}"
    write_atomic(probe, b"")
    probe.unlink()


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold `folder` alone; the system lets go of it when the process ends, however it ends.

    The lock is on the file `lock` there, which stays and has the number of the process. It keeps
    out this process too: it cannot be held twice.

    Args:
        folder: made where it is missing.

    Raises:
        LockedError: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / LOCK, "a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read(200).decode(errors="replace").strip() or "an unknown process"
            raise LockedError(f"{folder} is held by {holder}") from error
        file.truncate(0)
        file.write(f"process {os.getpid()} on {os.uname().nodename}".encode())
        file.flush()
        yield


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
