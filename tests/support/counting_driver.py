"""A driver of a Ray cluster, in a process of its own: counts on it, and says what it saw.

    python counting_driver.py ADDRESS OUT TASKS EPOCHS GPUS

Every news is a line of JSON on standard output.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fake_machines import COUNTING

from ablations.execution.executor import Command, Work
from ablations.execution.ray_cluster import connect

SHOWN = ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")


def main(address: str, out: str, tasks: str, epochs: str, gpus: str) -> None:
    """Run the tasks 0 to TASKS - 1."""
    shown = f"import os, json; print(json.dumps({{k: os.environ.get(k) for k in {SHOWN}}}))\n"

    def command(task: int) -> Command:
        folder = Path(out) / str(task)
        folder.mkdir(parents=True, exist_ok=True)
        words = ("-I", "-S", "-u", "-c", shown + COUNTING, str(folder), epochs, "0")
        return Command(program="counting", argv=(sys.executable, *words), log=folder / "log.txt")

    def tell(words: str) -> None:
        print(json.dumps({"told": words}), flush=True)

    cluster = connect(address, threads=1, gpus=int(gpus), tell=tell)
    print(json.dumps({"slots": cluster.slots, "words": cluster.words}), flush=True)
    for news in cluster.run(Work(tasks=range(int(tasks)), command=command), cluster.slots):
        code = None if news.ended is None else news.ended.code
        said = {"task": news.task, "place": news.place, "ended": code, **news.message}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
