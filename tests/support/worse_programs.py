"""The training with a fault put in, which the tests of faults have to find (`forked.Call`)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alexnet_tf import files
from alexnet_tf.train import checkpoint


def writing_in_place() -> None:
    """Write files where they are to be, instead of beside it."""

    def write(path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)

    files.write_atomic = checkpoint.write_atomic = write
    files.write_through = lambda path, write: write(path)


def without_fsync_of_files() -> None:
    """Put names on the disk, not what is in the files."""
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            real(descriptor)

    os.fsync = fsync


def without_fsync_of_folders() -> None:
    """Put what is in the files on the disk, not their names."""
    files._sync_folder = lambda folder: None


def leaving_temporary_files() -> None:
    """Never remove what a killed process was writing."""
    files._remove_left = lambda path: None


def forgetting_seeds() -> None:
    """Leave the seeds of random layers out of a state."""
    real: Callable[[Any], list[tuple[str, Any]]] = checkpoint.variables

    def variables(model: Any) -> list[tuple[str, Any]]:
        return [(name, v) for name, v in real(model) if "seed_generator" not in name]

    checkpoint.variables = variables
