"""Measure the code at two revisions, and draw the imports between the parts of `ablations`.

    python docs/structure/measure.py dadac5b HEAD

Prints the table of docs/structure.md and writes docs/structure/imports.svg. Runs in a clone
with its history.
"""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot as plt

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def sources(revision: str, folder: str) -> dict[str, str]:
    """Return path -> text of the Python files of a folder at a revision."""
    names = subprocess.check_output(
        ["git", "ls-tree", "-r", "--name-only", revision, folder], text=True, cwd=ROOT
    )
    return {
        name: subprocess.check_output(["git", "show", f"{revision}:{name}"], text=True, cwd=ROOT)
        for name in names.split()
        if name.endswith(".py")
    }


def room(module: str) -> str:
    """Return the part directly under `ablations` that a module is, or is in; else nothing."""
    parts = module.split(".")
    return parts[1] if parts[0] == "ablations" and len(parts) > 1 else ""


def imported(tree: ast.Module) -> set[str]:
    """Return the modules, and whatever else is imported from one, that a file names."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {item.name for item in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{item.name}" for item in node.names}
    return found


def arrows(files: dict[str, str]) -> tuple[set[str], set[tuple[str, str]]]:
    """Return the parts of `ablations` and (importing, imported) of each two of them."""
    modules = {name: name.removesuffix(".py").replace("/", ".") for name in files}
    rooms = {room(module) for module in modules.values()} - {"", "__init__", "__main__"}
    found = {
        (room(module), room(name))
        for path, module in modules.items()
        for name in imported(ast.parse(files[path]))
    }
    return rooms, {(a, b) for a, b in found if a != b and {a, b} <= rooms}


def heights(rooms: set[str], found: set[tuple[str, str]]) -> dict[str, int]:
    """Return the layer of each part: one above the highest that it imports.

    Raises:
        CycleError: the imports run in a circle.
    """
    below = {one: {b for a, b in found if a == one} for one in rooms}
    layer: dict[str, int] = {}
    for one in TopologicalSorter(below).static_order():
        layer[one] = 1 + max((layer[b] for b in below[one]), default=0)
    return layer


def facts(revision: str) -> list[tuple[str, str]]:
    """Return (what, number) of the code at a revision."""
    code = sources(revision, "alexnet_tf") | sources(revision, "ablations")
    tests = sources(revision, "tests")
    trees = [ast.parse(text) for text in code.values()]
    sizes = sorted(text.count("\n") for text in code.values())
    nodes = [node for tree in trees for node in ast.walk(tree)]
    functions = [n.end_lineno - n.lineno + 1 for n in nodes if isinstance(n, FUNCTIONS)]
    documented = [n for n in nodes if isinstance(n, FUNCTIONS | ast.ClassDef | ast.Module)]
    docs = [text for n in documented if (text := ast.get_docstring(n, clean=False))]
    rooms, found = arrows(sources(revision, "ablations"))
    try:
        layers, circles = str(max(heights(rooms, found).values())), "0"
    except CycleError as error:
        layers, circles = "–", f"one or more ({' → '.join(error.args[1])})"
    lines = sum(sizes)
    share = sum(text.count("\n") + 1 for text in docs) / lines
    tested = sum(text.count("\n") for text in tests.values()) / lines
    return [
        ("parts directly under `ablations/`", f"{len(rooms)}"),
        ("arrows between them", f"{len(found)}"),
        ("layers", layers),
        ("circles", circles),
        ("files", f"{len(sizes)}"),
        ("lines of a file: median, 90 %, longest",
         f"{statistics.median(sizes):.0f}, {sizes[int(0.9 * len(sizes))]}, {sizes[-1]}"),
        ("functions", f"{len(functions)}"),
        ("lines of a function: median, longest",
         f"{statistics.median(functions):.0f}, {max(functions)}"),
        ("docstrings, share of lines", f"{100 * share:.0f} %"),
        ("docstrings with an example that a test runs", f"{sum('>>>' in text for text in docs)}"),
        ("lines of tests for a line of code", f"{tested:.2f}"),
    ]  # fmt: skip


def draw(axes: plt.Axes, revision: str, title: str) -> None:
    """Draw the parts in their layers, and a line for each import between two of them."""
    rooms, found = arrows(sources(revision, "ablations"))
    layer = heights(rooms, found)
    place = {}
    for height in set(layer.values()):
        row = sorted(one for one in rooms if layer[one] == height)
        place |= {one: ((n + 0.5) / len(row), height) for n, one in enumerate(row)}
    for a, b in found:
        axes.annotate("", place[b], place[a], arrowprops={
            "arrowstyle": "-", "color": "#0072b2", "alpha": 0.35, "lw": 0.7,
        })  # fmt: skip
    for one, (x, y) in place.items():
        box = {"boxstyle": "round,pad=0.2", "fc": "white", "ec": "#b0b0b0", "lw": 0.6}
        axes.text(x, y, one, ha="center", va="center", fontsize=6, bbox=box)
    axes.set_title(
        f"{title}: {len(rooms)} parts, {len(found)} arrows, {max(layer.values())} layers"
    )
    axes.set(xlim=(0, 1), ylim=(0.4, max(layer.values()) + 0.6))
    axes.axis("off")


def main(before: str, now: str) -> None:
    print("| | before | now |\n|---|--:|--:|")
    for (what, old), (_, new) in zip(facts(before), facts(now), strict=True):
        print(f"| {what} | {old} | {new} |")
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "structure"})
    figure, both = plt.subplots(1, 2, figsize=(13, 7), layout="constrained", width_ratios=(2, 1))
    draw(both[0], before, "Before")
    draw(both[1], now, "Now")
    figure.savefig(HERE / "imports.svg", metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main(*sys.argv[1:3])
