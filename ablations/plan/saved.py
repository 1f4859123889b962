"""The request of a report, kept beside it so that --report-only rebuilds the same one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ablations.plan.expand import check
from ablations.plan.request import Request
from ablations.study import Study
from alexnet_tf import files, sealed
from alexnet_tf.errors import DataError, SpecError

#: The file in a report's folder.
NAME = "request.json"

#: What to do about a folder of reports that is not there.
HINT = "Give the folder of the reports with --out, or run a study first."


def save(folder: Path, request: Request) -> None:
    """Keep the request in the report's folder, as JSON with sorted keys and a hash.

    Args:
        folder: of the report, `<out>/<study>`; is created. An earlier request is replaced whole.
        request: with the data set that was seen; `load` takes none with "auto".

    Raises:
        OSError: it cannot be written.
    """
    text = sealed.dumps(dataclasses.asdict(request))
    files.write_atomic(folder / NAME, text.encode())


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
        request = Request(**sealed.loads(path.read_text(encoding="utf-8")))
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
