"""Studies by name: the suite's, those of installed packages, and a user's file."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

from ablations.study.declaration import Study
from ablations.study.external import from_file, from_installed, installed, is_path
from alexnet_tf.errors import SpecError
from alexnet_tf.files import real
from alexnet_tf.values import nearest

_FOLDER = (Path(__file__).parent.parent / "studies").resolve()


def names() -> list[str]:
    """Return the names of all studies, the suite's and those that packages installed, sorted.

    A user's file is none of them: `load` takes it by its path.
    """
    return sorted({*_of_the_suite(), *installed()})


def load(name: str) -> Study:
    """Return the study called `name`, or the one in the file `name`.

    A file is run as Python. Its study must be called as the file is, and a file outside the
    suite's folder may not have the name of a study of the suite.

    Args:
        name: of a study of the suite or of an installed package; or a path, which ends in
            ".py" or has a separator in it.

    Raises:
        SpecError: there is no such study (the nearest name is in the message), or its file
            or package holds none.

    >>> load("lrn").title
    'Local response normalisation'
    """
    if is_path(name):
        path = Path(name)
        if path.stem in _of_the_suite() and real(path).parent != _FOLDER:
            raise SpecError(f"{path}: the suite has a study '{path.stem}'. Choose another name.")
        return _checked(from_file(path), path.stem, str(path))
    if name in _of_the_suite():
        return importlib.import_module(f"ablations.studies.{name}").STUDY
    brought = installed()
    if name in brought:
        found = from_installed(brought[name])
        return _checked(found, name, f"installed study {name}")
    hint = f" For a file, type ./{name}.py" if os.path.isfile(f"{name}.py") else ""
    raise SpecError(f"no study '{name}'.{hint or nearest(name, names())}")


def _of_the_suite() -> list[str]:
    return sorted(path.stem for path in _FOLDER.glob("*.py") if path.stem != "__init__")


def _checked(found: Any, name: str, where: str) -> Study:
    """Return a study from outside, if it is one and has the name of its file."""
    if not isinstance(found, Study):
        kind = type(found).__name__
        raise SpecError(f"{where}: STUDY must be a Study. Received: {kind}")
    if found.name != name:
        raise SpecError(f"{where}: `name` must be '{name}', as the file. Received: {found.name!r}")
    return found
