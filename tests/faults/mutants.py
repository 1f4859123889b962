"""Coverage of what counts most, and whether the tests notice it when one place of it is changed.

    PYTHONPATH=. python tests/faults/mutants.py cover DATA tests/...    # pip install coverage
    PYTHONPATH=. python tests/faults/mutants.py change DATA --out docs/reliability

`cover` runs tests under coverage.py, keeps in the folder DATA which lines each went through and how
long it took, and prints the coverage of lines and branches; several calls add up. `change` draws
changes at random (`tests/support/mutated.py` has the kinds), runs the tests that go through the
changed line, the quickest first, until one fails, and writes `mutants.csv`: module, line, what
became what, how many tests there are, what came of it, and which test failed. One row of each
module changes nothing: the tests have to pass.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import importlib
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Literal

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from covered import Contexts, Covered
from mutated import Mutant, drawn
from swapped import swap

ROOT = Path(__file__).parents[2]
FILES = ("alexnet_tf/files.py", "alexnet_tf/records.py", "alexnet_tf/train/checkpoint.py")
FILES += ("ablations/execution/store.py", "alexnet_tf/evaluate.py")
STATISTICS = "ablations/analysis"

CONTROL = 5  # tests, the quickest ones, of a module that is not changed
HANGS = 120  # processor seconds of a mutant beyond those of its tests
PATIENCE = 1200  # seconds of a mutant that waits


def cover(data: Path, arguments: list[str]) -> int:
    """Run tests under coverage.py, add what they went through to what is kept, and print it."""
    try:
        coverage = importlib.import_module("coverage")
    except ImportError:
        print("coverage.py is missing; pip install coverage", file=sys.stderr)
        return 4
    data.mkdir(parents=True, exist_ok=True)
    measured = [*FILES, f"{STATISTICS}/*"]
    measuring = coverage.Coverage(data_file=str(data / "coverage"), branch=True, include=measured)
    measuring.exclude("if TYPE_CHECKING")
    measuring.load()
    contexts, kept = Contexts(measuring), data / "seconds.json"
    with measuring.collect():
        code = pytest.main(["-q", "-n", "0", *arguments], plugins=[contexts])
    measuring.save()
    before = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    kept.write_text(json.dumps({**before, **contexts.seconds}), encoding="utf-8")
    measuring.report(show_missing=True)
    return int(code)


class Tries:
    """Plugin of pytest: runs the tests of each mutant in a fork, once all of them are loaded.

    Args:
        tree: copy of the project, in which the tests run and which their children import.
        covered: the tests of each line.
        most: processor seconds of the tests of one mutant.
        tried: the mutants.
        rows: where what comes of each is written.
    """

    def __init__(self, tree: Path, covered: Covered, most: float, tried: list[Mutant], rows: Any):
        self.tree, self.covered, self.tried, self.rows = tree, covered, tried, rows
        self.tests = {
            one: covered.tests(one.module, one.line, most)[: None if one.number >= 0 else CONTROL]
            for one in tried
        }
        self.failed = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        for one in self.tried:
            found, failed = self._outcome(one, [items[name] for name in self.tests[one]])
            self.rows.writerow(
                [one.module, one.line, one.change, len(self.tests[one]), found, failed]
            )
            print(f"{one.module}:{one.line} {one.change}: {found} {failed}", flush=True)
        return True

    def _outcome(
        self, mutant: Mutant, items: list[pytest.Item]
    ) -> tuple[Literal["killed", "hangs", "survives", "not tested"], str]:
        """Return what the tests make of a mutant, and the test that fails first."""
        if not items:
            return "not tested", ""
        path, said = self.tree / mutant.module, self.tree / "failed"
        whole, unchanged = path.read_bytes(), path.stat()
        path.write_text(mutant.source(ROOT), encoding="utf-8")
        # of a time of its own: compiled code is known by its source's time and size
        changed = unchanged.st_mtime + 60 + time.monotonic()
        os.utime(path, (changed, changed))
        most = HANGS + round(sum(self.covered.seconds[item.nodeid] for item in items))
        child = os.fork()
        if child == 0:
            self._run(mutant, items, most)
        begun, ended = time.monotonic(), (0, 0)
        while ended == (0, 0) and time.monotonic() - begun < PATIENCE:
            time.sleep(0.1)
            ended = os.waitpid(child, os.WNOHANG)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what it left running too
        path.write_bytes(whole)
        os.utime(path, ns=(unchanged.st_atime_ns, unchanged.st_mtime_ns))
        if ended == (0, 0):
            os.waitpid(child, 0)
            return "hangs", ""
        code = os.waitstatus_to_exitcode(ended[1])
        if code in (0, 1):
            return ("killed", said.read_text(encoding="utf-8")) if code else ("survives", "")
        if code == -signal.SIGXCPU:
            return "hangs", ""
        raise RuntimeError(f"{mutant.module}:{mutant.line} {mutant.change}: ended with {code}")

    def _run(self, mutant: Mutant, items: list[pytest.Item], seconds: int) -> None:
        """Run the tests in this process, in silence, until one fails; end it with 1 or 0."""
        code = 99  # the changed module cannot be loaded, or pytest itself fails
        try:
            os.setsid()
            limit = round(time.process_time()) + seconds
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 10))
            null = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(null, stream)
            name = mutant.module.removesuffix(".py").replace("/", ".")
            swap(importlib.import_module(name), mutant.source(ROOT))
            for item, following in zip(items, [*items[1:], None], strict=True):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if self.failed:
                    break
            (self.tree / "failed").write_text(self.failed, encoding="utf-8")
            code = int(bool(self.failed))
        finally:
            os._exit(code)


def change(options: argparse.Namespace) -> int:
    """Draw mutants, try each, and write what came of it."""
    rng = random.Random(options.seed)
    tried = [one for file in FILES for one in drawn(ROOT, [file], options.each, rng)]
    modules = sorted(str(f.relative_to(ROOT)) for f in (ROOT / STATISTICS).glob("*.py"))
    tried += drawn(ROOT, modules, options.statistics, rng)
    if options.again is not None:
        with options.again.open(encoding="utf-8", newline="") as file:
            left = {(r["module"], r["change"]) for r in csv.DictReader(file) if not r["failed"]}
        tried = [one for one in tried if (one.module, one.change) in left and one.number >= 0]
    out, data = options.out.resolve(), options.data.resolve()
    with tempfile.TemporaryDirectory() as place:
        tree = Path(place) / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", "__pycache__"))
        os.chdir(tree)
        os.environ["PYTHONPATH"] = sys.path[0] = str(tree)
        with open(out / "mutants.csv", "w", encoding="utf-8", buffering=1) as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(["module", "line", "change", "tests", "outcome", "failed"])
            tries = Tries(tree, Covered.read(data, ROOT), options.most, tried, rows)
            names = {test.partition("::")[0] for tests in tries.tests.values() for test in tests}
            plain = ["-s", "-q", "-n", "0", "-p", "no:cacheprovider", "-o", "timeout=0"]
            code = pytest.main([*plain, *sorted(names)], plugins=[tries])
            return 0 if code == pytest.ExitCode.NO_TESTS_COLLECTED else int(code)  # none here


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parts = parser.add_subparsers(required=True)
    part = parts.add_parser("cover")
    part.add_argument("data", type=Path, help="folder for what is measured")
    part.add_argument("tests", nargs=argparse.REMAINDER, help="arguments of pytest")
    part.set_defaults(do=lambda given: cover(given.data, given.tests))
    part = parts.add_parser("change")
    part.add_argument("data", type=Path, help="folder of what was measured")
    part.add_argument("--each", type=int, default=12, help="mutants of a file (default 12)")
    part.add_argument("--statistics", type=int, default=40, help="of those together (default 40)")
    part.add_argument("--seed", type=int, default=0)
    part.add_argument("--most", type=float, default=20, help="CPU seconds of its tests (20)")
    part.add_argument("--again", type=Path, help="an earlier mutants.csv: what survived there")
    part.add_argument("--out", type=Path, required=True, help="folder of mutants.csv")
    part.set_defaults(do=change)
    given = parser.parse_args()
    return int(given.do(given))


if __name__ == "__main__":
    sys.exit(main())
