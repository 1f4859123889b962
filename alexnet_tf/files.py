"""The only place that writes to disk: whole files atomically, and one lock per folder."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from alexnet_tf.errors import LockedError, SpecError

#: The file in a folder that its holder has locked.
LOCK = "lock"

_PROBE = bytes(1 << 16)  # an empty file has a place on a full disk too


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that a reader sees the old file or the new, never a part.

    Folders above `path` are made. The bytes and the folder's entry are on the disk when the
    call returns (fsync).

    Args:
        path: the file, afterwards of the mode that the process gives new files (umask).
        data: all of its bytes.

    Raises:
        OSError: the folder is not writable or the disk is full; `path` is then untouched. The
            error's `filename` is `path`, or the folder that cannot be made.
    """
    _make(path.parent)
    with _naming(path), _placed(path) as (descriptor, _):
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(data)


def _umask() -> int:
    """Return the mask of the process, which the system tells only to who sets one."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def write_through(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file beside `path` and put it there whole, or leave `path` as it is.

    For libraries that write to a path alone. The name that `write` gets ends like `path`.

    Args:
        path: the file; folders above it are made.
        write: makes the file that it is given the name of.

    Raises:
        OSError: the folder is not writable or the disk is full; `path` is then untouched. The
            error's `filename` is `path`, or the folder that cannot be made.
    """
    _make(path.parent)
    with _naming(path), _placed(path, path.suffix) as (_, temporary):
        write(temporary)


@contextlib.contextmanager
def _placed(path: Path, ending: str = "") -> Iterator[tuple[int, Path]]:
    """Give a new file beside `path`, open for writing, and put it there if all goes well.

    Its writer holds a lock on it, so that one left by a process that was killed is known and
    removed when `path` is next written.
    """
    _remove_left(path)
    descriptor, temporary = _locked(path, ending)
    try:
        yield descriptor, temporary
        os.fsync(descriptor)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    _sync_folder(path.parent)


def _locked(path: Path, ending: str) -> tuple[int, Path]:
    """Make a locked file beside `path`, with a name of this ending."""
    while True:
        descriptor, name = tempfile.mkstemp(ending, f".{path.name}.", path.parent)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.stat(name), os.fstat(descriptor)):
                return descriptor, Path(name)
        os.close(descriptor)  # another process had it removed before it was locked


def _remove_left(path: Path) -> None:
    """Remove the files beside `path` that killed processes were writing in its place."""
    for name in os.listdir(path.parent):
        if name.startswith(f".{path.name}."):
            with contextlib.suppress(OSError):  # held by its writer, or gone
                descriptor = os.open(path.parent / name, os.O_RDWR)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    (path.parent / name).unlink()
                finally:
                    os.close(descriptor)


def real(path: Path) -> Path:
    """Return the absolute path without links; `~` and `~user` at its front are homes.

    A loop of links, and a user that is not known, stay as they are: pathlib raises RuntimeError.
    """
    return Path(os.path.realpath(os.path.expanduser(path)))


def nameless(folder: Path, size: int) -> IO[bytes]:
    """Return an open file of `size` zeros that no name leads to, for work larger than memory.

    The system frees its place when it is closed, or when the process ends, however it ends.

    Args:
        folder: on the disk that it is on; made where it is missing.
        size: bytes, above 0; their place is reserved.

    Raises:
        OSError: the folder is not writable or the disk is too full; its `filename` is `folder`.
    """
    _make(folder)
    with _naming(folder):
        file = tempfile.TemporaryFile(dir=folder)
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except BaseException:
            file.close()
            raise
        return file


def check_writable(folder: Path) -> None:
    """Create `folder` and prove that a file can be written there, before long work begins.

    Raises:
        OSError: it can't, or the disk has no place for 64 KiB.
    """
    probe = folder / ".writable"
    _make(folder)
    with _naming(folder):
        write_atomic(probe, _PROBE)
        probe.unlink(missing_ok=True)  # another process may check the same folder


def check_reachable(folder: Path) -> None:
    """Refuse a folder that can never be one; it need not be there, and nothing is written.

    Raises:
        OSError: it is a file or lies below one, or may not be read.
    """
    with contextlib.suppress(FileNotFoundError):
        os.scandir(folder).close()


def require_folder(folder: Path, hint: str) -> None:
    """Refuse a folder that is not there.

    Args:
        folder: that an argument names.
        hint: what to do about it, a sentence.

    Raises:
        SpecError: it is not there.
        OSError: it is a file or lies below one, or may not be read.
    """
    try:
        os.scandir(folder).close()
    except FileNotFoundError as error:
        raise SpecError(f"no folder {folder}. {hint}") from error


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold `folder` alone; the system lets go of it when the process ends, however it ends.

    The lock is on the file `lock` there, which stays and has the number of the process. It keeps
    out this process too: it cannot be held twice.

    Args:
        folder: made where it is missing.

    Raises:
        LockedError: another process holds it.
        OSError: the folder is not writable or the disk is full.
    """
    _make(folder)
    # unbuffered: what did not fit would fail once more, without a name, when it is closed
    with open(folder / LOCK, "a+b", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read(200).decode(errors="replace").strip() or "an unknown process"
            raise LockedError(f"{folder} is held by {holder}") from error
        with _naming(folder / LOCK):
            file.truncate(0)
            file.write(f"process {os.getpid()} on {os.uname().nodename}".encode())
        yield


def _make(folder: Path) -> None:
    """Make a folder and those above it, on the disk; a file in its place is no directory."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        code = errno.ENOTDIR
        raise NotADirectoryError(code, os.strerror(code), str(folder)) from error
    for made in missing:  # a file in it is no safer than its own name
        _sync_folder(made.parent)


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Give an error of the disk the name of what was to be written.

    The system names a temporary file, or none where a write fails.
    """
    try:
        yield
    except OSError as error:
        error.strerror = error.strerror or str(error)  # a library's; its words go with the name
        error.filename = str(path)
        raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
