"""The place of records: `<out>/runs/<run_id>/`, shared by all the studies under `out`."""

from __future__ import annotations

import json
import logging
import math
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from ablations.plan import PlannedRun, StudyRun
from alexnet_tf import files, records, sealed
from alexnet_tf.errors import RecordError
from alexnet_tf.records import RunRecord

#: done: a result is there (a diverged run has one too). failed: the last try ended
#: without one. partial: a state to continue from is there. new: nothing is there.
State = Literal["done", "failed", "partial", "new"]

#: What `python -m alexnet_tf.inspect_net` leaves in a run's folder.
INSPECTION = "inspection.json"

_log = logging.getLogger(__name__)


def folder(out: Path, run_id: str) -> Path:
    """Return the run's folder, which need not be there yet."""
    return out / "runs" / run_id


def cache(out: Path) -> Path:
    """Return the folder of decoded data and of measured speeds."""
    return out / "cache"


class Records:
    """The records of one folder; each finished one is read and checked once.

    Failed and missing ones are read again every time, because a further try may replace them; a
    finished one where its file has changed.
    """

    def __init__(self, out: Path):
        self.out = out
        self._finished: dict[str, tuple[int, RunRecord]] = {}  # time of the file's change, record

    def read(self, planned: Iterable[PlannedRun]) -> list[StudyRun]:
        """Return each planned run with its record; a damaged one is named and counts as absent.

        The order is that given. An inspection of other weights than the record's is left out.
        """
        return [self._read(run) for run in planned]

    def state(self, run_id: str) -> State:
        """Return what is there of a run, as `State` names it.

        A run that failed and has a state to continue from is "failed".
        """
        found = self._record(run_id)
        if found is not None:
            return "failed" if found.status == "failed" else "done"
        partial = any(folder(self.out, run_id).glob("epoch_*.state"))
        return "partial" if partial else "new"

    def _record(self, run_id: str) -> RunRecord | None:
        try:
            changed = (folder(self.out, run_id) / "result.json").stat().st_mtime_ns
        except OSError:
            changed = 0
        if run_id in self._finished and self._finished[run_id][0] == changed:
            return self._finished[run_id][1]
        found = record(self.out, run_id)
        if found is not None and found.status != "failed":
            self._finished[run_id] = changed, found
        return found

    def _read(self, planned: PlannedRun) -> StudyRun:
        run_id = planned.experiment.run_id
        found = self._record(run_id)
        place = folder(self.out, run_id)
        return StudyRun(
            planned=planned, record=found, folder=place, inspection=_inspection(place, found)
        )


def read(out: Path, planned: Iterable[PlannedRun]) -> list[StudyRun]:
    """Return each planned run with its record, as `Records.read`, in one go.

    Every file is read again; a `Records` reads finished ones once.
    """
    return Records(out).read(planned)


def _inspection(place: Path, found: RunRecord | None) -> dict[str, float]:
    """Return the finite numbers measured of the trained net; of other weights they are none."""
    try:
        held = sealed.loads((place / INSPECTION).read_text(encoding="utf-8"))
        values = {str(name): float(value) for name, value in held["values"].items()}
        weights = held["weights_sha256"]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _log.warning("%s: %s; the inspection counts as not made", place / INSPECTION, error)
        return {}
    if found is None or weights != found.weights_sha256:
        return {}
    return {name: value for name, value in values.items() if math.isfinite(value)}


def record(out: Path, run_id: str) -> RunRecord | None:
    """Return the run's result, else its failure, else None.

    A file that is damaged or of another run is named in a warning and passed over.
    """
    for name in ("result.json", "failed.json"):
        path = folder(out, run_id) / name
        if path.exists() and (found := _result(path, run_id)) is not None:
            return found
    return None


def _result(path: Path, run_id: str) -> RunRecord | None:
    """Return the record of this run in a file; None, and a warning, where it has none."""
    try:
        found = records.read(path)
    except RecordError as error:
        _log.warning("%s; the run counts as not done", error)
        return None
    if found.run_id == run_id:
        return found
    _log.warning("%s holds another run, %s; it is left out", path, found.run_id)
    return None


def finished(run: StudyRun) -> bool:
    """Say whether the run has a result, good or diverged, and is never computed again."""
    return run.record is not None and run.record.status != "failed"


def stay_failed(count: int) -> str:
    """Return a line that `count` failed runs are not computed again, and how they would be."""
    words = "run that failed before stays" if count == 1 else "runs that failed before stay"
    return f"{count} {words} so; --retry-failed tries again"


def has_net(run: StudyRun) -> bool:
    """Say whether the trained net itself (model.keras) lies in the run's folder."""
    return run.folder is not None and (run.folder / "model.keras").is_file()


def write_failure(out: Path, run: PlannedRun, reason: str) -> None:
    """Leave a record of a run that ended without a result; a result in the folder counts before it.

    Args:
        out: folder of records and reports.
        run: that ended.
        reason: one line, shown in the report.

    Raises:
        OSError: not writable, or the disk is full.
    """
    failure = RunRecord(experiment=run.experiment, status="failed", reason=reason)
    path = folder(out, failure.run_id) / "failed.json"
    files.write_atomic(path, records.to_json(failure).encode())


def set_aside_damaged(out: Path, run_id: str) -> None:
    """Rename a result that cannot be read, so that the run can be computed again.

    It becomes result.corrupt; one that was there before is replaced.
    """
    path = folder(out, run_id) / "result.json"
    if path.exists() and _result(path, run_id) is None:
        path.rename(path.with_suffix(".corrupt"))


def set_aside(out: Path, run_id: str) -> None:
    """Rename a result, so that the run is computed again: it becomes result.aside.

    Its states go too, and what was measured of its net, which is of other weights.
    """
    place = folder(out, run_id)
    (place / "result.json").rename(place / "result.aside")
    for path in place.glob("inspection.*"):
        path.unlink()
    drop_states(out, run_id)


def drop_states(out: Path, run_id: str) -> None:
    """Delete the states of a run, and its pretraining: it begins again."""
    place = folder(out, run_id)
    for path in place.glob("epoch_*.state"):
        path.unlink()
    shutil.rmtree(place / "pretraining", ignore_errors=True)


def of_newest_state(out: Path, run_id: str) -> dict[str, Any] | None:
    """Return the environment's fingerprint in the newest state of a run, or of its pretraining.

    None: there is no state, or it cannot be read; who continues from it sees whether it is sound.
    """
    place = folder(out, run_id)
    states = sorted(place.glob("epoch_*.state")) or sorted(place.glob("pretraining/*.state"))
    try:
        if not states:
            first = records.read(place / "pretraining" / "result.json").environment
            return None if first is None else first.fingerprint()
        with open(states[-1], "rb") as file:
            file.readline()  # the hash of what follows
            return dict(json.loads(file.readline())["environment"])
    except (OSError, ValueError, KeyError, TypeError):  # RecordError is a ValueError
        return None


def delete(out: Path, run_id: str) -> None:
    """Delete what lies in a run's folder, finished or not (`--fresh`).

    The lock stays: who waits for it would otherwise hold a file that is no longer there. So
    does the spec, which another runner may just have written for a child of its own.

    Raises:
        LockedError: another process computes the run.
        OSError: something cannot be deleted.
    """
    with files.lock(place := folder(out, run_id)):
        for path in place.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name not in (files.LOCK, "spec.json"):
                path.unlink()
