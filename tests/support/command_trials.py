"""Calls commands with command lines drawn at random, in this process, and says what went wrong.

    python command_trials.py COUNT SEED light|heavy

What a command would begin to compute, download or start as a process is not done: it counts as
"reached". The last line printed is one JSON object.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import multiprocessing.context
import os
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import fake_runs
import tiny
from any_command import Drawn, furnish

from ablations import study
from alexnet_tf import command_line, records
from alexnet_tf.errors import SpecError
from alexnet_tf.spec import from_json, to_json
from alexnet_tf.spec.experiment import from_file

#: Every command -> the functions of its module that compute; the light ones load no TensorFlow.
LIGHT: dict[str, tuple[str, ...]] = {
    "ablations.baselines": ("require_all", "load"),
    "ablations.run": (),
    "ablations.new": (),
    "ablations.report": (),
    "ablations.report.reference": ("collected",),
    "ablations.simulations": ("simulate",),
    "alexnet_tf.benchmark": (),
    "alexnet_tf.check_gpu": (),
    "alexnet_tf.data": (),
    "alexnet_tf.data.prepare": (),
}
HEAVY: dict[str, tuple[str, ...]] = {
    "alexnet_tf.train": ("train",),
    "alexnet_tf.evaluate": ("open_run",),
    "alexnet_tf.inspect_net": ("open_run",),
    "alexnet_tf.two_tower": ("TwoTowerStrategy",),
    "alexnet_tf.weights": ("write_run",),
}
READ = ("taken", "refused")
CODES = {0, 2, 3, 4, 5, 6, "reached"}


class Reached(BaseException):
    """The command line passed every check, and work would begin."""


def reached(*arguments: Any, **options: Any) -> Any:
    raise Reached


def module_of(command: str) -> Any:
    """The module in which a command's `main` and what it calls are."""
    if command == "ablations.run":
        return importlib.import_module("ablations.cli.command")
    if command in ("ablations.baselines", "alexnet_tf.benchmark"):
        return importlib.import_module(f"{command}.command")
    found = importlib.import_module(command)
    package = hasattr(found, "__path__")
    return importlib.import_module(f"{command}.__main__") if package else found


def replace_work(group: dict[str, tuple[str, ...]]) -> None:
    """Let nothing compute, download, or start a process."""
    from alexnet_tf.data import builtin, cifar10

    for command, names in group.items():
        for name in names:
            setattr(module_of(command), name, reached)
    builtin.render, cifar10.download = reached, reached
    cifar10.can_download = lambda: False
    if group is HEAVY:
        from alexnet_tf import arithmetic
        from alexnet_tf.two_tower import __main__ as two_tower

        two_tower.split_cpu = lambda count: None
        for name in ("pin", "set_up_gpus"):
            setattr(arithmetic, name, lambda *arguments, **options: None)
    else:
        prepared: Any = ModuleType("alexnet_tf.data.prepare.tfds")  # it imports TensorFlow
        prepared.TfdsSource = reached
        sys.modules[prepared.__name__] = prepared
    subprocess.Popen.__init__ = reached
    multiprocessing.context.SpawnProcess._Popen = staticmethod(reached)


def parser_of(main: Callable[[list[str]], int]) -> command_line.Parser:
    """The parser that a command makes."""
    found: list[command_line.Parser] = []
    real = command_line.Parser.parse

    def caught(self: command_line.Parser, argv: Any) -> Any:
        found.append(self)
        raise Reached

    command_line.Parser.parse = caught
    try:
        with contextlib.suppress(Reached):
            main([])
    finally:
        command_line.Parser.parse = real
    return found[0]


def called(main: Callable[[list[str]], int], words: list[str]) -> tuple[Any, str, str]:
    """Call a command; return its code, its standard output and its standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code: Any = main(words)
        except Reached:
            code = "reached"
        except SystemExit as end:
            code = end.code if "--help" in words else f"SystemExit({end.code})"
        except BaseException:
            code = traceback.format_exc(limit=-4)
    return code, out.getvalue(), err.getvalue()


def wrong(prog: str, code: Any, out: str, err: str) -> str:
    """Say what an end breaks of the promise; nothing if it keeps it."""
    if code not in CODES:
        return f"ended with {code}"
    if "Traceback" in out + err:
        return "printed a traceback"
    if code in (0, "reached"):
        return ""
    lines = err.split("\n")[:-1]
    if not lines or not lines[-1].startswith(f"{prog}: ") or not lines[-1].isprintable():
        return f"code {code} without its line"
    if len(lines[-1]) > 2000:
        return f"code {code} with a line of {len(lines[-1])} characters"
    return "code 2 with more than one line" if code == 2 and len(lines) > 1 else ""


@contextlib.contextmanager
def furnished() -> Iterator[None]:
    """Work in a fresh folder that holds what the words may name."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "work")
        folder.mkdir()
        furnish(folder, records.to_json(fake_runs.record(tiny.experiment(), curve=())))
        before = os.getcwd()
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)
            for name in Path(place).iterdir():
                assert name.name in ("work", "out"), f"{name} was written outside"


def read_spec() -> str:
    """Read the file of a spec; say whether it is one, or what went wrong."""
    try:
        experiment = from_file(Path("spec.json"))
        assert from_json(to_json(experiment)) == experiment
        assert experiment.run_id and experiment.model.parameters() > 0
        return "taken"
    except SpecError as error:
        return "refused" if str(error) else "refused without a word"
    except BaseException:
        return traceback.format_exc(limit=-4)


def read_study() -> str:
    """Read the file of a study; say whether it is one, or what went wrong."""
    try:
        study.load("./mine.py")
        return "taken"
    except SpecError:
        return "refused"
    except BaseException:
        return traceback.format_exc(limit=-4)


def trials(count: int, seed: int, group: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return how many were tried, how they ended, and those that broke the promise."""
    replace_work(group)
    mains = {command: module_of(command).main for command in group}
    often = [*mains, *[name for name in mains if name in ("ablations.run", "alexnet_tf.train")] * 4]
    parsers = {command: parser_of(main) for command, main in mains.items()}
    drawn, codes, broken = Drawn(seed), Counter[str](), []
    for start in range(0, count, 100):
        with furnished():
            for number in range(start, min(start + 100, count)):
                command = drawn.random.choice(often)
                Path("spec.json").write_bytes(drawn.spec())
                Path("mine.py").write_bytes(drawn.study())
                words = drawn.words(parsers[command])
                code, out, err = called(mains[command], words)
                why = wrong(command, code, out, err)
                codes[f"{command} {code if code in CODES else 'broken'}"] += 1
                if why:
                    broken.append([number, command, [w[:200] for w in words], why, err[-600:]])
                for what, why in (("spec.json", read_spec()), ("mine.py", read_study())):
                    codes[f"{what} {why if why in READ else 'broken'}"] += 1
                    if why not in READ:
                        broken.append([number, what, [], why, Path(what).read_text("latin-1")])
    heavy = "tensorflow" in sys.modules
    return {"tried": count, "codes": codes, "broken": broken, "tensorflow": heavy}


if __name__ == "__main__":
    print(json.dumps(trials(int(sys.argv[1]), int(sys.argv[2]), globals()[sys.argv[3].upper()])))
