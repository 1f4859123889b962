"""The results as a table and a few lines on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from alexnet_tf.benchmark.results import Result, ratios

_COLUMNS = (
    *("what", "precision", "median", "min-max", "by CPU time", "unit"),
    *("GEMM GFLOP/s", "reached", "peak MiB"),
)


def show(found: Sequence[Result], facts: str, console: Console) -> None:
    """Print the table, the ratios and `facts`, one line about machine and net.

    A ratio of the pipeline is followed by what it is above or below 1, in percent.

    Args:
        found: one entry per row.
        facts: the last line.
        console: where they go.
    """
    console.print(table(found))
    for ratio in ratios(found):
        # a ratio below 1 of the pipeline is a loss, and read as one
        loss = f" ({ratio.value - 1:+.0%})" if "pipeline" in ratio.name else ""
        console.print(f"{ratio.name}: {ratio.value:.2f}{loss}", soft_wrap=True)
    console.print(facts, soft_wrap=True)


def table(found: Sequence[Result]) -> Table:
    """Return one line per row; for a row that was not measured the reason stands in it."""
    made = Table(box=None, pad_edge=False)
    for name in _COLUMNS:
        made.add_column(name, justify="left" if name in ("what", "precision") else "right")
    for result in found:
        made.add_row(*cells(result))
    return made


def cells(result: Result) -> list[str]:
    """Return the texts of one line, one a column, or for a row that was not measured three.

    Numbers from 100 on have no decimals, others one; the share that was reached is in percent.
    """
    row = result.row
    if result.median is None or result.lowest is None or result.highest is None:
        return [row.label, row.precision, f"not available: {result.reason}"]
    return [
        row.label,
        row.precision,
        _number(result.median),
        f"{_number(result.lowest)}-{_number(result.highest)}",
        "" if result.of_cpu is None else _number(result.of_cpu),
        row.unit,
        "" if result.gemm_gflops is None else f"{result.gemm_gflops:.0f}",
        "" if result.reached is None else f"{result.reached:.0%}",
        "" if result.peak_mib is None else f"{result.peak_mib}",
    ]


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"
