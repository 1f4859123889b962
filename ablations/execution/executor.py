"""What computes: children of tasks, so many at a time, on this machine or on others."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Callable, Generator, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")
S = TypeVar("S")


@dataclass(frozen=True, kw_only=True)
class Command:
    """A program with its arguments, and the file that its standard error is appended to.

    Attributes:
        program: is taken off the front of the child's last error line.
        argv: the executable first; no shell reads it.
        log: its folder must be there. What the child reads and writes lies in that folder.
        cache: folder of decoded data, which need not be the same one everywhere.
    """

    program: str  # the name before the child's own error lines
    argv: tuple[str, ...]
    log: Path
    cache: Path | None = None

    @property
    def folder(self) -> Path:
        """Folder of what the child reads and writes."""
        return self.log.parent

    def moved(self, folder: Path, cache: Path) -> Command:
        """Return the same command for folders elsewhere, with the interpreter of this process.

        Args:
            folder: takes the place of `folder` in every argument that is it or lies below it.
            cache: the same for the cache.

        >>> here = python("m", ["out/a/spec.json", "--cache", "c"], Path("out/a/log"), Path("c"))
        >>> here.moved(Path("/x"), Path("/y")).argv[2:]
        ('m', '/x/spec.json', '--cache', '/y')
        """
        places = {str(self.folder): str(folder)}
        places |= {} if self.cache is None else {str(self.cache): str(cache)}
        argv = (sys.executable, *(_moved(word, places) for word in self.argv[1:]))
        return dataclasses.replace(self, argv=argv, log=folder / self.log.name, cache=cache)


def _moved(word: str, places: Mapping[str, str]) -> str:
    for old, new in places.items():
        if word == old or word.startswith(f"{old}/"):
            return new + word[len(old) :]
    return word


def python(module: str, words: Iterable[str], log: Path, cache: Path | None = None) -> Command:
    """Return the command `python -m module words...`, with this interpreter."""
    argv = (sys.executable, "-m", module, *words)
    return Command(program=module, argv=argv, log=log, cache=cache)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The end of a child: its exit code (negative: the signal), its own last error line.

    Attributes:
        words: at most 500 characters; "no message" where it wrote nothing.
    """

    code: int
    words: str


@dataclass(frozen=True, kw_only=True)
class News(Generic[T]):
    """An event of a task: its child started, printed a JSON object, or ended.

    Attributes:
        task: as it was taken from the queue.
        message: the object printed.
        ended: None before the end.
        place: the machine at work; empty: this one.
    """

    task: T
    message: Mapping[str, Any] = field(default_factory=dict)  # empty at the start and the end
    ended: Ended | None = None
    place: str = ""


class Blocks(Protocol[S]):
    """Tasks that have to be computed with the same arithmetic, such as the arms of a seed.

    An arithmetic is a text: machines with equal ones give the same bits.
    """

    def of(self, task: S) -> Hashable:
        """Return the block of a task."""
        ...

    def arithmetic(self, block: Hashable) -> str | None:
        """Return that with which a part of the block was computed; None: nothing is there yet."""
        ...

    def enter(self, task: S, arithmetic: str) -> None:
        """Make a task ready to be computed with it: what was begun with another one is dropped."""
        ...

    def restart(self, block: Hashable) -> Iterable[S]:
        """Set aside what is there of a block; return its finished tasks, to be computed again."""
        ...


def _counts(task: Any) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Work(Generic[T]):
    """Tasks, and what an executor has to know of them.

    Attributes:
        tasks: in the order of their starts, each distinct.
        command: returns the child of a task; called as the child is started.
        deadline: a time of `time.monotonic` after which none is started; those at work finish.
        blocks: which tasks need the same arithmetic; None: none do.
        refused: called when a child ended well; returns why what it left does not count, having
            set it aside, or an empty text.
    """

    tasks: Iterable[T]
    command: Callable[[T], Command]
    deadline: float = math.inf
    blocks: Blocks[T] | None = None
    refused: Callable[[T], str] = _counts


class Executor(Protocol):
    """A place where children run side by side."""

    @property
    def slots(self) -> int:
        """Children that can be at work at a time, at least 1."""
        ...

    @property
    def words(self) -> str:
        """Where they are at work, for a user; empty: on this machine."""
        ...

    def run(self, work: Work[T], jobs: int) -> Generator[News[T], None, None]:
        """Start the tasks in order, `jobs` at a time, and yield what their children do.

        One that another process holds (exit code LOCKED) is started again after the others, three
        times in all. Leaving the loop early, by an exception or by closing the iterator, stops the
        children; what a child has left behind by then stays in its folder.

        Args:
            work: the tasks.
            jobs: children at work at a time, at least 1.

        Yields:
            For each task its start, at each time that it is tried, then every JSON object that is
            not empty and on a line of its own in its child's standard output, then the last end.
            Other lines are dropped. The news of tasks at work come mixed.

        Raises:
            OSError: a log cannot be written, or no process can be started.
        """
        ...
