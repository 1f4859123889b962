"""A small study under faults for hours: killed, told to stop, and on a disk that is full.

    PYTHONPATH=. python tests/faults/soak.py --minutes 120

A study is computed once without a fault. Then it is begun again and again, and every start meets
a fault after a random time, until it is finished; its tables must be those of the first. One line
is printed a fault, and one a round. The exit code is 1 when anything was wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import tiny
import tiny_study

NAME = "tiny_slow"
#: Fault -> exit codes that a study may end with; 0: it was finished before.
FAULTS = {"SIGKILL": (-signal.SIGKILL, 0), "SIGTERM": (75, 0), "full disk": (4, 0)}


class Soak:
    """One study in one folder, its faults and what was wrong.

    Args:
        folder: empty.
        seed: of the faults and their moments.
    """

    def __init__(self, folder: Path, seed: int):
        self.folder, self.moments = folder, random.Random(seed)
        self.faults, self.wrong, self.rounds = Counter[str](), list[str](), 0
        self.prepared = tiny.prepare(folder, tiny.images())
        tiny_study.write(folder, NAME, '{"train.momentum": 0.5}')
        shutil.copytree(self.prepared.cache, folder / "whole" / "cache")
        begun = time.monotonic()
        with self._start("whole", "") as whole:
            said = whole.communicate()[0]
        if whole.returncode:
            raise RuntimeError(f"the study without a fault ended with {whole.returncode}: {said}")
        self.seconds = time.monotonic() - begun
        self.tables = tiny_study.tables(folder / "whole")

    def round(self, end: float) -> None:
        """Compute the study from the beginning, with faults until it ends or time is up."""
        shutil.rmtree(self.folder / "battered", ignore_errors=True)
        shutil.copytree(self.prepared.cache, self.folder / "battered" / "cache")
        code = None
        while code != 0 and time.monotonic() < end:
            fault = self.moments.choice(sorted(FAULTS))
            code = self._hit(fault)
        if code != 0:
            with self._start("battered", "") as going_on:
                self._check("the last start", going_on, going_on.communicate()[0], (0,))
        self.rounds += 1
        if tiny_study.tables(self.folder / "battered") != self.tables:
            self.wrong.append(f"round {self.rounds}: other tables")
        left = [path for path in (self.folder / "battered").rglob("*") if path.name[0] == "."]
        if left:
            self.wrong.append(f"round {self.rounds}: left over: {left}")
        _say(f"round {self.rounds} done; {dict(self.faults)}; wrong: {self.wrong}")

    def _hit(self, fault: str) -> int:
        """Start the study, give it a fault, and return its exit code."""
        wait = self.moments.uniform(0.1, 1.0) * self.seconds
        with self._start("battered", fault) as process:
            try:
                said = process.communicate(timeout=None if fault == "full disk" else wait)[0]
            except subprocess.TimeoutExpired:
                self._signal(process, fault)
                said = process.communicate()[0]
        met = process.returncode != 0
        self.faults[fault] += met
        self._check(fault, process, said, FAULTS[fault])
        _say(f"{fault}: exit code {process.returncode}")
        return process.returncode

    def _signal(self, process: subprocess.Popen[str], fault: str) -> None:
        with contextlib.suppress(ProcessLookupError):
            if fault == "SIGTERM":
                process.terminate()
                return
            os.kill(process.pid, signal.SIGKILL)
        # the trainings are in sessions of their own and end when nobody listens any more

    def _check(
        self, fault: str, process: subprocess.Popen[str], said: str, codes: Sequence[int]
    ) -> None:
        if process.returncode not in codes or "Traceback" in said:
            self.wrong.append(f"{fault}: exit code {process.returncode}: {said[-800:]}")

    def _start(self, out: str, fault: str) -> subprocess.Popen[str]:
        """Start the study; on a full disk no file can become larger than a few kilobytes."""
        most = self.moments.randrange(1, 40_000)

        def small() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

        words = [f"./{NAME}.py", "--dataset", "cifar10", "--out", out]
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "ablations.run", *words),
                *("--data-dir", str(self.prepared.data_dir)),
            ],
            cwd=self.folder,
            env=tiny.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=small if fault == "full disk" else None,
        )


def _say(line: str) -> None:
    print(time.strftime("%H:%M:%S"), line, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the soak; return 1 when anything was wrong."""
    parser = argparse.ArgumentParser(description="a small study under faults")
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    end = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder), options.seed)
        _say(f"the study without a fault took {soak.seconds:.0f} s")
        while time.monotonic() < end:
            soak.round(end)
        total = sum(soak.faults.values())
        _say(f"{total} faults in {soak.rounds} rounds: {dict(soak.faults)}")
        for line in soak.wrong:
            _say(f"WRONG {line}")
    return int(bool(soak.wrong))


if __name__ == "__main__":
    sys.exit(main())
