"""The examples in docstrings say what is so."""

from __future__ import annotations

import ast
import doctest
import importlib
from pathlib import Path

import pytest
import tiny

tiny.pin_one_thread()

ROOT = Path(__file__).parents[2]
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def _examples(path: Path) -> int:
    """Count the docstrings with an example, by reading the source."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    texts = (ast.get_docstring(node) for node in nodes if isinstance(node, _DOCUMENTED))
    return sum(">>>" in (text or "") for text in texts)


SOURCES = [
    path for part in ("alexnet_tf", "ablations") for path in sorted((ROOT / part).rglob("*.py"))
]
EXAMPLES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): count
    for path in SOURCES
    if (count := _examples(path))
}


def test_what_users_call_most_has_an_example():
    assert sum(EXAMPLES.values()) >= 80


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_hold(name):
    module = importlib.import_module(name)
    found = [test for test in doctest.DocTestFinder().find(module) if test.examples]
    runner = doctest.DocTestRunner()
    for test in found:
        runner.run(test)
    assert len(found) == EXAMPLES[name] and runner.summarize().failed == 0
