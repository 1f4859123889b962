"""Disks that are the same to a training: times and random names do not count."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

from training_of_tiny import numbers

from alexnet_tf import records

#: Path below a folder -> bytes of the file.
Files = Mapping[str, bytes]


def digest(files: Files) -> str:
    """Return a hash of what a training can make of the files: times do not count."""
    lines = sorted(_digest(Path(path), content) for path, content in files.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _digest(path: Path, content: bytes) -> str:
    name = path.name
    if name == "lock":
        return "lock"
    if name.startswith("."):  # a temporary file, of a random name; whatever is in it
        return f"temporary {name.split('.')[1]}"
    try:
        if path.suffix == ".state":
            header, _, arrays = content.partition(b"\n")[2].partition(b"\n")
            values = json.loads(header)
            values["curve"] = [{**epoch, "seconds": 0} for epoch in values["curve"]]
            del values["started"], values["resumes"]
            content = json.dumps(values).encode() + arrays
        elif name == "result.json":
            record = records.from_json(content.decode())
            content = repr(numbers(record)).encode()
        elif name == "model.keras":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                content = archive.read("model.weights.h5") + archive.read("config.json")
    except (ValueError, KeyError, zipfile.BadZipFile):
        pass
    return f"{path} {hashlib.sha256(content).hexdigest()}"
