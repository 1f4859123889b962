"""Turn images into shards, once: squares of one size, their mean, their colours, checksums.

    python -m alexnet_tf.data.prepare ~/imagenet ~/imagenet-256
    python -m alexnet_tf.data.prepare tfds:imagenet2012 ~/imagenet-256 --data-dir ~/tfds

SOURCE holds train/<class>/* and val/<class>/*, or <class>/* alone. Stopped anywhere, the
same command continues; the result is the same bytes for any --jobs. The last line printed
is one JSON object. See docs/images.md.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from alexnet_tf.cells import cell
from alexnet_tf.command_line import Parser
from alexnet_tf.data.prepare.convert import Settings, converter
from alexnet_tf.data.prepare.folder import Tree
from alexnet_tf.data.prepare.shard_set import Preparation
from alexnet_tf.data.prepare.source import PARTS, Bad, Source, shown, some
from alexnet_tf.data.shard_format.index import BAD_FILES, INDEX, PARTIAL, publish, read_index
from alexnet_tf.data.shards import damaged_shards, open_shards
from alexnet_tf.environment import cores
from alexnet_tf.errors import DATA, ENVIRONMENT, DataError, SpecError, exit_code, fail, visible
from alexnet_tf.files import check_reachable, lock, real, write_atomic

_PROG = "alexnet_tf.data.prepare"


def main(argv: Sequence[str] | None = None) -> int:
    """Prepare; return 0, 2 (usage), 3 (data), 4 (disk, environment) or 130 (Ctrl-C).

    Bad files end a preparation with 3 unless --skip-bad is given. Of a finished folder the
    shards are checked, and damaged ones made anew.

    Args:
        argv: the arguments; None: those of the process.
    """
    return exit_code(
        _PROG,
        lambda: _with_enough_memory(_parser().parse(argv)),
        interrupted="interrupted; the same command continues",
    )


def _with_enough_memory(options: argparse.Namespace) -> int:
    try:
        return _prepare(options)
    except (BrokenProcessPool, MemoryError):
        message = "a process ended early: is there too little memory? Lower --jobs."
        return fail(_PROG, ENVIRONMENT, message)


def _parser() -> Parser:
    parser = Parser(_PROG, __doc__)
    add = parser.add_argument
    add("source", metavar="SOURCE", help="folder of class folders, or tfds:NAME")
    add("out", metavar="OUT", type=Path, help="folder for the shards")
    add("--size", type=_number(8, 4096), default=256, help="side of the squares; default 256")
    add("--encoding", choices=["jpeg", "raw"], default="jpeg")
    add("--quality", type=_number(1, 100), default=95, help="of JPEG; default 95")
    add("--jobs", type=_number(1, 512), default=min(512, cores()), help="processes")
    add("--skip-bad", action="store_true", help="go on without files that cannot be used")
    add("--check", action="store_true", help="read and decode all, write nothing")
    add("--val-share", type=_share, default=0.0, help="of each class, where there is no val")
    add("--data-dir", type=Path, help="tensorflow-datasets folder, for tfds:NAME")
    add("--shard-images", type=_number(1, 1 << 20), default=4096, help="in a shard")
    return parser


def _prepare(options: argparse.Namespace) -> int:
    out: Path = options.out
    source = _source(options)
    for warning in source.warnings:
        print(f"warning: {visible(warning)}", file=sys.stderr)
    settings = Settings(options.size, options.encoding, options.quality)
    preparation = Preparation(source, settings, out, options.shard_images)
    if options.check:
        with converter(options.jobs) as convert:
            found = preparation.check(convert)
        _list(found)
        return _stop(found, "") if found else 0
    if (out / INDEX).exists():
        _describe(_again(preparation, options.jobs))
        return 0
    _refuse_foreign(out)
    with lock(preparation.partial), converter(options.jobs) as convert:
        shards, total = preparation.shards(convert)
        found = [*source.bad, *(bad for part in PARTS for s in shards[part] for bad in s.bad)]
        _list(found, out / BAD_FILES)
        if found and not options.skip_bad:
            return _stop(found, f" and in {out / BAD_FILES}")
        index = publish(out, source, settings, preparation.plan, shards, total)
    preparation.clean()
    preparation.remember()
    _describe(index)
    return 0


def _source(options: argparse.Namespace) -> Source:
    out, name = real(options.out), str(options.source)
    if name.startswith("tfds:"):
        if options.val_share:
            raise SpecError("--val-share is for folder trees; the data set has its own parts")
        from alexnet_tf.data.prepare.tfds import TfdsSource

        return TfdsSource(name.removeprefix("tfds:"), options.data_dir)
    root = Path(os.path.expanduser(name))
    check_reachable(root)
    if real(root) in (out, *out.parents):
        raise SpecError(f"OUT must lie outside of SOURCE. Received: {out} in {real(root)}")
    return Tree(root, val_share=options.val_share)


def _again(preparation: Preparation, jobs: int) -> dict[str, Any]:
    """Check a finished folder and that it is of these images, and make damaged shards anew."""
    out = preparation.out
    index = read_index(out)
    if index.get("plan") != preparation.plan:
        raise DataError(
            f"{out} holds shards of another source, or made with other options. Choose another "
            "folder, or remove it."
        )
    damaged = damaged_shards(out, index)
    with converter(jobs) as convert:
        if damaged:
            with lock(preparation.partial):
                preparation.repair(convert, index, damaged)
        changed = preparation.changed(convert, index)
    if changed:
        raise DataError(
            f"{out} holds other images: {some(changed)}: changed since (or Pillow was). Choose "
            "another folder, or remove it."
        )
    preparation.clean()
    preparation.remember()
    open_shards(out)
    words = f"{out} is prepared already; {len(damaged)} shards made anew"
    print(visible(words), file=sys.stderr)
    return index


def _refuse_foreign(out: Path) -> None:
    if out.is_dir() and not (out / PARTIAL).is_dir() and any(out.iterdir()):
        raise DataError(f"{out} is not empty and holds no shards. Choose another folder.")


def _list(bad: list[Bad], path: Path | None = None) -> None:
    """Name every bad file once, on stderr and in a table."""
    for name, reason in bad:
        print(f"bad: {shown(name)}: {reason}", file=sys.stderr)
    if path is None:
        return
    if not bad:
        path.unlink(missing_ok=True)
        return
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows(
        [("file", "reason"), *((cell(shown(name)), cell(reason)) for name, reason in bad)]
    )
    write_atomic(path, table.getvalue().encode())


def _stop(bad: list[Bad], where: str) -> int:
    files = "1 file" if len(bad) == 1 else f"{len(bad):,} files"
    return fail(
        _PROG,
        DATA,
        f"{files} cannot be used, listed above{where}. Mend or remove them, or leave them out "
        "with --skip-bad.",
    )


def _describe(index: dict[str, Any]) -> None:
    leaks = index["test_images_also_in_train"]
    if leaks:
        print(
            f"warning: {leaks:,} test images have the same pixels as a training image",
            file=sys.stderr,
        )
    facts = {
        "classes": len(index["class_names"]),
        "train_images": sum(index["counts"]["train"]),
        "test_images": sum(index["counts"]["test"]),
        "skipped": len(index["skipped"]),
        "test_images_also_in_train": leaks,
        "notes": index["notes"],
        "fingerprint": index["fingerprint"],
        "source": index["source"],
    }
    print(json.dumps(facts))


def _number(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"must be {least} to {most}. Received: {text}")
        return int(text)

    return number


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise argparse.ArgumentTypeError(f"must be at least 0 and below 1. Received: {text}")
    return share


if __name__ == "__main__":
    sys.exit(main())
