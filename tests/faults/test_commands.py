"""Any words after any command, any spec and any study: an exit code and a line, no traceback.

`pytest tests/faults/test_commands.py --long` tries 10,000 command lines; each comes with a spec's
and a study's file of its own, which are read too.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tiny
from command_trials import HEAVY, LIGHT, called, wrong
from own_source import SOURCES

SUPPORT = Path(__file__).parents[1] / "support"

#: Run by other commands, or by those who write the project's documents: no command of a user's.
WORKERS = {
    "ablations.execution.fork_server",
    "alexnet_tf.benchmark.machine",
    "alexnet_tf.benchmark.worker",
    "alexnet_tf.check_gpu.checks",
    "alexnet_tf.data.builtin",
}

COUNTS = {"light": (600, 7000), "heavy": (150, 3000)}


def trials(count: int, seed: int, group: str) -> dict[str, Any]:
    words = [str(SUPPORT / "command_trials.py"), str(count), str(seed), group]
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, env=tiny.environment()
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("group", COUNTS)
def test_any_words_end_with_a_code_and_a_line(group, long, capsys):
    found = trials(COUNTS[group][long], 2012, group)
    assert not found["broken"], f"{len(found['broken'])} broken, first: {found['broken'][0]}"
    # TensorFlow takes seconds to load: a light command answers without it
    assert found["tensorflow"] == (group == "heavy")
    codes = found["codes"]
    assert {name.split()[1] for name in codes} >= {"0", "2", "4", "reached", "taken", "refused"}
    with capsys.disabled():
        print(f"\n{found['tried']} {group} command lines:", json.dumps(codes, sort_keys=True))


def test_every_command_is_tried():
    commands = {
        module.removesuffix(".__main__")
        for module, source in SOURCES.items()
        if re.search(r"^if __name__ == .__main__.:", source, re.MULTILINE)
    }
    assert commands - WORKERS == {*LIGHT, *HEAVY}


@pytest.mark.parametrize(
    ("planted", "why"),
    [
        ("raise RuntimeError('x')", "RuntimeError"),
        ("sys.exit(2)", "SystemExit"),
        ("print('usage: x', file=sys.stderr); return fail('p', 2, 'x')", "more than one line"),
        ("return 2", "without its line"),
        ("return fail('q', 2, 'x')", "without its line"),
        ("return 1", "ended with 1"),
        ("print('Traceback (most recent call last)'); return 0", "traceback"),
    ],
)
def test_a_command_that_breaks_the_promise_is_found(planted, why):
    """Control: each way of breaking it."""
    space: dict[str, Any] = {}
    lines = "\n    ".join(["from alexnet_tf.errors import fail", "import sys", planted])
    exec(f"def main(words):\n    {lines}", space)
    assert why in wrong("p", *called(space["main"], ["x"]))
