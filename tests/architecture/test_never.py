"""Unused names, the length of files, and the modules a process loads."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
import tiny
from own_source import (
    HEAVY,
    SOURCES,
    imports,
    name_of,
    top_level,
)

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


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


def test_a_file_of_tests_has_250_lines_at_most():
    long = {
        str(path.relative_to(tiny.ROOT)): lines
        for path in (tiny.ROOT / "tests").rglob("*.py")
        if (lines := path.read_text(encoding="utf-8").count("\n")) > 250
    }
    assert not long


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
