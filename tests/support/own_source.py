"""The sources of both packages, and what they import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import tiny

PACKAGES = ("ablations", "alexnet_tf")
HEAVY = {"tensorflow", "keras", "tensorflow_datasets"}


def module_name(path: Path) -> str:
    parts = path.relative_to(tiny.ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {
    module_name(path): path.read_text(encoding="utf-8")
    for package in PACKAGES
    for path in sorted((tiny.ROOT / package).rglob("*.py"))
}


def walk_what_runs(tree: ast.AST) -> Iterator[ast.AST]:
    yield tree
    for child in ast.iter_child_nodes(tree):
        if isinstance(tree, ast.If) and ast.unparse(tree.test) == "TYPE_CHECKING":
            if child in tree.body:
                continue
        yield from walk_what_runs(child)


@cache
def imports(source: str, module: str = "") -> frozenset[str]:
    """Names of the modules that a source may import, at its top or inside a function.

    `from a import b` counts as both `a` and `a.b`, since `b` may be a module. What stands
    under `if TYPE_CHECKING` is never loaded.
    """
    found: set[str] = set()
    for node in walk_what_runs(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports hide who is imported"
            base = node.module or ""
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return frozenset(found)


def top_level(name: str) -> str:
    return name.split(".")[0]


def name_of(call: ast.Call) -> tuple[str, str]:
    """(what stands before the last dot, the name) of a called function."""
    if isinstance(call.func, ast.Attribute):
        return ast.unparse(call.func.value), call.func.attr
    return "", call.func.id if isinstance(call.func, ast.Name) else ""
