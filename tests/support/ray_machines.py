"""A Ray cluster on this machine, in a process of its own: Ray reads its token when it is loaded.

    python ray_machines.py

A line "add CPUS GPUS" on standard input adds a machine, "remove N" kills the one of that number;
each is answered by a line. The first line is the address of the head, which has no cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import tiny

_SMALL = {"object_store_memory": 80_000_000, "include_dashboard": False}


def main() -> None:
    """Serve until standard input ends."""
    from ray.cluster_utils import Cluster  # pyright: ignore[reportMissingImports]

    cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **_SMALL})
    print(cluster.address, flush=True)
    nodes: list[Any] = []
    for line in sys.stdin:
        what, *numbers = line.split()
        if what == "add":
            cpus, gpus = map(int, numbers)
            nodes.append(cluster.add_node(num_cpus=cpus, num_gpus=gpus, **_SMALL))
        else:
            cluster.remove_node(nodes[int(numbers[0])], allow_graceful=False)
        print("done", flush=True)
    cluster.shutdown()


class RayMachines:
    """The process; use as a context."""

    def __init__(self) -> None:
        self.environment = {
            **os.environ,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": "0123456789abcdef" * 4,
            "RAY_USAGE_STATS_ENABLED": "0",
            "PYTHONPATH": f"{tiny.ROOT}:{tiny.ROOT / 'tests' / 'support'}",
        }

    def __enter__(self) -> RayMachines:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self.environment,
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        return self

    def __exit__(self, *error: object) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(60)

    def add(self, cpus: int, gpus: int = 0) -> None:
        """Add a machine."""
        self._tell(f"add {cpus} {gpus}")

    def remove(self, number: int) -> None:
        """Kill a machine; 0 is the first that was added."""
        self._tell(f"remove {number}")

    def _tell(self, words: str) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        print(words, file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "done\n"


if __name__ == "__main__":
    main()
