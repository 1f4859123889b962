"""Images to prepare: named, labelled files in two parts, in an order fixed by a hash."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

Part = Literal["train", "test"]
PARTS: tuple[Part, Part] = ("train", "test")


class Item(NamedTuple):
    """One image: its name below the source, its class, and where its bytes are.

    `label` is an index into `Source.class_names`, `content` a path or the bytes themselves.
    """

    name: str
    label: int
    content: Path | bytes


class Bad(NamedTuple):
    """A file that cannot be used, by its name below the source, and why."""

    name: str
    reason: str


class Source(Protocol):
    """Images to prepare. The order of a part is fixed, and any block of it a random sample.

    No pixel is decoded here: `convert` does that, with the bytes of the items. Both parts have
    the same classes.
    """

    @property
    def description(self) -> str:
        """Origin of the images, as the index keeps it."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the labels 0, 1, ..., sorted in a folder tree."""
        ...

    @property
    def warnings(self) -> list[str]:
        """Oddities for a user to read, none of which keeps the source from being prepared."""
        ...

    @property
    def bad(self) -> list[Bad]:
        """Entries that cannot be images, seen without opening them."""
        ...

    def count(self, part: Part) -> int:
        """Return the number of items of a part, 0 for a part that is not there."""
        ...

    def items(self, part: Part, start: int, stop: int) -> Iterator[Item]:
        """Yield the items `start` to `stop - 1` of a part, in its order.

        Raises:
            DataError: the source itself cannot be read.
        """
        ...

    def state(self, part: Part, start: int, stop: int) -> str:
        """Return a hash that changes when one of these items was renamed or rewritten.

        Args:
            part: "train" or "test".
            start: first item.
            stop: one more than the last.
        """
        ...

    def digest(self) -> str:
        """Return a hash of all names and sizes: which source this is."""
        ...


def shown(name: str) -> str:
    r"""Return a file name that any terminal and any JSON reader takes, odd bytes escaped.

    >>> print(shown("a\tb.jpg"))
    a\tb.jpg
    """
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def some(names: list[str]) -> str:
    """Return up to five names as `shown` does, and the number of the rest.

    >>> some(["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "f.jpg"])
    'a.jpg, b.jpg, c.jpg, d.jpg, e.jpg and 1 more'
    """
    rest = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return ", ".join(shown(name) for name in names[:5]) + rest
