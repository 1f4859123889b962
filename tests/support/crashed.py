"""What a folder is worth after a crash: the training goes on there, and ends as if without."""

from __future__ import annotations

import errno
import json
import random
import shutil
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tiny
from forked import Call, Ended, Forks, kill_after
from same_disk import Files, digest
from training_of_tiny import numbers

from alexnet_tf import records
from alexnet_tf.spec import Experiment, to_json

#: The files of a finished run; a lock, too, in its folder.
FINISHED = {"spec.json", "result.json", "model.keras", "test_1.npz", "lock"}


@dataclass(frozen=True)
class Step:
    """A step of a filmed training, and what a crash just before it leaves.

    Attributes:
        name: of the call.
        path: below the watched folder.
        epochs: how many had been reported as done.
        ended: whether the end had been reported.
        disks: "killed", or an outcome of a power cut -> path -> bytes.
    """

    name: str
    path: str
    epochs: int
    ended: bool
    disks: dict[str, Files]


class Crashes:
    """Trainings of one experiment that are broken off, and continued from what is left.

    Args:
        forks: trains.
        prepared: where the images lie.
        folder: for all that is written.
        experiment: what is trained.
        more: further arguments of the command, such as --devices.
    """

    def __init__(
        self,
        forks: Forks,
        prepared: tiny.Prepared,
        folder: Path,
        experiment: Experiment,
        *more: str,
    ):
        self.forks, self.prepared, self.folder, self.more = forks, prepared, folder, more
        self.world = folder / "world"
        self.experiment, self.count = experiment, 0
        self.known: dict[str, tuple[list[str], list[int]]] = {}
        folder.mkdir(parents=True)
        self.spec = folder / "spec.json"
        self.spec.write_text(to_json(experiment))
        self._fill({})
        ended = self.train()
        assert ended.code == 0, ended.errors
        self.whole, self.uninterrupted = self.numbers(), ended

    def train(self, *calls: Call, fork: bool = True) -> Ended:
        """Run the command in the folder `world/run`, to its end."""
        return self.forks.run(self.argv(), *calls, fork=fork)

    def argv(self) -> list[str]:
        """Return the arguments of the command."""
        words = ["--events", "--spec", str(self.spec), "--out", str(self.world / "run")]
        words += ["--data-dir", str(self.prepared.data_dir), "--cache", str(self.prepared.cache)]
        return [*words, *self.more]

    def numbers(self) -> dict[str, Any]:
        """Return what stands in the record and must not change."""
        return numbers(records.read(self.world / "run" / "result.json"))

    def film(self, *calls: Call) -> list[Step]:
        """Train from the beginning and return its steps; the last one is its end."""
        self.count += 1
        self._fill({})
        film = self.folder / f"film_{self.count}"
        watch = {"root": str(self.world), "film": str(film)}
        ended = self.train(Call("failing_disk.filmed", watch), *calls)
        assert ended.code == 0, ended.errors
        steps = []
        for line in (film / "steps.jsonl").read_text().splitlines():
            facts = json.loads(line)
            for title, disk in facts.pop("disks").items():
                disks = facts.setdefault("disks", {})
                disks[title] = {path: (film / blob).read_bytes() for path, blob in disk.items()}
            steps.append(Step(facts.pop("step"), **facts))
        return steps

    def problems(self, files: Files, epochs: int, ended: bool, *calls: Call) -> list[str]:
        """Continue from a disk and say what is wrong with how it goes on, if anything.

        Args:
            files: of the disk.
            epochs: reported as done before the crash.
            ended: whether the end had been.
            calls: change the program that continues.

        A disk that was tried before is not tried again, unless the program is changed.
        """
        key = "" if calls else digest(files)
        if key not in self.known or calls:
            self._fill(files)
            self.known[key] = self._continued(self.train(*calls, fork=bool(calls)))
        found, repeated = self.known[key]
        lost = [e for e in repeated if e <= epochs] or (["the end"] if ended and repeated else [])
        return found + ([f"reported and lost: {lost}"] if lost else [])

    def killed(self, point: int, step: Step | None = None) -> tuple[bool, list[str]]:
        """Train from the beginning to a SIGKILL before a step, and continue.

        Args:
            point: number of the step, 1 for the first.
            step: what the film says of it; must be what there is.

        Returns:
            Whether there is a step of this number, and the problems.
        """
        self._fill({})
        watch = {"root": str(self.world), "point": point}
        ended = self.train(Call("failing_disk.killed_at", watch))
        if ended.code == 0:
            return False, []
        assert ended.code == -signal.SIGKILL, ended.errors
        files, problems = self.here(), []
        if step is not None and digest(files) != digest(step.disks["killed"]):
            problems.append("not what the film shows")
        over = any(event["event"] == "end" for event in ended.said)
        return True, problems + self.problems(files, len(ended.epochs), over)

    def battered(self, kills: int, moments: random.Random) -> tuple[int, list[str]]:
        """Train from the beginning, killed at random moments, until it ends by itself.

        Args:
            kills: how many at most.
            moments: draws how much processor time each process is given.

        Returns:
            How many there were, and the problems.
        """
        self._fill({})
        done, reported, problems = 0, Counter[int](), []
        while True:
            pid = self.forks.start(self.argv())
            if done < kills:
                kill_after(pid, moments.uniform(0.05, self.uninterrupted.seconds))
            ended = self.forks.wait()
            reported.update(ended.epochs)
            if "Traceback" in ended.errors:
                problems.append(f"a traceback: {ended.errors[-500:]}")
            if ended.code != -signal.SIGKILL:
                break
            done += 1
        if ended.code != 0:
            problems.append(f"exit code {ended.code}: {ended.errors[-500:]}")
        elif self.numbers() != self.whole:
            problems.append("other numbers")
        if twice := reported - Counter(self.uninterrupted.epochs):
            problems.append(f"reported and lost: {sorted(twice)}")
        left = {path.name for path in self.world.rglob("*") if path.name[0] == "."}
        if left or list(self.world.rglob("*.corrupt")):
            problems.append(f"left over: {sorted(left)}")
        return done, problems

    def refused(self, codes: Sequence[int], each: bool) -> tuple[int, list[str]]:
        """Train once, with an error of the disk at every step in a child, and continue from each.

        Args:
            codes: values of errno.
            each: every error at every step; else they take turns.

        Returns:
            How many errors there were, and the problems.
        """
        self.count += 1
        self._fill({})
        film = self.folder / f"errors_{self.count}"
        watch = {"root": str(self.world), "film": str(film), "codes": list(codes), "each": each}
        ended = self.train(Call("branching.refused", watch))
        assert ended.code == 0 and self.numbers() == self.whole, ended.errors
        problems, lines = [], (film / "errors.jsonl").read_text().splitlines()
        for facts in map(json.loads, lines):
            disk = {path: (film / name).read_bytes() for path, name in facts["disk"].items()}
            said = facts["said"].splitlines()
            own = [line for line in said if line.startswith("alexnet_tf.train: ")]
            found = self.problems(disk, facts["epochs"], False)
            if facts["exit"] != 4 or len(own) != 1 or "Traceback" in facts["said"]:
                found = [f"exit code {facts['exit']}: {facts['said'][-500:]}", *found]
            left = [path for path in disk if Path(path).name[0] == "."]
            if left and facts["code"] != errno.EROFS:
                found.append(f"left over: {left}")
            where = f"{errno.errorcode[facts['code']]} at {facts['step']} {facts['path']}"
            problems += [f"{where}: {problem}" for problem in found]
        return len(lines), problems

    def here(self) -> dict[str, bytes]:
        """Return the files of the world."""
        files = (path for path in self.world.rglob("*") if path.is_file())
        return {str(path.relative_to(self.world)): path.read_bytes() for path in files}

    def _continued(self, ended: Ended) -> tuple[list[str], list[int]]:
        """Return the problems and the epochs that were trained."""
        problems = []
        if ended.code != 0:
            problems.append(f"exit code {ended.code}: {ended.errors.strip()[-300:]}")
        elif self.numbers() != self.whole:
            problems.append("other numbers")
        if "Traceback" in ended.errors:
            problems.append("a traceback")
        left = {path.name for path in (self.world / "run").glob("*")} - FINISHED
        odd = sorted(name for name in left if name[0] == "." or not name.endswith(".state"))
        if ended.code == 0 and odd:
            problems.append(f"left over: {odd}")
        return problems, ended.epochs

    def _fill(self, files: Files) -> None:
        shutil.rmtree(self.world, ignore_errors=True)
        self.world.mkdir()
        for name, content in files.items():
            (self.world / name).parent.mkdir(parents=True, exist_ok=True)
            (self.world / name).write_bytes(content)
