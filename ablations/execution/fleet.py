"""The machines of a cluster as last seen: which are there, are fit, and give which bits."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from ablations.execution.executor import Ended
from ablations.execution.remote import Machines, Node
from alexnet_tf.errors import ENVIRONMENT

_LOOK = 2.0  # seconds between two looks at which machines there are
_REST = 60.0  # seconds in which a machine that lost a slot gets no new one
_NOBODY = 600.0  # seconds without any machine after which the work is given up


class Fleet:
    """What is known of the machines; the arguments are those of `cluster.Cluster`."""

    def __init__(self, machines: Machines, tell: Callable[[str], None]):
        self.machines, self.tell = machines, tell
        self.nodes: dict[str, Node] = {}
        self.known: dict[str, str] = {}  # id of a machine -> its arithmetic
        self._unfit: dict[str, Ended] = {}  # id of a machine -> why
        self._resting: dict[str, float] = {}  # id of a machine -> until when
        self._looked, self._seen = -_LOOK, time.monotonic()

    def look(self) -> None:
        """See which machines there are, every two seconds at most."""
        now = time.monotonic()
        if now - self._looked >= _LOOK:
            self._looked, self.nodes = now, self.machines.alive()
            self._seen = now if self.nodes else self._seen

    def fit(self, node: str) -> bool:
        """Say whether a machine is there and can compute, as far as is known."""
        return node in self.nodes and node not in self._unfit

    def free(self, opened: Mapping[str, int]) -> dict[str, int]:
        """Return id -> further slots that may be opened on each machine that is fit.

        Args:
            opened: id -> slots that are open.
        """
        now = time.monotonic()
        return {
            key: node.slots - opened.get(key, 0)
            for key, node in self.nodes.items()
            if self.fit(key) and self._resting.get(key, now) <= now
        }

    def lost(self, node: str) -> None:
        """Let a machine rest that lost a slot; it may be on its way down."""
        self._resting[node] = time.monotonic() + _REST

    def misfit(self, node: str, name: str, ended: Ended) -> None:
        """Give a machine no further task, and say so the first time."""
        if node not in self._unfit:
            self.tell(f"machine {name} gets no further run: {ended.words}")
        self._unfit[node] = Ended(code=ended.code, words=f"machine {name}: {ended.words}")

    def arithmetics(self) -> set[str]:
        """Return those of the machines that are fit; empty unless all of them are known."""
        there = [self.known.get(key) for key in self.nodes if self.fit(key)]
        return set() if None in there else {name for name in there if name is not None}

    def hopeless(self) -> Ended | None:
        """Return why no task can be computed: no machine is fit, or none has been there long."""
        if self.nodes and not any(map(self.fit, self.nodes)):
            return next(self._unfit[key] for key in self.nodes)
        if time.monotonic() - self._seen > _NOBODY:
            minutes = f"{_NOBODY / 60:.0f} minutes"
            return Ended(code=ENVIRONMENT, words=f"the cluster had no machine for {minutes}")
        return None
