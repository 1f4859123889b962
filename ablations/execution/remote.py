"""What a cluster is to who shares work out: machines that come and go, and slots on them."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol

from ablations.execution.executor import Command, T


class LostError(Exception):
    """A slot is gone: its machine, its process, or the way there."""


class UnfitError(Exception):
    """A machine that cannot compute anything; the message says why, in one line."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A machine: its name for a user, and how many children it takes side by side."""

    name: str
    slots: int


class Remote(Protocol):
    """A slot on a machine; one question is asked at a time."""

    def ask(self, method: str, *arguments: Any) -> None:
        """Call a method of the `Slot`, without waiting for its answer."""
        ...

    def answer(self) -> Any:
        """Return the answer of the last question; None: there is none yet, or the method has none.

        Raises:
            LostError: there will be none.
            UnfitError: the machine could not do it.
        """
        ...

    def close(self) -> None:
        """Stop what runs there and give the slot back, without waiting for it."""
        ...


class Machines(Protocol):
    """The machines of a cluster."""

    def alive(self) -> dict[str, Node]:
        """Return id -> machine, of those that count as alive now."""
        ...

    def slot_on(self, node: str) -> Remote:
        """Return a slot on the machine with this id, asked for its `Hello`."""
        ...


@dataclass(eq=False)
class Todo(Generic[T]):
    """A task that is not done."""

    task: T
    block: Hashable
    tries: int = 0
    losses: int = 0
    after: float = 0.0  # not to be started before


@dataclass(eq=False)
class Place(Generic[T]):
    """A slot as it is seen from here."""

    remote: Remote
    node: str
    name: str
    since: float  # when the question that waits was asked, else when the last answer came
    waits: bool = True
    patience: float = 0.0  # seconds that the question may wait
    arithmetic: str | None = None  # None: it opens
    todo: Todo[T] | None = None
    command: Command | None = None
    seen: int = 0  # number of the last report
    held: ExitStack = field(default_factory=ExitStack)  # the lock of the run's folder
