"""Arrays of states in a folder that machines share, or at an fsspec URL.

The state in a run's folder has its header then, and refers to arrays here by name and hash: some
kilobytes, whatever the net, so that a run that goes on elsewhere needs no more than those.
"""

from __future__ import annotations

import importlib
import shutil
import time
from collections import deque
from pathlib import Path
from typing import Any

from alexnet_tf import files
from alexnet_tf.errors import SpecError

#: Seconds for which replaced arrays stay: a run may just be going on from them elsewhere.
_KEPT = 600.0


class StateStore:
    """Where one run keeps the arrays of its states.

    A name is given to one content only, so that several processes with the same run, one of which
    was taken for lost, never write over what another has left.

    Args:
        place: an absolute folder, or a URL that fsspec knows, such as s3://bucket/folder.
        run_id: of the run; its arrays lie below it.

    Raises:
        SpecError: fsspec knows no such URL.
        ModuleNotFoundError: a package is missing that the URL needs.
    """

    def __init__(self, place: str, run_id: str):
        self.where = f"{place.rstrip('/')}/{run_id}"
        self._system, self._path = _opened(self.where) if is_url(place) else (None, self.where)
        self._dropped: deque[tuple[float, str]] = deque()

    def put(self, name: str, content: bytes) -> None:
        """Write arrays, under a name that no other content has.

        Raises:
            OSError: the place is not writable or full.
        """
        if self._system is None:
            files.write_atomic(Path(self._path) / name, content)
            return
        self._system.makedirs(self._path, exist_ok=True)
        self._system.pipe_file(f"{self._path}/{name}", content)

    def get(self, name: str) -> bytes | None:
        """Return the content of this name; None: there is none.

        Raises:
            OSError: the place cannot be read.
        """
        try:
            if self._system is None:
                return (Path(self._path) / name).read_bytes()
            return self._system.cat_file(f"{self._path}/{name}")
        except FileNotFoundError:
            return None

    def drop(self, name: str) -> None:
        """Remove arrays ten minutes from now, and what was dropped ten minutes ago.

        Raises:
            OSError: the place is not writable.
        """
        now = time.monotonic()
        self._dropped.append((now, name))
        while self._dropped and now - self._dropped[0][0] >= _KEPT:
            self._remove(self._dropped.popleft()[1])

    def clear(self) -> None:
        """Remove all arrays of the run, those of processes that were killed too.

        Raises:
            OSError: the place is not writable.
        """
        if self._system is None:
            shutil.rmtree(self._path, ignore_errors=True)
        elif self._system.exists(self._path):
            self._system.rm(self._path, recursive=True)

    def _remove(self, name: str) -> None:
        if self._system is None:
            (Path(self._path) / name).unlink(missing_ok=True)
        elif self._system.exists(f"{self._path}/{name}"):
            self._system.rm_file(f"{self._path}/{name}")


def is_url(place: str) -> bool:
    """Say whether a place is a URL, and else a folder.

    >>> is_url("s3://bucket/states"), is_url("/shared/states")
    (True, False)
    """
    return "://" in place


def absolute(place: str) -> str:
    """Return a place as every process understands it: a folder without links and `~`.

    >>> absolute("s3://bucket/states")
    's3://bucket/states'
    """
    return place if is_url(place) else str(files.real(Path(place)))


def _opened(url: str) -> tuple[Any, str]:
    """Return fsspec's file system of a URL, and the path in it."""
    try:
        return importlib.import_module("fsspec.core").url_to_fs(url)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{error.name} is not installed, which --states with a URL needs. Give a folder that "
            "the machines share, or: pip install 'alexnet-ablations[states]'"
        ) from error
    except ImportError as error:  # fsspec's own words name the package of the protocol
        raise ModuleNotFoundError(f"--states {url}: {error}") from error
    except ValueError as error:
        raise SpecError(f"--states {url}: {error}. Give a folder, or a URL of fsspec.") from error
