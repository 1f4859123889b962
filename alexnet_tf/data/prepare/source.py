"""What can be prepared: named, labelled image files in two parts, in an order fixed by a hash."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

Part = Literal["train", "test"]
PARTS: tuple[Part, Part] = ("train", "test")


class Item(NamedTuple):
    """One image: its name below the source, its class, and where its bytes are."""

    name: str
    label: int
    content: Path | bytes


class Bad(NamedTuple):
    """A file that cannot be used, and why."""

    name: str
    reason: str


class Source(Protocol):
    """Images to prepare. The order of a part is fixed, and any block of it a random sample."""

    @property
    def description(self) -> str:
        """Where the images come from."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the labels 0, 1, ..."""
        ...

    @property
    def warnings(self) -> list[str]:
        """What a user should know and need not mend."""
        ...

    @property
    def bad(self) -> list[Bad]:
        """What cannot be an image, seen without opening it."""
        ...

    def count(self, part: Part) -> int:
        """Return the number of items of a part."""
        ...

    def items(self, part: Part, start: int, stop: int) -> Iterator[Item]:
        """Yield the items `start` to `stop - 1` of a part, in its order.

        Raises:
            DataError: the source itself cannot be read.
        """
        ...

    def state(self, part: Part, start: int, stop: int) -> str:
        """Return a hash that changes when one of these items was renamed or rewritten."""
        ...

    def digest(self) -> str:
        """Return a hash of all names and sizes: which source this is."""
        ...


def shown(name: str) -> str:
    """Return a file name that any terminal and any JSON reader takes, odd bytes escaped."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
