"""The common parts of every page: its template engine, its files and the facts of the runs.

The bytes depend on the tables and the records alone: no clock, no locale, no machine.
"""

from __future__ import annotations

import base64
import csv
import dataclasses
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ablations.analysis.wording import counted
from ablations.plan import StudyRun
from ablations.report import numbers
from ablations.report.figures import drawing
from alexnet_tf.cells import cell
from alexnet_tf.files import write_atomic

# Published images for training, validation images included, and for testing.
_PUBLISHED = {"cifar10": (50_000, 10_000)}

_ROWS = 20_000  # of a table that are texts at a time
_TEMPLATES = Path(__file__).parent / "templates"


# --- files --------------------------------------------------------------------------------


def write_files(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write each file into `folder`, in this order, and return their paths.

    Args:
        folder: is created where it is not there.
        files: name -> contents; each is replaced whole, so that no half-written one can be read.

    Raises:
        OSError: the folder cannot be written.
    """
    for name, data in files.items():
        write_atomic(folder / name, data)
    return [folder / name for name in files]


def csv_table(table: pd.DataFrame, first: Sequence[str] = (), digits: int = 10) -> bytes:
    """Return the table as UTF-8 CSV, the columns of `first` before the others.

    Numbers have `digits` significant digits, NaN is an empty cell, and a text that a spreadsheet
    would run as a formula gets an apostrophe in front.
    """
    names = [*first, *(name for name in table.columns if name not in first)]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    for first_row in range(0, len(table), _ROWS):
        part = table.iloc[first_row : first_row + _ROWS]
        writer.writerows(zip(*(_texts(part[name], digits) for name in names), strict=True))
    return buffer.getvalue().encode("utf-8", "replace")


def _texts(column: pd.Series, digits: int) -> list[str]:
    """Return a column as the texts of its cells."""
    values = column.tolist()
    if pd.api.types.is_float_dtype(column):
        return ["" if value != value else f"{value:.{digits}g}" for value in values]
    if pd.api.types.is_numeric_dtype(column):
        return [str(value) for value in values]
    known = {value: "" if pd.isna(value) else cell(value) for value in set(values)}
    return [known[value] for value in values]


# --- the template engine ------------------------------------------------------------------


def render(template: str, *, scripts: Sequence[str] = (), **values: Any) -> bytes:
    """Return the self-contained page of a template; only `scripts` of this project may run.

    Args:
        template: name of a file in `templates`.
        scripts: files beside it that are put into the page; their hashes are given to the
            template for its content security policy.
        **values: what the template names; text is escaped, `Markup` is not.

    Raises:
        jinja2.UndefinedError: the template names a value that is not there.
    """
    texts = [(_TEMPLATES / name).read_text(encoding="utf-8") for name in scripts]
    page = _engine().get_template(template)
    text = page.render(
        scripts=[Markup(text) for text in texts],
        script_hashes=[_integrity(text) for text in texts],
        **values,
    )
    return text.encode("utf-8", "replace")


def _integrity(script: str) -> str:
    """Return what a content security policy calls the script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


@cache
def _engine() -> Environment:
    """Return the template engine: everything escaped, unknown names an error."""
    engine = Environment(
        loader=PackageLoader("ablations.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for format_value in (
        *(numbers.number, numbers.signed, numbers.stated, numbers.bounded),
        *(numbers.effect_interval, numbers.p_value, numbers.chance, numbers.percent),
        *(numbers.interval, numbers.duration, numbers.plain, drawing.readable, counted),
    ):
        engine.filters[format_value.__name__] = format_value
    return engine


def _printable(value: Any) -> Any:
    """Replace what HTML cannot hold; markup is ours and has been cleaned before."""
    return drawing.clean(value) if type(value) is str else value


def curves(
    *,
    labels: Sequence[str],
    panels: Mapping[str, Sequence[Mapping[str, Any]]],
    lines: Sequence[Mapping[str, Any]],
    zoom: bool,
) -> Markup:
    """Return the data of a figure that `curves.js` gets, as JSON that no text can leave.

    Args:
        labels: what a reader calls each arm.
        panels: kind of drawing -> `drawing.panels` of it.
        lines: every drawn curve of a seed: panel, arm (its place), seed, x, y (percent).
        zoom: whether all that is drawn in a panel may be stretched.
    """
    arms = [drawing.clean(label) for label in labels]
    data = {"arms": arms, "panels": panels, "lines": lines, "zoom": zoom}
    text = json.dumps(data, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


# --- what both kinds of study say of their runs -------------------------------------------


def rows(table: pd.DataFrame, **where: Any) -> list[dict[str, Any]]:
    """Return the table's rows in which every column of `where` has that value.

    Args:
        table: any table of an analysis.
        **where: column -> value; none: all rows.
    """
    for name, value in where.items():
        table = table.loc[table[name] == value]
    return [{str(key): item for key, item in row.items()} for row in table.to_dict("records")]


def statuses(table: pd.DataFrame) -> dict[str, int]:
    """Return how many runs are planned and how many have each status.

    Args:
        table: with a column `status`: done, diverged, failed or new.
    """
    counts = Counter(str(status) for status in table["status"])
    names = ("done", "diverged", "failed", "new")
    return {"planned": len(table), **{name: counts[name] for name in names}}


def provenance(runs: Sequence[StudyRun]) -> dict[str, Any]:
    """Return what the records say of data, machine and cost, for a page's last part.

    Returns:
        facts and environments: each different one as a dict, with its number of runs;
        same_bits: whether all environments give the same bits; seconds: of wall time in
        training epochs, summed; notes and images: words on the data; seeds: reported ones.
    """
    made = [run.record for run in runs if run.record is not None]
    environments = [record.environment for record in made if record.environment]
    return {
        "facts": _distinct(record.data for record in made),
        "environments": _distinct(environments),
        "same_bits": len({str(item.fingerprint()) for item in environments}) < 2,
        "seconds": sum(record.seconds for record in made),
        "notes": sorted({record.data.note for record in made if record.data} - {""}),
        "images": _images(runs),
        "seeds": len({r.planned.experiment.seed for r in runs if r.planned.role == "reported"}),
    }


def _distinct(values: Iterable[Any]) -> list[tuple[dict[str, Any], int]]:
    """Return each different dataclass value as a dict and how often it occurs."""
    counts = Counter(value for value in values if value is not None)
    return [(dataclasses.asdict(value), count) for value, count in counts.items()]


def _images(runs: Sequence[StudyRun]) -> str:
    """Say how many training images the budget leaves of how many, and how many test images."""
    data = runs[0].planned.experiment.data if runs else None
    if data is None:
        return "all training images"
    train, test = _PUBLISHED.get(data.dataset, (None, None))
    fitting = None if train is None else train - data.validation_images
    parts = [_part(data.train_images, fitting, "training")]
    if data.test_images is not None:
        parts.append(_part(data.test_images, test, "test"))
    return ", ".join(parts)


def _part(chosen: int | None, published: int | None, what: str) -> str:
    if chosen is None:
        return f"all {what} images"
    of = "" if published is None else f" of {published:,}"
    return f"{chosen:,}{of} {what} images"
