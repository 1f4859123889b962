"""Sources with one place changed: what a test of that place has to notice."""

from __future__ import annotations

import ast
import copy
import dataclasses
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Names of texts, which `/` joins to paths.
TEXTS = {"name", "run_id", "LOCK", "INSPECTION"}

#: Operator -> what it becomes.
OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


@dataclass(frozen=True)
class Mutant:
    """A module with one place changed.

    Attributes:
        module: its file.
        line: of the place in the source as it is.
        change: what became what, on one line.
        number: of the change, in the order of the syntax tree; -1: nothing is changed.
    """

    module: str
    line: int
    change: str
    number: int

    def source(self, root: Path) -> str:
        """Return the whole module with the change."""
        tree = ast.parse((root / self.module).read_text(encoding="utf-8"))
        for number, (parent, name, index, node, changed) in enumerate(_places(tree)):
            if number == self.number:
                value = getattr(parent, name)
                if isinstance(value, list):
                    value[index] = ast.copy_location(changed, node)
                else:
                    setattr(parent, name, ast.copy_location(changed, node))
                break
        return ast.unparse(ast.fix_missing_locations(tree))


def drawn(root: Path, modules: Sequence[str], count: int, rng: random.Random) -> list[Mutant]:
    """Return so many mutants of modules, drawn together; before a module's, one changes nothing.

    Args:
        root: folder that the modules are named from.
        modules: their files.
        count: at most; 0 draws nothing at all.
        rng: generator.
    """
    found = [one for module in modules for one in mutants(root, module)]
    some = rng.sample(found, min(count, len(found)))
    some.sort(key=lambda one: (one.module, one.line))
    first = {one.module: one for one in reversed(some)}
    return [
        each
        for one in some
        for each in (
            *(
                [dataclasses.replace(one, change="nothing", number=-1)]
                if one is first[one.module]
                else []
            ),
            one,
        )
    ]


def mutants(root: Path, module: str) -> list[Mutant]:
    """Return every mutant of a module, in the order of its syntax tree.

    Annotations, decorators, texts, paths and what runs where the module is a program stay as they
    are.
    """
    tree = ast.parse((root / module).read_text(encoding="utf-8"))
    return [
        Mutant(module, node.lineno, f"{_first_line(node)} → {_first_line(changed)}", number)
        for number, (_, _, _, node, changed) in enumerate(_places(tree))
    ]


def _places(tree: ast.AST) -> Iterator[tuple[ast.AST, str, int, Any, Any]]:
    """Yield parent, field, place in it, node, and what the node may become."""
    passed = set(_left_alone(tree))
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            for index, node in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(node, ast.AST) and node not in passed and hasattr(node, "lineno"):
                    for changed in _changes(node):
                        yield parent, name, index, node, changed


def _left_alone(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        parts = [getattr(node, kind, None) for kind in ("annotation", "returns")]
        parts += getattr(node, "decorator_list", [])
        if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
            parts.append(node)
        for part in parts:
            if part is not None:
                yield from ast.walk(part)


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a node may become: another operator or number, turned round, or nothing."""
    if isinstance(node, ast.Compare):
        yield _with(node, ops=[OPERATORS[type(node.ops[0])](), *node.ops[1:]])
    if isinstance(node, ast.BoolOp):
        yield _with(node, op=OPERATORS[type(node.op)]())
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        if not _is_text(node.left) and not _is_text(node.right):
            yield _with(node, op=OPERATORS[type(node.op)]())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield node.operand
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield _with(node, value=not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        double = node.value * 2 or 1.0
        yield _with(node, value=node.value + 1 if isinstance(node.value, int) else double)
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield _with(node, test=ast.UnaryOp(op=ast.Not(), operand=node.test))
    if isinstance(node, ast.Return) and node.value is not None:
        if not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield _with(node, value=ast.Constant(value=None))
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass()
    if isinstance(node, ast.Raise):
        yield ast.Pass()


def _is_text(node: ast.AST) -> bool:
    """Say whether a node is a text: another operator beside one is only ever a TypeError."""
    if isinstance(node, ast.JoinedStr) or isinstance(node, ast.Name) and node.id in TEXTS:
        return True
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _first_line(node: ast.AST) -> str:
    return ast.unparse(node).splitlines()[0]
