"""Who may import whom: read from the source itself."""

from __future__ import annotations

import re
import sys
from functools import cache

import pytest
import tiny
from own_source import (
    HEAVY,
    PACKAGES,
    SOURCES,
    imports,
    top_level,
)


@cache
def reached(start: str, packages: bool = True) -> dict[str, str]:
    """Every module that importing or using `start` may load -> the module that imports it.

    Loading a module loads the packages around it first, which `packages` follows too.
    """
    found, waiting = {start: ""}, [start]
    while waiting:
        module = waiting.pop()
        names = imports(SOURCES[module], module)
        parents = {".".join(module.split(".")[:n]) for n in range(1, module.count(".") + 1)}
        for name in names | (parents if packages else set()):
            if name not in found:
                found[name] = module
                if name in SOURCES:
                    waiting.append(name)
    return found


def third_party(modules: set[str]) -> set[str]:
    return {top_level(m) for m in modules} - set(sys.stdlib_module_names) - set(PACKAGES)


# --- imports ------------------------------------------------------------------------------

#: Packages and modules of `ablations` from the ground up: each imports from lower floors alone.
FLOORS = (
    {"study"},
    {"plan", "budgets", "new"},
    {"analysis", "execution", "studies"},
    {"report", "simulations", "baselines"},
    {"suite"},
    {"cli", "api"},
    {"run", ""},
)
LIGHT = {"study", "plan", "analysis", "report", "studies", "budgets"}


def room(module: str) -> str:
    """Name of the package or module directly under `ablations`; empty: `ablations` itself."""
    return f"{module}.".split(".")[1]


OURS = {name: room(name) for name in SOURCES if top_level(name) == "ablations"}
ARROWS = {
    (here, OURS[imported])
    for module, here in OURS.items()
    for imported in imports(SOURCES[module], module) & set(OURS)
    if OURS[imported] not in (here, "")
}


def test_rooms_are_few_and_import_from_lower_floors_alone():
    height = {name: floor for floor, names in enumerate(FLOORS) for name in names}
    assert set(OURS.values()) == set(height)
    assert not [arrow for arrow in ARROWS if height[arrow[1]] >= height[arrow[0]]]
    assert len(ARROWS) <= 30


def test_the_picture_of_the_parts_shows_every_arrow():
    text = (tiny.ROOT / "docs" / "structure.md").read_text(encoding="utf-8")
    lines = re.findall(r"^  (\w+) --> (.+)$", text, re.MULTILINE)
    assert {(here, there) for here, all_of in lines for there in all_of.split(" & ")} == ARROWS


@pytest.mark.parametrize("module", [name for name in OURS if OURS[name] in LIGHT])
def test_planning_analysis_and_report_never_reach_tensorflow(module):
    heavy = {m: by for m, by in reached(module).items() if top_level(m) in HEAVY}
    assert not heavy


def test_only_execution_starts_processes():
    starting = {name for name in OURS if "subprocess" in imports(SOURCES[name], name)}
    assert {OURS[name] for name in starting} == {"execution"}


def test_the_import_walk_finds_tensorflow_where_it_is():
    assert "tensorflow" in reached("alexnet_tf.train.run")
    assert "keras" in reached("alexnet_tf.model")
    assert imports("def f():\n    from a.b import c") == {"a.b", "a.b.c"}
    assert imports("if TYPE_CHECKING:\n    import a\nelse:\n    import b") == {"b"}


def test_the_trainer_does_not_know_the_studies():
    for module in (name for name in SOURCES if top_level(name) == "alexnet_tf"):
        assert not [m for m in reached(module) if top_level(m) == "ablations"], module


def test_values_specs_and_records_stand_on_the_standard_library_and_each_other():
    allowed = {"alexnet_tf", "alexnet_tf.errors", "alexnet_tf.values", "alexnet_tf.records"}
    allowed |= {name for name in SOURCES if name.startswith("alexnet_tf.spec")}
    allowed |= {"alexnet_tf.conform", "alexnet_tf.files", "alexnet_tf.sealed"}
    for module in ("alexnet_tf.values", "alexnet_tf.spec", "alexnet_tf.records"):
        found = set(reached(module))
        assert not third_party(found), module
        assert found & set(SOURCES) <= allowed, module
    assert "alexnet_tf.spec" not in reached("alexnet_tf.values")
    assert "alexnet_tf.records" not in reached("alexnet_tf.spec")
    assert not third_party(set(reached("alexnet_tf.files")))


def test_nothing_imports_a_command():
    commands = {"ablations.run", "ablations.new", "ablations.report.__main__"}
    commands |= {"alexnet_tf.data.__main__", "ablations.baselines.__main__"}
    for module, source in SOURCES.items():
        assert not imports(source, module) & commands, module
        assert module == "ablations.run" or "ablations.cli.command" not in imports(source, module)


def test_no_modules_import_each_other_in_a_circle():
    for module, source in SOURCES.items():
        for imported in imports(source, module) & set(SOURCES):
            if imported.startswith(f"{module}."):
                continue  # a package that shows what lies in it
            assert module not in reached(imported, False), f"{module} <-> {imported}"
