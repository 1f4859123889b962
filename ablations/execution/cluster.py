"""The executor for a cluster, whichever way its machines are reached."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator

from ablations.execution.executor import News, T, Work
from ablations.execution.remote import Machines, Node
from ablations.execution.sharing import Sharing


class Cluster:
    """The executor that shares tasks out to slots on machines.

    Args:
        machines: reaches them.
        tell: called with a line of text when a machine is lost, or cannot compute.
    """

    def __init__(self, machines: Machines, tell: Callable[[str], None] = lambda words: None):
        self.machines, self.tell = machines, tell

    @property
    def slots(self) -> int:
        """Children that the machines of this moment take side by side, at least 1."""
        return max(1, sum(node.slots for node in self._nodes()))

    @property
    def words(self) -> str:
        """Slots and machines of this moment, for a user."""
        found = self._nodes()
        slots = sum(node.slots for node in found)
        return f"{_counted(slots, 'slot')} on {_counted(len(found), 'machine')}"

    def run(self, work: Work[T], jobs: int) -> Generator[News[T], None, None]:
        """Start the tasks as `Executor.run`, each with its own folder on a machine.

        A task whose machine is gone, or silent for 45 seconds, is started again on another from
        what had come back of it. A machine without the data, or whose environment lacks
        something, gets no further task; where none is left, its task ends with that code.
        """
        with contextlib.closing(Sharing(self.machines, self.tell, work, jobs)) as sharing:
            yield from sharing.news()

    def _nodes(self) -> list[Node]:
        return list(self.machines.alive().values())


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
