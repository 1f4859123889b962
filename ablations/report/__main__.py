"""Write the page over all the reports of a folder.

python -m ablations.report --out reports
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ablations import study
from ablations.execution.store import Records
from ablations.plan import saved
from ablations.report import index_page
from ablations.report.collect import collect, studies
from alexnet_tf import terminal
from alexnet_tf.command_line import Parser
from alexnet_tf.errors import DataError, exit_code
from alexnet_tf.files import require_folder


def main(argv: Sequence[str] | None = None) -> int:
    """Write the index of a folder of reports and return the exit code.

    Args:
        argv: words of the command line; None: those of this process.

    Returns:
        0; 2 where a file named is no study or the folder is not there; 3 where it has no report,
        or one cannot be read, the page being written without it; 4 where it cannot be written.
    """
    return exit_code("ablations.report", lambda: _write(argv))


def _write(argv: Sequence[str] | None) -> int:
    parser = Parser("ablations.report", "Write one page over all the reports of a folder.")
    parser.add_argument(
        "--out", type=Path, default=Path("reports"), help="folder of the reports (reports)"
    )
    parser.add_argument("own", nargs="*", help="files of your own studies, to be on the page too")
    given = parser.parse(argv)
    out: Path = given.out
    own = [study.load(name) for name in given.own]
    require_folder(out, saved.HINT)
    for name, chosen in zip(given.own, own, strict=True):
        saved.check_file(out / chosen.name, name)
    found, damaged = collect(Records(out), own)
    if not found and not damaged:
        raise DataError(_no_report(out))
    path = index_page.write(found, studies(), out, damaged)[-1]
    terminal.console().print(f"index: {path}")
    if damaged:
        raise DataError("; ".join(str(item.error) for item in damaged))
    return 0


def _no_report(out: Path) -> str:
    """Say what to do about a folder without a report."""
    if any(saved.exists(folder) for folder in out.glob("*")):
        return f"the reports in {out} are of studies of your own: name their files too"
    return f"no report of a study in {out}. Run one: python -m ablations.run lrn --out {out}"


if __name__ == "__main__":
    sys.exit(main())
