"""The command line of `python -m ablations.baselines`."""

from __future__ import annotations

import argparse
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from rich.console import Console

from ablations.analysis import baselines
from ablations.analysis.baselines import Baseline
from ablations.baselines import results
from ablations.baselines.libraries import require_all
from ablations.baselines.measure import Work, images_to_code, measure
from alexnet_tf import files, terminal
from alexnet_tf.command_line import Parser, side_by_side
from alexnet_tf.data.load import load
from alexnet_tf.data.split import split
from alexnet_tf.environment import cores
from alexnet_tf.errors import DataError, RecordError, exit_code, terminate
from alexnet_tf.spec import DatasetName, DataSpec

_PROG = "ablations.baselines"
_DESCRIPTION = """\
Measure the baselines that the paper's Tables 1 and 2 compare the CNN with, on the images and the
split of the studies: codes of patches with a linear SVM, averaged over six feature sets, and SIFT
with Fisher vectors. One record a baseline, number of images and seed is left in
OUT/baselines/records, and OUT/baselines/baselines.csv over all of them. A record that is there is
not computed again. `python -m ablations.report --out OUT` shows them beside the nets in OUT."""
_EXAMPLES = """\
examples:
  python -m ablations.baselines --seeds 3
  python -m ablations.baselines --train-images 1000 4000 12500
  python -m ablations.baselines --only sift_fisher --train-images all
  python -m ablations.baselines --dataset imagenet --data-dir prepared/

exit codes: 0 done, 2 usage, 3 data, 4 environment or disk, 5 locked by another process,
75 stopped by SIGTERM, 130 stopped by Ctrl-C"""
_STUDIES = "12500"  # training images of the studies of the small net
_EVERY = 30.0  # seconds between lines about the work under way


@dataclass(frozen=True)
class Cell:
    """One record to make."""

    work: Work
    baseline: Baseline
    seed: int

    @property
    def path(self) -> str:
        """Name of the record's file."""
        chosen = self.work.split
        sizes = (len(chosen.train), len(chosen.validation), len(chosen.test))
        return baselines.file_name(
            self.baseline, self.work.source.name, sizes, self.work.split_number, self.seed
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for and return the exit code.

    Args:
        argv: words of the command line; None: those of this process.

    Returns:
        0 done, 2 usage, 3 data, 4 environment or disk, 5 locked, 75 stopped by SIGTERM, 130 by
        Ctrl-C. An error is one line on standard error.
    """
    signal.signal(signal.SIGTERM, terminate)
    return exit_code(
        _PROG,
        lambda: _main(_parser().parse(argv)),
        after_disk="What is finished stays readable.",
        interrupted="stopped; every finished record is kept, the same command continues",
    )


def _main(options: argparse.Namespace) -> int:
    console = terminal.console()
    side_by_side("--seeds", options.seeds)
    require_all()
    files.check_writable(options.out / "baselines")
    with files.lock(options.out / "baselines"):
        cells = _cells(options)
        todo = [cell for cell in cells if not _there(cell, options.out)]
        console.print(f"{len(cells)} records, {len(todo)} to compute")
        progress = _Progress(console, sum(images_to_code(c.work, c.baseline) for c in todo))
        for number, cell in enumerate(todo, start=1):
            record = measure(cell.work, cell.baseline, cell.seed, progress.tell)
            path = baselines.folder(options.out) / f"{cell.path}.json"
            files.write_atomic(path, baselines.to_json(record).encode())
            console.print(f"[{number}/{len(todo)}] {results.words(record)}")
        return results.show(console, options.out)


def _cells(options: argparse.Namespace) -> list[Cell]:
    """Return the records asked for, the smaller sets of images first."""
    dataset: DatasetName = options.dataset
    source = load(dataset, data_dir=options.data_dir, cache=options.out / "cache")
    asked = options.train_images or [_STUDIES if dataset == "cifar10" else "all"]
    sizes = [None if size == "all" else int(size) for size in dict.fromkeys(asked)]
    threads = int(os.environ.get("OMP_NUM_THREADS") or cores())
    found = []
    for size in sorted(sizes, key=lambda size: size or len(source.train_labels)):
        spec = DataSpec(
            dataset=dataset,
            train_images=size,
            validation_images=options.validation_images,
            test_images=options.test_images,
        )
        work = Work(
            source=source,
            split=split(source, spec),
            split_number=spec.split,
            folder=options.out / "baselines",
            threads=threads,
        )
        names = tuple(dict.fromkeys(options.only or get_args(Baseline)))
        found += [Cell(work, name, seed) for name in names for seed in range(options.seeds)]
    return found


def _there(cell: Cell, out: Path) -> bool:
    """Say whether the record is there and of these images; a damaged one is made again."""
    path = baselines.folder(out) / f"{cell.path}.json"
    if not path.exists():
        return False
    try:
        record = baselines.read_one(path)
    except RecordError:
        return False
    if record.data.fingerprint != cell.work.source.fingerprint():
        raise DataError(
            f"{path} is of other images of the same name. Give another --out, or delete it"
        )
    return True


# --- what is shown ------------------------------------------------------------------------


@dataclass
class _Progress:
    """Prints how many images have features, and about how long it takes still."""

    console: Console
    images: int  # to be coded in all
    done: int = 0
    first: int = 0  # images of the first batch, before which components are learned
    started: float = 0.0  # when it was done
    said: float = field(default_factory=time.monotonic)

    def tell(self, images: int) -> None:
        """Count images, and print a line where the last one is a while ago."""
        self.done += images
        now = time.monotonic()
        if not self.started:
            self.started, self.first = now, self.done
            return
        if now - self.said >= _EVERY:
            self.said = now
            speed = (self.done - self.first) / (now - self.started)
            left = (self.images - self.done) / speed / 60
            self.console.print(
                f"  {self.done} of {self.images} images coded, about {left:.0f} min left"
            )


# --- options ------------------------------------------------------------------------------


def _parser() -> Parser:
    parser = Parser(_PROG, _DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("--dataset", choices=get_args(DatasetName), default="cifar10", help="default cifar10")
    add("--data-dir", type=Path, metavar="DIR", help="folder of the images, as of ablations.run")
    add("--out", type=Path, default=Path("reports"), metavar="DIR", help="default reports")
    add("--only", choices=get_args(Baseline), nargs="+", metavar="NAME", help=_ONLY)
    add("--seeds", type=_number, default=1, metavar="N", help="0 to N - 1; default 1")
    add("--train-images", type=_size, nargs="+", metavar="N", help=_SIZES)
    add("--validation-images", type=_number, default=5000, metavar="N", help="default 5000")
    add("--test-images", type=_number, metavar="N", help="default all")
    return parser


_ONLY = f"some of {', '.join(get_args(Baseline))}; default all"
_SIZES = f"numbers of training images, or all; default {_STUDIES} of CIFAR-10, all of others"


def _size(text: str) -> str:
    return text if text == "all" else str(_number(text))


def _number(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1. Received: {text}")
    return number
