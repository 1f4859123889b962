"""Check the tests and intervals of the studies on simulated experiments of known truth.

    python -m ablations.simulations --out reports/reference/simulations

Writes simulations.csv and simulations.md: error rates of tests and verdicts, coverage of
intervals, and the seeds that looks need. Exit code 6: a result is out of its bounds.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import scipy

from ablations.analysis.simulated import REPEATS, SEED, simulate
from ablations.analysis.simulation_result import Result
from alexnet_tf import terminal
from alexnet_tf.command_line import Parser
from alexnet_tf.errors import FAILED_RUNS, SpecError, exit_code
from alexnet_tf.files import check_writable, write_atomic

#: Experiments below which a share or a spread has no value.
LEAST = 10


def write(results: Sequence[Result], folder: Path, *, command: str) -> list[Path]:
    """Write simulations.csv and simulations.md into `folder`, and return their paths.

    The CSV has a row per result and its numbers in full; the Markdown has the same with one
    decimal, shares in percent, and names the versions of NumPy, SciPy and Python.

    Args:
        results: of `simulate`, at least one.
        folder: is created where it is not there.
        command: typed to make the tables; it is named in the Markdown.

    Raises:
        OSError: the folder cannot be written.
    """
    rows = [{**vars(result), "kept": result.kept} for result in results]
    table = pd.DataFrame(rows).to_csv(index=False, lineterminator="\n", float_format="%.10g")
    pages = {"simulations.csv": table, "simulations.md": _page(results, command)}
    for name, text in pages.items():
        write_atomic(folder / name, text.encode("utf-8", "replace"))
    return [folder / name for name in pages]


def _page(results: Sequence[Result], command: str) -> str:
    versions = f"NumPy {np.__version__}, SciPy {scipy.__version__}, Python"
    lines = [
        "# The statistics tested on experiments of known truth",
        "",
        f"Made by `{command}`: {results[0].repeats} repeats each, half of that for several "
        f"variants with one base; seed {SEED}, {versions} {platform.python_version()}. Shares are "
        "in percent; +- is the standard error from the number of repeats. An arm's errors have a "
        "standard deviation of 0.3 points where nothing else is said, 0.5 points are what "
        "matters, the base has 30 seeds, and the looks are at 8, 12, 16, 24 and 32 seeds. "
        "Stated beside seeds: those of a design of one look with the same power at what matters, "
        "which has to know the spread beforehand.",
        "",
        "| simulation | setting | n | stated | found | +- | bounds | kept |",
        "|---|---|--:|--:|--:|--:|---|---|",
    ]
    for result in results:
        stated = "" if np.isnan(result.stated) else f"{result.stated:.1f}"
        lines.append(
            f"| {result.simulation} | {result.setting} | {result.n} | {stated} | "
            f"{result.found:.1f} | {result.error:.1f} | {_bounds(result)} | "
            f"{'yes' if result.kept else '**no**'} |"
        )
    return "\n".join([*lines, ""])


def _bounds(result: Result) -> str:
    if (result.least, result.most) == (0.0, 100.0):
        return "none, reported"
    if result.least == 0.0:
        return f"at most {result.most:.0f}"
    if result.most == 100.0:
        return f"at least {result.least:.0f}"
    return f"{result.least:g} to {result.most:g}"


def main(argv: Sequence[str] | None = None) -> int:
    """Simulate, write the tables and print their paths.

    Returns:
        0; 6 where a result is outside of its bounds, each named on standard error; 2 for too few
        `--repeats`; 4 where the folder cannot be written.
    """
    return exit_code("ablations.simulations", lambda: _simulate(argv))


def _simulate(argv: Sequence[str] | None) -> int:
    parser = Parser("ablations.simulations", __doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the two tables")
    parser.add_argument(
        "--repeats",
        type=int,
        default=REPEATS,
        help=f"of each experiment, at least {LEAST} (default {REPEATS})",
    )
    given = parser.parse(argv)
    out, repeats = given.out, given.repeats
    if repeats < LEAST:
        raise SpecError(f"--repeats must be at least {LEAST}. Received: {repeats}")
    check_writable(out)
    results = simulate(repeats)
    more = "" if repeats == REPEATS else f" --repeats {repeats}"
    command = f"python -m ablations.simulations --out {out}{more}"
    for path in write(results, out, command=command):
        terminal.console().print(str(path))
    broken = [result for result in results if not result.kept]
    for result in broken:
        print(f"not kept: {result.simulation}, {result.setting}, n = {result.n}", file=sys.stderr)
    return FAILED_RUNS if broken else 0


if __name__ == "__main__":
    sys.exit(main())
