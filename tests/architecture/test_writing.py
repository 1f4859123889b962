"""Who may write: read from the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from own_source import (
    SOURCES,
    name_of,
)

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
    ("ablations.execution.fork_server", "write_text"),  # the name of a process, under /proc
    ("alexnet_tf.state_store", "pipe_file"),  # at a URL, under a name that is never used again
    ("alexnet_tf.data.builtin_sheet", "savefig"),  # into the name that `write_through` gives
}
WRITERS = {
    *("write_text", "write_bytes", "savefig", "save", "savez", "savez_compressed", "savetxt"),
    *("tofile", "dump", "save_weights", "save_model", "to_csv", "to_json", "to_html"),
    *("to_parquet", "to_excel", "to_pickle", "imsave", "fdopen", "mkstemp", "NamedTemporaryFile"),
    "pipe_file",
}


#: Writers of text or bytes to a caller's buffer, and functions of this project with such a name.
OWN = {"baselines", "saved", "checkpoint", "self", "run", "records", "specs"}


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
