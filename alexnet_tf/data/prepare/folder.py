"""A folder tree of images as a source: train/<class>/* and val/<class>/*, or <class>/* alone.

Every entry is looked at once, and none is dropped without a word: hidden ones are named in a
warning, others that cannot be images listed as bad, classes that cannot be right refused.
"""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alexnet_tf.data.prepare.source import Bad, Item, Part, some
from alexnet_tf.errors import DataError, SpecError
from alexnet_tf.files import real

_Found = dict[str, list[tuple[str, int, int]]]  # class -> (file name, bytes, mtime_ns)


@dataclass(frozen=True)
class _Files:
    """The files of a part in their final order; three numbers and a name for each."""

    names: list[str]
    labels: NDArray[np.int64]
    sizes: NDArray[np.int64]
    times: NDArray[np.int64]


@dataclass
class _Scan:
    """Findings on the way through a tree."""

    root: Path
    bad: list[Bad] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def entries(self, folder: Path) -> list[os.DirEntry[str]]:
        """Return what lies in a folder and is not hidden, sorted by name."""
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        self.hidden += [self.name(entry.path) for entry in entries if entry.name.startswith(".")]
        return [entry for entry in entries if not entry.name.startswith(".")]

    def name(self, path: str | Path) -> str:
        return os.path.relpath(path, self.root)

    def reject(self, entry: os.DirEntry[str], reason: str) -> None:
        self.bad.append(Bad(self.name(entry.path), reason))


class Tree:
    """The images of a folder tree, a `source.Source`; see the module for its layout."""

    def __init__(self, root: Path, *, val_share: float = 0.0) -> None:
        """Look through the tree, without opening a file.

        Args:
            root: SOURCE.
            val_share: share of each class that becomes the test part, 0 <= share < 1, where
                the tree has no `val` folder. Names alone decide which images these are.

        Raises:
            DataError: no such folder, or its classes cannot be right.
            OSError: a folder cannot be listed.
            ValueError: a share for a tree that has a `val` folder.
        """
        if not root.is_dir():
            raise DataError(f"{root} is not a folder. Name the one that holds the class folders.")
        scan = _Scan(root)
        split = (root / "train").is_dir()
        if not split and (root / "val").is_dir():
            raise DataError(f"{root} holds val but no train. Name a folder with both, or neither.")
        if split and val_share and (root / "val").is_dir():
            raise SpecError(f"{root} has a val folder: --val-share cannot be given as well")
        found: dict[Part, _Found] = {"train": _classes(scan, root / "train" if split else root)}
        if split:
            _others(scan)
        if split and (root / "val").is_dir():
            found["test"] = _classes(scan, root / "val")
            _compare(scan, found)
        elif val_share:
            found["train"], found["test"] = _divide(found["train"], val_share)
            _warn_of_small(scan, found["test"])
        _judge(scan, found["train"])
        self.description = f"folder tree {real(root)}"
        self.class_names = tuple(sorted(found["train"]))
        self.bad = scan.bad
        self.warnings = scan.warnings
        prefix = {"train": "train", "test": "val" if "test" in found and not val_share else "train"}
        self._root = root
        self._parts: dict[Part, _Files] = {
            part: _ordered(classes, self.class_names, prefix[part] if split else "")
            for part, classes in found.items()
        }

    def count(self, part: Part) -> int:
        return len(self._parts[part].names) if part in self._parts else 0

    def items(self, part: Part, start: int, stop: int) -> Iterator[Item]:
        """Yield the items `start` to `stop - 1` of a part, with paths; no file is opened."""
        files = self._parts[part]
        for name, label in zip(files.names[start:stop], files.labels[start:stop], strict=True):
            yield Item(name, int(label), self._root / name)

    def state(self, part: Part, start: int, stop: int) -> str:
        """Return a hash of the items' names, labels, sizes and times of change."""
        return self._hash(part, start, stop, times=True)

    def digest(self) -> str:
        """Return a hash of the names, labels and sizes of all files, but not of their times."""
        whole = [self._hash(part, 0, self.count(part), times=False) for part in self._parts]
        return hashlib.sha256(" ".join(whole).encode()).hexdigest()

    def _hash(self, part: Part, start: int, stop: int, *, times: bool) -> str:
        files, digest = self._parts[part], hashlib.sha256()
        for i in range(start, min(stop, len(files.names))):
            time = f"\0{files.times[i]}" if times else ""
            digest.update(os.fsencode(files.names[i]))
            digest.update(f"\0{files.labels[i]}\0{files.sizes[i]}{time}\n".encode())
        return digest.hexdigest()


