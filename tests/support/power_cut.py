"""A disk that forgets, when the power fails, what no fsync has put there."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

#: Path below the watched folder -> bytes of the file.
Disk = dict[str, bytes]


class PowerCut:
    """Follows the steps of a process and says what a power cut would leave after each.

    The model is the weakest that POSIX allows: a file has the bytes of its last fsync, a folder
    the names of its own last fsync. Bytes written since are lost or zeros; a name that is new,
    changed or removed since is as it was or as it is.

    Args:
        root: the watched folder, which is on the disk.
    """

    def __init__(self, root: Path):
        self.root = root
        self.contents: dict[int, bytes] = {}  # inode -> bytes of its last fsync
        self.names: dict[str, dict[str, int]] = {}  # folder -> its names -> inodes, as synced

    def done(self, step: str, path: str) -> None:
        """Take note of a step that the process has done."""
        if step == "fsync" and os.path.isdir(path):
            self.names[path] = _listing(path)
        elif step == "fsync":
            self.contents[os.stat(path).st_ino] = Path(path).read_bytes()
        elif step == "open" and not os.path.getsize(path):
            self.contents[os.stat(path).st_ino] = b""  # the number may have been another file's

    def disks(self) -> dict[str, Disk]:
        """Return what a kill leaves and three outcomes of a power cut."""
        now = dict(self._files(_listing, str(self.root)))
        synced = dict(self._files(lambda folder: self.names.get(folder, {}), str(self.root)))
        kept = {path: self.contents.get(number, b"") for path, number in now.items()}
        sizes = {path: os.path.getsize(self.root / path) for path in now}
        return {
            "killed": {path: (self.root / path).read_bytes() for path in now},
            "lost": kept,
            "zeros": {path: kept[path].ljust(sizes[path], b"\0") for path in now},
            "unnamed": {path: self.contents.get(n, b"") for path, n in synced.items()},
        }

    def _files(
        self, listing: Callable[[str], dict[str, int]], folder: str
    ) -> Iterator[tuple[str, int]]:
        """Yield (path below the root, inode) of every file."""
        for name, number in listing(folder).items():
            path = os.path.join(folder, name)
            if number < 0:
                yield from self._files(listing, path)
            else:
                yield os.path.relpath(path, self.root), number


def _listing(folder: str) -> dict[str, int]:
    """Return name -> inode; of a folder below, the negative of it."""
    found = {entry.name: entry.stat(follow_symlinks=False) for entry in os.scandir(folder)}
    return {
        name: -status.st_ino if stat.S_ISDIR(status.st_mode) else status.st_ino
        for name, status in found.items()
    }
