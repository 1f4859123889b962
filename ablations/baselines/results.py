"""The records of a folder as a table, and as lines on the terminal."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from rich.console import Console

from ablations.analysis import baselines
from ablations.analysis.baselines import BaselineRecord
from alexnet_tf import files
from alexnet_tf.cells import cell
from alexnet_tf.errors import DataError


def words(record: BaselineRecord) -> str:
    """Return a line with the errors of a record."""
    return (
        f"{record.baseline}, {record.data.train_images} images, seed {record.seed}: test error "
        f"{100 * record.top1_error:.2f} %, validation {100 * record.validation_error:.2f} %, "
        f"training {100 * record.train_error:.2f} %, {record.cpu_seconds:.0f} CPU s"
    )


def show(console: Console, out: Path) -> int:
    """Write the table over all records below `out`, and print the mean errors.

    Args:
        console: where they are printed.
        out: folder of reports; the table is baselines/baselines.csv in it.

    Returns:
        0.

    Raises:
        DataError: a record cannot be read; the others are in the table.
        OSError: the table cannot be written.
    """
    records, damaged = baselines.read(out)
    rows = [row(record) for record in records]
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    path = out / "baselines" / "baselines.csv"
    files.write_atomic(path, text.getvalue().encode())
    for group in baselines.groups(records):
        found, first = baselines.error(baselines.stacked(group)), group[0]
        ends = f" ({found.low:.2f} to {found.high:.2f})" if not math.isnan(found.low) else ""
        console.print(
            f"{first.baseline}, {first.data.dataset}, {first.data.train_images} images: "
            f"test error {found.value:.2f} %{ends}, n = {found.n}"
        )
    console.print(f"table: {path}")
    if damaged:
        raise DataError("; ".join(str(one) for one in damaged))
    return 0


def row(record: BaselineRecord) -> dict[str, object]:
    """Return a record's line of the table: errors in percent."""
    facts = record.data
    values: dict[str, object] = {
        "baseline": record.baseline,
        "dataset": facts.dataset,
        "train_images": facts.train_images,
        "validation_images": facts.validation_images,
        "test_images": facts.test_images,
        "split": record.split,
        "seed": record.seed,
        "c": " ".join(f"{c:g}" for c in record.c),
    }
    for name in ("train", "validation", "top1", "top5"):
        values[f"{name}_error"] = f"{100 * getattr(record, f'{name}_error'):.2f}"
    here = record.environment
    values |= {"cpu_seconds": record.cpu_seconds, "cpu": here.cpu, "libraries": record.libraries}
    return {name: cell(value) for name, value in values.items()}
