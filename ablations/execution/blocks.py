"""Runs of one seed stay in one arithmetic: machines that give the same bits for the same spec."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ablations.execution import store
from ablations.plan import PlannedRun, StudyRun


def arithmetic(fingerprint: Mapping[str, Any]) -> str:
    """Return a text that is equal for environments of the same bits.

    Args:
        fingerprint: as `records.Environment.fingerprint`. Of what computes on a GPU the driver
            counts alone: the versions of its libraries are known only after a training.
    """
    driver = re.search(r"driver ([\d.]+)", str(fingerprint.get("cuda", "")))
    kept = {**fingerprint, "cuda": driver[1] if driver else ""}
    return json.dumps(kept, sort_keys=True)


class SeedBlocks:
    """The blocks of planned runs: those of one seed, whatever their arms and studies.

    Args:
        out: folder of the records.
        runs: to be computed.
        finished: further runs of the same plans, which have a result.
    """

    def __init__(self, out: Path, runs: Sequence[PlannedRun], finished: Sequence[StudyRun]):
        self.out = out
        self.runs: dict[int, list[PlannedRun]] = {}
        for run in [*(found.planned for found in finished), *runs]:
            self.runs.setdefault(run.experiment.seed, []).append(run)

    def of(self, task: PlannedRun) -> int:
        """Return the run's seed."""
        return task.experiment.seed

    def arithmetic(self, block: Hashable) -> str | None:
        """Return that of the first finished run, else of the first with a state to continue."""
        runs = self.runs.get(int(str(block)), [])
        found = [self._of_result(run) for run in runs] + [self._of_state(run) for run in runs]
        return next((there for there in found if there is not None), None)

    def enter(self, task: PlannedRun, arithmetic: str) -> None:
        """Delete the states of a run that were made with another arithmetic."""
        there = self._of_state(task)
        if there not in (None, arithmetic):
            store.drop_states(self.out, task.experiment.run_id)

    def restart(self, block: Hashable) -> Iterable[PlannedRun]:
        """Set the results of a seed aside, delete its states, and return the runs that had one."""
        again = []
        for run in self.runs.get(int(str(block)), []):
            if self._of_result(run) is not None:
                store.set_aside(self.out, run.experiment.run_id)
                again.append(run)
            store.drop_states(self.out, run.experiment.run_id)
        return again

    def _of_result(self, run: PlannedRun) -> str | None:
        found = store.record(self.out, run.experiment.run_id)
        if found is None or found.status == "failed" or found.environment is None:
            return None
        return arithmetic(found.environment.fingerprint())

    def _of_state(self, run: PlannedRun) -> str | None:
        fingerprint = store.of_newest_state(self.out, run.experiment.run_id)
        return None if fingerprint is None else arithmetic(fingerprint)