def _classes(scan: _Scan, folder: Path) -> _Found:
    """Return the files of every class folder in `folder`."""
    found: _Found = {}
    loose = 0
    for entry in scan.entries(folder):
        try:
            status = os.stat(entry.path)
        except OSError as error:
            scan.reject(entry, _why(error))
            continue
        if stat.S_ISDIR(status.st_mode):
            found[entry.name] = _files(scan, Path(entry.path))
        else:
            loose += 1
            scan.reject(entry, "lies in no class folder")
    if not found:
        hint = f" It holds {loose:,} files: move each into the folder of its class." * bool(loose)
        raise DataError(f"{folder} holds no class folder.{hint}")
    return found


def _files(scan: _Scan, folder: Path) -> list[tuple[str, int, int]]:
    found = []
    for entry in scan.entries(folder):
        try:
            status = os.stat(entry.path)
        except OSError as error:
            scan.reject(entry, _why(error))
            continue
        if stat.S_ISREG(status.st_mode):
            found.append((entry.name, status.st_size, status.st_mtime_ns))
        elif stat.S_ISDIR(status.st_mode):
            scan.reject(entry, "a folder inside a class folder: its files would have no class")
        else:
            kind = "a FIFO" if stat.S_ISFIFO(status.st_mode) else "a device or socket"
            scan.reject(entry, f"{kind}, not a file")
    return found


def _why(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"


def _others(scan: _Scan) -> None:
    """Name what lies beside train and val."""
    beside = [e.name for e in scan.entries(scan.root) if e.name not in ("train", "val")]
    if beside:
        scan.warnings.append(f"not read, since neither train nor val: {some(beside)}")


def _compare(scan: _Scan, found: dict[Part, _Found]) -> None:
    train, val = set(found["train"]), set(found["test"])
    for here, there, missing in (("train", "val", train - val), ("val", "train", val - train)):
        if missing:
            scan.problems.append(f"classes in {here} but not in {there}: {some(sorted(missing))}")
    empty = [name for name, files in found["test"].items() if not files]
    if empty:
        scan.problems.append(f"class folders without a file in val: {some(empty)}")


def _judge(scan: _Scan, train: _Found) -> None:
    """Refuse classes that cannot be right; warn of those that may not be."""
    empty = [name for name, files in train.items() if not files]
    if empty:
        scan.problems.append(f"class folders without a file: {some(empty)}")
    if scan.problems:
        raise DataError(
            f"{scan.root}: {'; '.join(scan.problems)}. Mend or remove these folders and run again."
        )
    twins = defaultdict(list)
    for name in train:
        twins[unicodedata.normalize("NFC", name).casefold()].append(name)
    for names in twins.values():
        if len(names) > 1:
            scan.warnings.append(f"classes whose names differ in case or accents: {some(names)}")
    if len(train) == 1:
        scan.warnings.append("there is one class only: nothing can be learnt about it")
    if scan.hidden:
        scan.warnings.append(f"hidden, so not read: {some(scan.hidden)}")


def _divide(classes: _Found, share: float) -> tuple[_Found, _Found]:
    """Return (train, test): of each class the share whose names have the lowest hash."""
    train, test = {}, {}
    for name, files in classes.items():
        ranked = sorted(files, key=lambda file: _hash64(f"val:{name}/{file[0]}"))
        cut = round(share * len(files))
        test[name], train[name] = ranked[:cut], ranked[cut:]
    return train, test


def _warn_of_small(scan: _Scan, test: _Found) -> None:
    without = [name for name, files in test.items() if not files]
    if without:
        scan.warnings.append(f"too few images for one in val: {some(without)}")


def _ordered(classes: _Found, names: tuple[str, ...], folder: str) -> _Files:
    """Return the files of a part, shuffled by a hash of their names."""
    rows = [
        (os.path.join(folder, name, file), label, size, time)
        for label, name in enumerate(names)
        for file, size, time in sorted(classes.get(name, ()))
    ]
    keys = np.array([_hash64(row[0]) for row in rows], dtype=np.uint64)
    rows = [rows[i] for i in np.argsort(keys, kind="stable")]
    label, size, time = np.array([row[1:] for row in rows], dtype=np.int64).reshape(-1, 3).T
    return _Files([row[0] for row in rows], label, size, time)


def _hash64(name: str) -> int:
    return int.from_bytes(hashlib.sha256(os.fsencode(name)).digest()[:8], "big")
