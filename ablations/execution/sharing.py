"""Tasks shared out to machines that may disappear: which slot computes what, and what again.

An attempt whose machine is gone or silent is forgotten, and whatever would still come of it with
it: only this process writes the folders of runs, and only of attempts that it has not forgotten.
Nothing here knows how machines are reached; `remote.Machines` does.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Hashable, Iterator
from typing import Generic

from ablations.execution import arrivals
from ablations.execution.blocks import arithmetic
from ablations.execution.executor import Ended, News, T, Work
from ablations.execution.fleet import Fleet
from ablations.execution.remote import LostError, Machines, Place, Todo, UnfitError
from ablations.execution.slot import Hello, Report
from alexnet_tf import files
from alexnet_tf.errors import DATA, ENVIRONMENT, LOCKED, LockedError

_TICK = 0.2  # seconds between two looks at all the slots
_PAUSE = 0.5  # seconds between an answer of a slot and the next question
_SILENT = 45.0  # seconds without an answer after which a slot counts as lost
_OPENED = 120.0  # seconds within which a slot has to open, or to take in what a child needs
_GONE = 90.0  # seconds without a machine of a block's arithmetic after which it starts again
_LOSSES = 5  # times that a task may be lost without having come further
_TRIES = 3  # times that a task is tried which another process holds
_AGAIN = 2.0  # seconds before it is tried again


class Sharing(Generic[T]):
    """One go at some tasks; the arguments are those of `cluster.Cluster` and `Executor.run`."""

    def __init__(self, machines: Machines, tell: Callable[[str], None], work: Work[T], jobs: int):
        self.fleet, self.tell, self.work, self.jobs = Fleet(machines, tell), tell, work, jobs
        self.waiting = deque(self._todo(task) for task in work.tasks)
        self.slots: list[Place[T]] = []
        self.pinned: dict[Hashable, str | None] = {}  # block -> its arithmetic
        self.gone: dict[Hashable, float] = {}  # block -> since when no machine has it

    def news(self) -> Generator[News[T], None, None]:
        """Yield what the children do until nothing is left to do."""
        while True:
            yield from self._look()
            for slot in list(self.slots):
                yield from self._hear(slot)
            yield from self._restart()
            yield from self._start()
            self._open()
            late = time.monotonic() > self.work.deadline
            if not self._working() and (late or not self.waiting):
                return
            yield from self._give_up()
            time.sleep(_TICK)

    def close(self) -> None:
        """Stop what is at work."""
        for slot in self.slots:
            slot.held.close()
            slot.remote.close()
        self.slots.clear()

    def _todo(self, task: T) -> Todo[T]:
        blocks = self.work.blocks
        return Todo(task, None if blocks is None else blocks.of(task))

    def _working(self) -> list[Place[T]]:
        return [slot for slot in self.slots if slot.todo is not None]

    def _look(self) -> Iterator[News[T]]:
        """See which machines there are, and lose what was on those that are gone."""
        self.fleet.look()
        for slot in [slot for slot in self.slots if slot.node not in self.fleet.nodes]:
            yield from self._lose(slot, "is gone")

    def _open(self) -> None:
        """Open slots for what waits, on the machines with most free; close what has no use."""
        for slot in [s for s in self.slots if s.todo is None and not s.waits]:
            if not self.fleet.fit(slot.node) or not self._startable(slot.arithmetic):
                self._drop(slot)
        free = self.fleet.free(Counter(slot.node for slot in self.slots))
        free = {k: n for k, n in free.items() if self._startable(self.fleet.known.get(k))}
        late = time.monotonic() > self.work.deadline
        wanted = 0 if late else min(self.jobs, len(self._working()) + len(self.waiting))
        while len(self.slots) < wanted and max(free.values(), default=0) > 0:
            key = max(free, key=lambda name: free[name])
            free[key] -= 1
            remote, name = self.fleet.machines.slot_on(key), self.fleet.nodes[key].name
            self.slots.append(Place(remote, key, name, time.monotonic(), patience=_OPENED))

    def _drop(self, slot: Place[T]) -> None:
        self.slots.remove(slot)
        slot.held.close()
        slot.remote.close()

    def _lose(self, slot: Place[T], why: str) -> Iterator[News[T]]:
        """Forget a slot; what it computed waits again."""
        self._drop(slot)
        self.fleet.lost(slot.node)
        todo = slot.todo
        if todo is None:
            self.tell(f"machine {slot.name} {why}")
            return
        todo.losses += 1
        if todo.losses < _LOSSES:
            self.tell(f"machine {slot.name} {why}; its run goes on elsewhere")
            self.waiting.appendleft(todo)
            yield News(task=todo.task, message={"event": "lost"}, place=slot.name)
        else:
            words = f"lost {_LOSSES} times without a new state; at last machine {slot.name} {why}"
            yield News(task=todo.task, ended=Ended(code=1, words=words), place=slot.name)

    def _misfit(self, slot: Place[T], ended: Ended) -> None:
        """Give a machine no further task, and put back the one that it could not do."""
        self.fleet.misfit(slot.node, slot.name, ended)
        if slot.todo is not None:
            self.waiting.appendleft(slot.todo)
        self._drop(slot)

    def _give_up(self) -> Iterator[News[T]]:
        """End the next task where nothing is at work and nothing can be."""
        ended = None if self._working() or not self.waiting else self.fleet.hopeless()
        if ended is not None:
            yield News(task=self.waiting.popleft().task, ended=ended)

    def _pin(self, todo: Todo[T]) -> str | None:
        """Return the arithmetic that a task's block has; None: any."""
        if self.work.blocks is None:
            return None
        if todo.block not in self.pinned:
            self.pinned[todo.block] = self.work.blocks.arithmetic(todo.block)
        return self.pinned[todo.block]

    def _startable(self, there: str | None) -> bool:
        """Say whether something waits for a machine of this arithmetic; None: it is not known."""
        return any(there is None or self._pin(todo) in (None, there) for todo in self.waiting)

    def _restart(self) -> Iterator[News[T]]:
        """Start the blocks again of whose arithmetic no machine is left."""
        blocks = self.work.blocks
        there, now = self.fleet.arithmetics(), time.monotonic()
        if blocks is None or not there or now > self.work.deadline:
            return
        for todo in list(self.waiting):
            if self._pin(todo) in (None, *there):
                self.gone.pop(todo.block, None)
            elif now - self.gone.setdefault(todo.block, now) > _GONE:
                del self.gone[todo.block], self.pinned[todo.block]
                again = list(blocks.restart(todo.block))
                self.tell(
                    f"no machine has the arithmetic of block {todo.block} any more: it starts "
                    f"again, {len(again)} finished runs with it"
                )
                for task in again:
                    self.waiting.append(self._todo(task))
                    yield News(task=task, message={"event": "again"})

    def _start(self) -> Iterator[News[T]]:
        """Start what waits, in order, on slots that are idle and of its block's arithmetic."""
        now = time.monotonic()
        for slot in [s for s in self.slots if s.todo is None and not s.waits]:
            if now > self.work.deadline or not self.fleet.fit(slot.node):
                continue
            for todo in self.waiting:
                if todo.after <= now and self._pin(todo) in (None, slot.arithmetic):
                    self.waiting.remove(todo)
                    yield from self._begin(slot, todo)
                    break

    def _begin(self, slot: Place[T], todo: Todo[T]) -> Iterator[News[T]]:
        yield News(task=todo.task, place=slot.name)
        command, todo.tries = self.work.command(todo.task), todo.tries + 1
        try:
            slot.held.enter_context(files.lock(command.folder))
        except LockedError as error:
            if todo.tries < _TRIES:
                todo.after = time.monotonic() + _AGAIN
                self.waiting.append(todo)
            else:
                yield News(task=todo.task, ended=Ended(code=LOCKED, words=str(error)))
            return
        todo.tries = 0
        if self.work.blocks is not None and slot.arithmetic is not None:
            self.pinned[todo.block] = slot.arithmetic
            self.work.blocks.enter(todo.task, slot.arithmetic)
        slot.todo, slot.command, slot.seen = todo, command, 0
        self._ask(slot, "start", command, arrivals.contents(command))

    def _ask(self, slot: Place[T], method: str, *arguments: object) -> None:
        slot.waits, slot.since = True, time.monotonic()
        slot.patience = _SILENT if method == "poll" else _OPENED
        slot.remote.ask(method, *arguments)

    def _hear(self, slot: Place[T]) -> Iterator[News[T]]:
        """Take the answer of a slot, if there is one, and ask again after a pause."""
        now = time.monotonic()
        try:
            answer = slot.remote.answer() if slot.waits else None
        except LostError as error:
            yield from self._lose(slot, f"is lost ({error})")
            return
        except UnfitError as error:
            self._misfit(slot, Ended(code=ENVIRONMENT, words=str(error)))
            return
        if answer is not None:
            slot.waits, slot.since = False, now
        elif slot.waits and now - slot.since > slot.patience:
            yield from self._lose(slot, f"has not answered for {now - slot.since:.0f} s")
        elif not slot.waits and slot.todo is not None and now - slot.since > _PAUSE:
            self._ask(slot, "poll", slot.seen)
        if isinstance(answer, Hello):
            slot.arithmetic = self.fleet.known[slot.node] = arithmetic(answer.fingerprint)
        elif isinstance(answer, Report) and slot.todo is not None and slot.command is not None:
            slot.seen = answer.number
            if arrivals.take(slot.command, answer):
                slot.todo.losses = 0
            for message in answer.messages:
                yield News(task=slot.todo.task, message=message, place=slot.name)
            if answer.ended is not None:
                yield from self._end(slot, slot.todo, answer.ended)

    def _end(self, slot: Place[T], todo: Todo[T], ended: Ended) -> Iterator[News[T]]:
        words = self.work.refused(todo.task) if ended.code == 0 else ""
        if words:
            ended = Ended(code=DATA, words=words)
        if ended.code in (DATA, ENVIRONMENT):
            self._misfit(slot, ended)
            return
        slot.held.close()
        slot.todo = None
        yield News(task=todo.task, ended=ended, place=slot.name)
