"""Which tests go through a line, and how long each takes."""

from __future__ import annotations

import collections
import contextlib
import importlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


class Contexts:
    """Plugin of pytest: tells coverage.py which test runs, and keeps its processor seconds.

    What runs before a test, in a fixture that others may use too, is its module's.
    """

    def __init__(self, measuring: Any):
        self.measuring, self.seconds = measuring, collections.defaultdict[str, float](float)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        with self._of(item, item.nodeid.partition("::")[0]):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        with self._of(item, item.nodeid):
            return (yield)

    @contextlib.contextmanager
    def _of(self, item: pytest.Item, context: str) -> Iterator[None]:
        self.measuring.switch_context(context)
        begun = _seconds()
        yield
        self.seconds[item.nodeid] += _seconds() - begun
        self.measuring.switch_context("")


@dataclass(frozen=True)
class Covered:
    """What `cover` kept: the tests of each line, and their seconds."""

    root: Path
    data: Any
    seconds: dict[str, float]

    @classmethod
    def read(cls, folder: Path, root: Path) -> Covered:
        data = importlib.import_module("coverage").CoverageData(str(folder / "coverage"))
        data.read()
        return cls(root, data, json.loads((folder / "seconds.json").read_text(encoding="utf-8")))

    def tests(self, module: str, line: int, most: float) -> list[str]:
        """Return the tests that went through a line, quickest first, up to so many seconds.

        Where only fixtures did, all tests of their modules; of a line that runs at the import, all
        that went through its module.
        """
        by_line = self.data.contexts_by_lineno(str(self.root / module))
        contexts = set(by_line.get(line, []))
        if contexts == {""}:
            contexts.update(*by_line.values())
        through = [t for t in self.seconds if t in contexts]
        through = through or [t for t in self.seconds if t.partition("::")[0] in contexts]
        chosen, left = [], most
        for test in sorted(through, key=self.seconds.__getitem__):
            if chosen and left < self.seconds[test]:
                break
            chosen.append(test)
            left -= self.seconds[test]
        return chosen


def _seconds() -> float:
    """Return the processor seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])
