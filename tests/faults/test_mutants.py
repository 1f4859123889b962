"""The changes that `mutants.py` makes: each is one, each is another, and each can be compiled."""

from __future__ import annotations

import ast
import random

import mutated
import pytest
import tiny

SOURCE = '''"""A module."""

import os

LIMIT: int = 3


@wrap(True)
def first(path, run_id, x=1.5) -> "float | None":
    if x < LIMIT and not x:
        raise ValueError(f"{x}" + "!")
    print(path / run_id, path / "a", x / 2)
    return x if x in (1, 2) else None


if __name__ == "__main__":
    first()
'''


@pytest.fixture
def root(tmp_path):
    (tmp_path / "module.py").write_text(SOURCE)
    return tmp_path


def test_the_changes_of_a_small_module(root):
    found = mutated.mutants(root, "module.py")
    assert sorted(one.change for one in found) == sorted(
        [
            *(
                "3 → 4",
                "1.5 → 3.0",
                "x < LIMIT → x <= LIMIT",
                "not x → x",
                "2 → 3",
                "1 → 2",
                "2 → 3",
            ),
            "x < LIMIT and (not x) → x < LIMIT or not x",
            "if x < LIMIT and (not x): → if not (x < LIMIT and (not x)):",
            "raise ValueError(f'{x}' + '!') → pass",
            "print(path / run_id, path / 'a', x / 2) → pass",
            "x / 2 → x * 2",
            "return x if x in (1, 2) else None → return None",
            "x if x in (1, 2) else None → x if not x in (1, 2) else None",
            "x in (1, 2) → x not in (1, 2)",
        ]
    )
    assert {one.line for one in found} == {5, 9, 10, 11, 12, 13}
    whole = ast.unparse(ast.parse(SOURCE)).splitlines()
    sources = [one.source(root).splitlines() for one in found]
    for one, source in zip(found, sources, strict=True):
        compile("\n".join(source), one.change, "exec")
        assert sum(a != b for a, b in zip(source, whole, strict=True)) == 1
    assert len({tuple(source) for source in sources}) == len(found)


def test_mutants_are_drawn_together_and_the_first_changes_nothing(root):
    module = "ablations/analysis/looks.py"
    every = mutated.mutants(tiny.ROOT, module)
    same, *drawn = mutated.drawn(tiny.ROOT, [module], 5, random.Random(0))
    assert len(drawn) == 5 and set(drawn) <= set(every) and same.number == -1
    text = (tiny.ROOT / module).read_text(encoding="utf-8")
    assert same.source(tiny.ROOT) == ast.unparse(ast.parse(text))
    assert mutated.drawn(tiny.ROOT, [module], 5, random.Random(0)) == [same, *drawn]
    assert len(mutated.drawn(root, ["module.py"], 99, random.Random(0))) == 16
    assert not mutated.drawn(root, ["module.py"], 0, random.Random(0))
