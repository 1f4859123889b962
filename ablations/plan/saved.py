"""The request of a report, kept beside it so that --report-only rebuilds the same one."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from ablations.plan.expand import check
from ablations.plan.request import Request
from ablations.study import Study
from ablations.study.external import is_path
from alexnet_tf import files, sealed
from alexnet_tf.errors import DataError, SpecError

#: The file in a report's folder.
NAME = "request.json"

#: What to do about a folder of reports that is not there.
HINT = "Give the folder of the reports with --out, or run a study first."


#: Where the file of the user's study lies, from the report's folder, beside the request's fields.
_FILE = "file"


def save(folder: Path, request: Request, name: str = "") -> None:
    """Keep the request in the report's folder, as JSON with sorted keys and a hash.

    Args:
        folder: of the report, `<out>/<study>`; is created. An earlier request is replaced whole.
        request: with the data set that was seen; `load` takes none with "auto".
        name: of the study, or the path of its file, which is kept for `check_file`.

    Raises:
        OSError: it cannot be written.
    """
    values = dataclasses.asdict(request)
    if is_path(name):
        values[_FILE] = os.path.relpath(files.real(Path(name)), files.real(folder))
    files.write_atomic(folder / NAME, sealed.dumps(values).encode())


def check_file(folder: Path, name: str) -> None:
    """Refuse the file of a study where the report is that of another file of its name.

    Files are other ones where both are there: one that was moved is the same.

    Args:
        folder: of the report, which need not be there.
        name: of the study, or the path of its file.

    Raises:
        SpecError: the report would be replaced by that of another study.
    """
    try:
        kept = sealed.loads((folder / NAME).read_text(encoding="utf-8")).get(_FILE)
    except (OSError, ValueError, RecursionError):  # `load` says what is wrong with it
        return
    if not isinstance(kept, str) or not is_path(name):
        return
    other = os.path.normpath(files.real(folder) / kept)
    if os.path.isfile(other) and not os.path.samefile(other, name):
        raise SpecError(
            f"{folder} has the report of {other}, another file than {name}. "
            "Rename one, or give another folder with --out."
        )


def exists(folder: Path) -> bool:
    """Say whether a request was kept there, without reading it."""
    return (folder / NAME).is_file()


def load(folder: Path) -> Request:
    """Return the request of the last report.

    Raises:
        DataError: there is no report yet, or its request cannot be read, has an unknown field
            or value, or does not name the data set that was seen.
    """
    path = folder / NAME
    try:
        values = sealed.loads(path.read_text(encoding="utf-8"))
        values.pop(_FILE, None)
        request = Request(**values)
        if request.dataset == "auto":
            raise ValueError("it does not say which data set was seen")
        return request
    except FileNotFoundError:
        raise DataError(
            f"no report in {folder} yet. Run the study without --report-only."
        ) from None
    except (ValueError, TypeError, RecursionError) as error:
        raise DataError(f"{path} cannot be read: {error}. Run the study again.") from error


def of_study(folder: Path, study: Study) -> Request:
    """Return the request of a study's last report.

    Raises:
        DataError: as `load`, or it is not one that the study can take.
    """
    request = load(folder)
    try:
        check(study, request)
    except SpecError as error:
        raise DataError(f"{folder / NAME}: {error} Run the study again.") from error
    return request
