"""From timings to medians, ratios, CSV and JSON. No drawing, no measuring."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from alexnet_tf.benchmark.measure import Measurement
from alexnet_tf.benchmark.rows import Row, Unit
from alexnet_tf.cells import cell


@dataclass(frozen=True)
class Result:
    """One row with its numbers; those that were not measured are None.

    `n` timings, of which `lowest` and `highest` are the extremes. `reached` relates the median
    to a product of two matrices in the same process (`gemm_gflops`, 10^9 operations a second);
    `peak_mib` is the most memory of the process, in MiB.
    """

    row: Row
    reason: str = ""
    median: float | None = None  # of `Row.unit`
    lowest: float | None = None
    highest: float | None = None
    n: int = 0
    of_cpu: float | None = None  # the median a second of processor time, or in ms of it
    gemm_gflops: float | None = None
    reached: float | None = None  # share of the product's rate, 0 to 1
    peak_mib: int | None = None


@dataclass(frozen=True)
class Ratio:
    """Quotient of two rows' speeds; above 1: the first that `name` has is faster."""

    name: str
    value: float


def results(measured: Iterable[Measurement], flops: int) -> list[Result]:
    """Return each measurement's summary.

    Args:
        measured: one entry per row.
        flops: operations of one image's training step (`flops.training_flops`). A net without
            norms is counted by the same number, since norms are not counted.
    """
    return [_result(measurement, flops) for measurement in measured]


def ratios(found: Sequence[Result]) -> list[Ratio]:
    """Return the comparisons of the table that could be made, PyTorch's best per arm.

    For each precision: the training step with and without LRN against the fastest of PyTorch's
    rows, with the same choice and without LRN; with LRN against eager PyTorch; and training from
    the pipeline against training from memory. Last, this project's LRN against TensorFlow's.
    Medians by the clock are compared.
    """
    made: list[Ratio] = []
    for precision in dict.fromkeys(result.row.precision for result in found):
        here = [result for result in found if result.row.precision == precision]
        for lrn, arm in ((True, "LRN"), (False, "no LRN")):
            ours = _best(here, "alexnet_tf", lrn)
            for other, name in {lrn: arm, False: "no LRN"}.items():
                label = f"{precision}: alexnet_tf, {arm} / PyTorch's best, {name}"
                made += _ratio(label, ours, _best(here, "torch", other))
        eager = [r for r in here if not r.row.compiled and not r.row.channels_last]
        made += _ratio(
            f"{precision}: alexnet_tf, LRN / PyTorch eager, LRN",
            _best(here, "alexnet_tf", True),
            _best(eager, "torch", True),
        )
        fed = next((r.median for r in here if r.row.kind == "train_pipeline"), None)
        arm = any(r.row.lrn for r in here if r.row.kind == "train_pipeline")
        made += _ratio(
            f"{precision}: training from the pipeline / from memory",
            fed,
            _best(here, "alexnet_tf", arm),
        )
    norms = {r.row.library: r.median for r in found if r.row.kind == "norm"}
    made += _ratio(
        "LRN: alexnet_tf / tf.nn.local_response_normalization",
        norms.get("tensorflow"),
        norms.get("alexnet_tf"),
    )
    return made


def to_json(found: Sequence[Result], facts: dict[str, Any], measured: Sequence[Measurement]) -> str:
    """Return everything as JSON: facts, rows with every single timing, ratios.

    Args:
        found: the summaries.
        facts: JSON values about machine, net and command.
        measured: what `found` summarises, in the same order.
    """
    rows = []
    for result, measurement in zip(found, measured, strict=True):
        values = {**_flat(result), "values": list(measurement.values)}
        values["of_cpu_values"] = list(measurement.of_cpu)
        values["gemm_values"] = list(measurement.gemm_gflops)
        rows.append(values)
    compared = {ratio.name: round(ratio.value, 4) for ratio in ratios(found)}
    return json.dumps({**facts, "rows": rows, "ratios": compared}, indent=1) + "\n"


def to_csv(found: Sequence[Result]) -> str:
    """Return one line per row; a cell is empty where nothing was measured.

    Args:
        found: one row or more.
    """
    text = io.StringIO()
    lines = [_flat(result) for result in found]
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: cell(value) for name, value in line.items()} for line in lines)
    return text.getvalue()


def _result(measurement: Measurement, flops: int) -> Result:
    row, values = measurement.row, measurement.values
    if not values:
        return Result(row, reason=measurement.reason)
    middle, gemm = statistics.median(values), None
    if measurement.gemm_gflops:
        gemm = statistics.median(measurement.gemm_gflops)
    return Result(
        row,
        median=middle,
        lowest=min(values),
        highest=max(values),
        n=len(values),
        of_cpu=statistics.median(measurement.of_cpu) if measurement.of_cpu else None,
        gemm_gflops=gemm,
        reached=middle * flops / (gemm * 1e9) if gemm else None,
        peak_mib=measurement.peak_mib,
    )


def _best(found: Iterable[Result], library: str, lrn: bool) -> float | None:
    """Return the highest median of training steps from memory in images/s."""
    rates = [
        result.median
        for result in found
        if result.median is not None
        and (result.row.kind, result.row.library, result.row.lrn) == ("train", library, lrn)
    ]
    return max(rates, default=None)


def _ratio(name: str, first: float | None, second: float | None) -> list[Ratio]:
    return [Ratio(name, first / second)] if first and second else []


def _flat(result: Result) -> dict[str, Any]:
    values = dataclasses.asdict(result)
    row = values.pop("row")
    unit: Unit = result.row.unit
    rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in values.items()}
    return {"label": result.row.label, **row, "unit": unit, **rounded}
