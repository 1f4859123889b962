"""Starts the child with the checks that a test module asks for, and what must cross."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import tiny

from alexnet_tf.spec import ModelSpec

BATCH = 8


@contextlib.contextmanager
def started(folder: Path, checks: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """Start a child; whatever happens, it is gone afterwards."""
    place = folder / checks[0]
    place.mkdir()
    script = tiny.ROOT / "tests" / "support" / "two_tower_child.py"
    with subprocess.Popen(
        [sys.executable, str(script), str(place), *checks],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tiny.ROOT,
        env=tiny.environment(),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def on(name: str) -> pytest.MarkDecorator:
    """Have a test given what the child's check `name` found."""
    return pytest.mark.parametrize("found", [name], indirect=True)


def expected(spec: ModelSpec, size: int = 4) -> list[tuple[str, str, str, str, int]]:
    """(from, to, direction, layer, bytes) of every legal crossing, from the spec alone."""
    image = BATCH * spec.input_size**2 * spec.channels * 4
    conv1 = spec.convs[0]
    padded = conv1.padding != conv1.end or conv1.stride > 1
    first = f"pad_{spec.names()[0]}b" if padded else f"{spec.names()[0]}b"
    rows = [("CPU:0", "CPU:1", "image", first, image)]
    sent = [s.handed_on**2 * c.filters for s, c in zip(spec.shapes, spec.convs, strict=True)]
    sent += [dense.units for dense in spec.dense]
    for before, layer in enumerate([*spec.convs[1:], *spec.dense]):
        if layer.groups == 1:
            name = f"xchg_{spec.names()[before + 1]}"
            half = BATCH * sent[before] // 2 * size
            for way in ("forward", "backward"):
                tower_0, tower_1 = (f"{name}a", f"{name}b")
                to_1, to_0 = (tower_1, tower_0) if way == "forward" else (tower_0, tower_1)
                rows.append(("CPU:0", "CPU:1", way, to_1, half))
                rows.append(("CPU:1", "CPU:0", way, to_0, half))
    last, half = f"xchg_{spec.names()[-1]}", BATCH * sent[-1] // 2 * size
    rows += [("CPU:1", "CPU:0", "forward", last, half), ("CPU:0", "CPU:1", "backward", last, half)]
    return sorted(rows)


def crossings(report: dict[str, Any]) -> list[tuple[str, str, str, str, int]]:
    """The same of a report; the layer is the one in which the towers meet."""
    return sorted(
        (
            row["source"],
            row["target"],
            row["direction"],
            row["layer"] if row["direction"] == "backward" else row["consumer"],
            row["bytes"],
        )
        for row in report["crossings"]
    )
