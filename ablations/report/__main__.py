"""Write the page over all the reports of a folder.

python -m ablations.report --out reports
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ablations import study
from ablations.plan import saved
from ablations.report.collect import studies
from ablations.report.index_page import write_index
from alexnet_tf.data.error import DataError
from alexnet_tf.values import SpecError

EXIT_USAGE, EXIT_DATA, EXIT_ENVIRONMENT = 2, 3, 4


def main(argv: Sequence[str] | None = None) -> int:
    """Write the index of a folder of reports and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m ablations.report",
        description="Write one page over all the reports of a folder.",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("reports"), help="folder of the reports (reports)"
    )
    parser.add_argument("own", nargs="*", help="files of your own studies, to be on the page too")
    given = parser.parse_args(argv)
    out = given.out
    try:
        own = [study.load(name) for name in given.own]
        if not any(saved.exists(out / item.name) for item in [*studies(), *own]):
            raise DataError(_no_report(out))
        path = write_index(out, own)
    except DataError as error:
        print(f"ablations.report: {error}", file=sys.stderr)
        return EXIT_DATA
    except SpecError as error:
        print(f"ablations.report: {error}", file=sys.stderr)
        return EXIT_USAGE
    except OSError as error:
        print(f"ablations.report: {error.filename or out}: {error.strerror}", file=sys.stderr)
        return EXIT_ENVIRONMENT
    print(f"index: {path}")
    return 0


def _no_report(out: Path) -> str:
    """Say what to do about a folder without a report."""
    if any(saved.exists(folder) for folder in out.glob("*")):
        return f"the reports in {out} are of studies of your own: name their files too"
    return f"no report of a study in {out}. Run one: python -m ablations.run lrn --out {out}"


if __name__ == "__main__":
    sys.exit(main())
