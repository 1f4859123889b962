"""Studies from outside the suite: a file of the user's, or one that a package installed.

A package installs one with an entry point of the group `ablations.studies`, e.g. in
pyproject.toml: `[project.entry-points."ablations.studies"]`, `momentum = "pkg.momentum:STUDY"`.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from alexnet_tf.errors import SpecError
from alexnet_tf.files import check_reachable

GROUP = "ablations.studies"


def is_path(name: str) -> bool:
    """Say whether a name on the command line means a file and not a study of the suite.

    >>> is_path("lrn"), is_path("./my_study.py")
    (False, True)
    """
    return name.endswith(".py") or os.sep in name


def from_file(path: Path) -> Any:
    """Run the file and return its STUDY, whatever that is.

    The file is code of the user's and runs in this process, with its rights. Its module stays
    loaded as `_user_study_` and the file's stem.

    Raises:
        SpecError: there is no such file, it cannot be run (with the line; sys.exit()
            counts too), or it has no STUDY.
        OSError: it lies below a file.
    """
    if not path.is_file():
        check_reachable(path.parent)
        raise SpecError(f"no file {path}. Make one with: python -m ablations.new {path.stem}")
    name = f"_user_study_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.absolute())
    if spec is None or spec.loader is None:
        raise SpecError(f"{path} must be a Python file, its name ending in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses of the file look themselves up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a script of the user's may end in sys.exit()
        del sys.modules[name]
        raise SpecError(f"{path}{_line(error, path)}: {_words(error)}") from error
    if not hasattr(module, "STUDY"):
        raise SpecError(f"{path} has no STUDY. It must end in STUDY = Study(...)")
    return module.STUDY


def installed() -> dict[str, importlib.metadata.EntryPoint]:
    """Return the entry points of installed packages' studies, by name, without importing them."""
    return {entry.name: entry for entry in importlib.metadata.entry_points(group=GROUP)}


def from_installed(entry: importlib.metadata.EntryPoint) -> Any:
    """Import what an entry point names and return it, whatever that is.

    Raises:
        SpecError: it cannot be imported; the message has the entry point and the first line of
            the error. Or another package has installed a study of its name.
    """
    twins = {each.value for each in importlib.metadata.entry_points(group=GROUP, name=entry.name)}
    if len(twins) > 1:
        raise SpecError(
            f"packages have installed {len(twins)} studies {entry.name}: "
            f"{', '.join(sorted(twins))}. Remove all but one."
        )
    try:
        return entry.load()
    except (Exception, SystemExit) as error:
        raise SpecError(f"installed study {entry.name} ({entry.value}): {_words(error)}") from error


def _line(error: BaseException, path: Path) -> str:
    """Return where in the file the error arose, or an empty text."""
    if isinstance(error, SyntaxError) and error.filename == str(path.absolute()):
        return f", line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path.absolute())]
    return f", line {lines[-1]}" if lines else ""


def _words(error: BaseException) -> str:
    """Return the error in one line."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    first = text.strip().partition("\n")[0]
    if isinstance(error, SpecError):
        return first
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
