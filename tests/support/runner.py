"""One of several runners over one folder: `ablations.run` with a stand-in for each training.

    python runner.py STUDY OUT TRAINED [MORE WORDS]

The stand-in takes the run's folder as a training does: it locks it, returns at once where a result
is there, and else names the run in the file TRAINED, works for a moment and leaves the result.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import scores

from ablations import study
from ablations.cli import command
from ablations.execution import datasets, training
from ablations.execution.pool import Command
from ablations.plan import PlannedRun
from alexnet_tf import records

CHILD = """
import fcntl, os, sys, time
folder, trained, record = sys.argv[1:]
os.chdir(folder)
lock = open("lock", "a+b")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    sys.exit(5)
if os.path.exists("result.json"):
    sys.exit(0)
line = os.open(trained, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
os.write(line, (os.path.basename(folder) + "\\n").encode())
time.sleep(0.02)
with open("result.new", "w", encoding="utf-8") as file:
    file.write(record)
    os.fsync(file.fileno())
os.replace("result.new", "result.json")
"""


def main(path: str, out: str, trained: str, *words: str) -> int:
    """Run the study; return the exit code of `ablations.run`."""
    of = study.load(path)
    real = training._command

    def stand_in(run: PlannedRun, machine: training.Machine) -> Command:
        made = records.to_json(scores.record(of, run.arm, run.experiment))
        usual = real(run, machine)
        argv = (sys.executable, "-I", "-S", "-c", CHILD, str(usual.log.parent), trained, made)
        return dataclasses.replace(usual, argv=argv)

    training._command = stand_in
    facts = datasets.Facts(train_images=25_000, fingerprint=scores.fake_runs.FACTS.fingerprint)
    datasets.prepare = lambda *arguments: facts
    return command.main([path, "--dataset", "builtin", "--out", out, *words])


if __name__ == "__main__":
    Path(sys.argv[3]).parent.mkdir(parents=True, exist_ok=True)
    sys.exit(main(*sys.argv[1:]))
