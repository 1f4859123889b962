"""What a child on another machine needs of a run's folder, and what comes back into it."""

from __future__ import annotations

from pathlib import Path

from ablations.execution import pool
from ablations.execution.executor import Command
from ablations.execution.slot import Report, present
from alexnet_tf import files
from alexnet_tf.errors import DataError


def contents(command: Command) -> dict[str, bytes]:
    """Return path -> content of what the child needs of its folder.

    That is everything but its log, files that were set aside, and states of a training that has
    its result.
    """
    names = present(command.folder, command.log.name)
    return {name: (command.folder / name).read_bytes() for name in names}


def take(command: Command, report: Report) -> bool:
    """Write what came of a child into its folder; return whether a state or a result came.

    States that the child has replaced are removed once a newer one is here, and all of them with
    the result: it makes them useless.

    Raises:
        DataError: a path leads out of the folder; nothing is written then.
        OSError: the folder is not writable or the disk is full.
    """
    folder = command.folder
    for name in report.files:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise DataError(f"{folder}: a machine sent a file for {name}, outside of that folder")
    if report.log:
        pool.append(command.log, report.log)
    for name, content in report.files.items():
        files.write_atomic(folder / name, content)
    _tidy(folder, report)
    return any(name.endswith((".state", "result.json")) for name in report.files)


def _tidy(folder: Path, report: Report) -> None:
    """Remove the states that are not needed any more, in each folder of a training."""
    there = {folder / name for name in report.states}
    finished = report.ended is not None and report.ended.code == 0
    here = set(folder.rglob("*.state"))
    for path in here - there:
        if finished or any(other.parent == path.parent for other in here & there):
            path.unlink()
