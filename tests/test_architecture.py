"""Who may import whom, who may write, and what is never used: read from the source itself."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
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


def top_level(name: str) -> str:
    return name.split(".")[0]


def third_party(modules: set[str]) -> set[str]:
    return {top_level(m) for m in modules} - set(sys.stdlib_module_names) - set(PACKAGES)


# --- imports ------------------------------------------------------------------------------

#: Packages and modules of `ablations` from the ground up: each imports from lower floors alone.
FLOORS = (
    {"study"},
    {"plan", "budgets", "new"},
    {"analysis", "execution", "studies"},
    {"report", "simulations"},
    {"suite"},
    {"cli", "api"},
    {"run", ""},
)
LIGHT = {"study", "plan", "analysis", "report", "studies", "budgets"}


FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def room(module: str) -> str:
    """Name of the package or module directly under `ablations`; empty: `ablations` itself."""
    return f"{module}.".split(".")[1]


OURS = {name: room(name) for name in SOURCES if top_level(name) == "ablations"}


def test_rooms_are_few_and_import_from_lower_floors_alone():
    height = {name: floor for floor, names in enumerate(FLOORS) for name in names}
    assert set(OURS.values()) == set(height)
    arrows = {
        (here, OURS[imported])
        for module, here in OURS.items()
        for imported in imports(SOURCES[module], module) & set(OURS)
        if OURS[imported] not in (here, "")
    }
    assert not [arrow for arrow in arrows if height[arrow[1]] >= height[arrow[0]]]
    assert len(arrows) <= 30


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
    for module in ("alexnet_tf.values", "alexnet_tf.spec", "alexnet_tf.records"):
        found = set(reached(module))
        assert not third_party(found), module
        assert found & set(SOURCES) <= allowed, module
    assert "alexnet_tf.spec" not in reached("alexnet_tf.values")
    assert "alexnet_tf.records" not in reached("alexnet_tf.spec")
    assert not third_party(set(reached("alexnet_tf.files")))


def test_nothing_imports_a_command():
    commands = {"ablations.run", "ablations.new", "ablations.report.__main__"}
    commands |= {"alexnet_tf.data.__main__"}
    for module, source in SOURCES.items():
        assert not imports(source, module) & commands, module
        assert module == "ablations.run" or "ablations.cli.command" not in imports(source, module)


def test_no_modules_import_each_other_in_a_circle():
    for module, source in SOURCES.items():
        for imported in imports(source, module) & set(SOURCES):
            if imported.startswith(f"{module}."):
                continue  # a package that shows what lies in it
            assert module not in reached(imported, False), f"{module} <-> {imported}"


# --- writing ------------------------------------------------------------------------------

#: (module, call) that may write past `files.write_atomic`, and why.
ALLOWED_WRITES = {
    ("alexnet_tf.files", "open"),  # the lock file; the module is the one place that writes
    ("alexnet_tf.files", "fdopen"),
    (
        "ablations.execution.pool",
        "open",
    ),  # a child's standard error, which must exist while it runs
    (
        "alexnet_tf.data.prepare.convert",
        "open",
    ),  # Pillow's, which reads: these two take bytes in memory
    ("alexnet_tf.data.prepare.decode", "open"),
    ("alexnet_tf.data.builtin", "savefig"),  # a developer's picture, where the developer says
}
WRITERS = {
    *("write_text", "write_bytes", "savefig", "save", "savez", "savez_compressed", "savetxt"),
    *("tofile", "dump", "save_weights", "save_model", "to_csv", "to_json", "to_html"),
    *("to_parquet", "to_excel", "to_pickle", "imsave", "fdopen", "mkstemp", "NamedTemporaryFile"),
}
#: Writers of text or bytes to a caller's buffer, and functions of this project with such a name.
OWN = {"saved", "checkpoint", "self", "run", "records", "specs"}


def name_of(call: ast.Call) -> tuple[str, str]:
    """(what stands before the last dot, the name) of a called function."""
    if isinstance(call.func, ast.Attribute):
        return ast.unparse(call.func.value), call.func.attr
    return "", call.func.id if isinstance(call.func, ast.Name) else ""


def buffers(tree: ast.AST) -> set[str]:
    """Names bound to a buffer in memory."""
    return {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        if name_of(node.value)[1] in ("BytesIO", "StringIO")
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def writes(source: str) -> Iterator[tuple[str, int]]:
    """Yield (called name, line) of every call that may write to a real file."""
    tree = ast.parse(source)
    memory = buffers(tree)
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        owner, name = name_of(call)
        first = call.args[0] if call.args else None
        if name == "open" and not (first is not None and ast.unparse(first) == "os.devnull"):
            position = 1 if owner in ("", "io", "os") else 0  # Path.open has the mode first
            modes = [*call.args[position : position + 1]]
            modes += [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
            for mode in modes:
                text = mode.value if isinstance(mode, ast.Constant) else "w"
                if owner == "os" and ast.unparse(mode) == "os.O_RDONLY":
                    continue
                if set(str(text)) & set("wax+"):
                    yield name, call.lineno
        elif name in WRITERS and not (name == "save" and owner.split(".")[0] in OWN):
            in_memory = isinstance(first, ast.Name) and first.id in memory
            returns_text = name.startswith("to_") and (first is None or owner in OWN | {""})
            if not in_memory and not returns_text and (name, owner) != ("to_json", ""):
                yield name, call.lineno


@pytest.mark.parametrize("module", SOURCES)
def test_files_are_written_atomically_or_not_at_all(module):
    found = [
        (name, line)
        for name, line in writes(SOURCES[module])
        if (module, name) not in ALLOWED_WRITES
    ]
    if module == "alexnet_tf.files":
        found = [(name, line) for name, line in found if name != "mkstemp"]
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "open('x', 'w')",
        "open('x', mode='ab')",
        "open('x', chosen)",
        "path.open('w')",
        "path.write_text('x')",
        "path.write_bytes(b'x')",
        "table.to_csv('x.csv')",
        "np.save('x', array)",
        "np.savez(path, a=array)",
        "model.save_weights('x')",
        "model.save('x.keras')",
        "json.dump(value, file)",
        "figure.savefig(path)",
        "os.open('x', os.O_WRONLY)",
    ],
)
def test_a_planted_write_is_found(source):
    assert list(writes(source))


@pytest.mark.parametrize(
    "source",
    [
        "open('x')",
        "open('x', 'rb')",
        "path.open()",
        "buffer = io.BytesIO()\nnp.savez(buffer, a=array)",
        "text = table.to_csv()",
        "checkpoint.save(folder, 1, model, {})",
        "os.open(folder, os.O_RDONLY)",
        "json.dumps(value)",
    ],
)
def test_reading_and_memory_are_no_writes(source):
    assert not list(writes(source))


# --- what is never used -------------------------------------------------------------------

BANNED_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}
BANNED_CALLS = {
    *("eval", "exec", "compile", "__import__", "yaml.load", "os.system", "os.popen"),
    *("tempfile.mktemp", "keras.config.enable_unsafe_deserialization", "layers.Lambda"),
}
BANNED_KEYWORDS = {("shell", True), ("allow_pickle", True), ("safe_mode", False)}


def banned(source: str) -> Iterator[str]:
    """Yield what a source uses although it would run code that stands in data."""
    for name in imports(source):
        if top_level(name) in BANNED_MODULES:
            yield name
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        if ast.unparse(call.func) in BANNED_CALLS or name_of(call)[1] == "extractall":
            yield ast.unparse(call.func)
        for keyword in call.keywords:
            value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
            if (keyword.arg, value) in BANNED_KEYWORDS:
                yield f"{keyword.arg}={value}"
        if name_of(call)[1] == "load" and ast.unparse(call.func).startswith(("np.", "numpy.")):
            if "allow_pickle" not in {keyword.arg for keyword in call.keywords}:
                yield "np.load without allow_pickle=False"


@pytest.mark.parametrize("module", SOURCES)
def test_nothing_that_stands_in_data_is_ever_run(module):
    assert not list(banned(SOURCES[module]))


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from dill import loads",
        "eval('1')",
        "exec(text)",
        "yaml.load(text)",
        "subprocess.run('ls', shell=True)",
        "np.load(path, allow_pickle=True)",
        "np.load(path)",
        "archive.extractall(folder)",
        "keras.models.load_model(path, safe_mode=False)",
        "layers.Lambda(f)",
    ],
)
def test_a_planted_danger_is_found(source):
    assert list(banned(source))


def test_compiling_a_model_or_a_pattern_is_no_danger():
    assert not list(banned("model.compile(loss='mse')\nre.compile('x')"))


# --- size ---------------------------------------------------------------------------------


@pytest.mark.parametrize("module", SOURCES)
def test_a_file_has_250_lines_at_most_and_a_function_60(module):
    lines = SOURCES[module].count("\n")
    functions = [
        node for node in ast.walk(ast.parse(SOURCES[module])) if isinstance(node, FUNCTION)
    ]
    long = [one.name for one in functions if (one.end_lineno or 0) - one.lineno >= 60]
    assert lines <= 250 and not long


@pytest.mark.parametrize(
    "path",
    sorted((tiny.ROOT / "ablations" / "report" / "templates").iterdir()),
    ids=lambda p: p.name,
)
def test_a_template_has_250_lines_at_most_of_160_characters(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 250 and max(map(len, lines)) <= 160


# --- what a process really loads ----------------------------------------------------------

LOADED = "print('LOADED', *sorted({m.split('.')[0] for m in sys.modules}))"


@pytest.mark.parametrize(
    "module",
    [
        "ablations.analysis.study_analysis",
        "ablations.report.__main__",
        "ablations.suite",
        "ablations.run",
    ],
)
def test_importing_it_loads_no_tensorflow(module):
    result = tiny.python(f"import sys, {module}\n{LOADED}")
    loaded = set(result.stdout.rpartition("LOADED")[2].split())
    assert "numpy" in loaded, result.stderr
    assert not loaded & HEAVY


@pytest.mark.parametrize("option", ["--help", "--list"])
def test_the_command_answers_without_tensorflow_and_without_pandas(option):
    code = (
        "import runpy, sys\n"
        f"sys.argv = ['ablations.run', {option!r}]\n"
        "try:\n    runpy.run_module('ablations.run', run_name='__main__')\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        f"{LOADED}"
    )
    result = tiny.python(code)
    assert "relu_vs_tanh" in result.stdout, result.stderr
    loaded = set(result.stdout.rpartition("LOADED")[2].split())
    assert loaded and not loaded & (HEAVY | {"pandas", "scipy", "matplotlib"})
