"""The data set that a run will see, prepared and checked before any training."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from rich.console import Console

from ablations.execution.training import Machine, StoppedError
from ablations.plan import Request, StudyRun
from alexnet_tf.data import cifar10
from alexnet_tf.errors import DataError
from alexnet_tf.spec import DatasetName

_LOUD = (
    "USING THE BUILT-IN SYNTHETIC IMAGES, NOT CIFAR-10: {why}.\n"
    "No claim of the paper can be decided on them. For CIFAR-10, prepare it with\n"
    "  python -m alexnet_tf.data cifar10 --data-dir DIR\n"
    "and add --data-dir DIR, or set TFDS_DATA_DIR."
)
_NO_PHOTOGRAPHS = (
    "--dataset imagenet needs prepared photographs: add --data-dir PREPARED, a folder made by "
    "python -m alexnet_tf.data.prepare SOURCE PREPARED"
)


# glibc gives freed blocks back to the system at once, and faults them in again: a third of the
# time of rendering. A process of a few seconds may keep them.
_KEPT = {"MALLOC_MMAP_THRESHOLD_": "1000000000", "MALLOC_TRIM_THRESHOLD_": "1000000000"}


@dataclass(frozen=True)
class Facts:
    """The contents of a prepared data set.

    Attributes:
        fingerprint: hash of the images and labels; records of other images are not mixed in.
        test_images: of the published test set.
    """

    train_images: int  # of the published training set, validation images included
    fingerprint: str
    test_images: int = 0


def resolve(console: Console, asked: str, machine: Machine) -> DatasetName:
    """Turn "auto" into CIFAR-10 if it is prepared or can be downloaded, else the built-in set.

    A download happens here where "auto" needs it. The built-in images are announced loudly, because
    no claim can be decided on them.

    Args:
        console: gets the announcement.
        asked: a data set's name or "auto"; a name is returned as it is.
        machine: its `data_dir` is searched, else tensorflow-datasets' own folder.

    Raises:
        DataError: photographs are asked for, and no folder of them is named.
    """
    if asked == "imagenet" and machine.data_dir is None:
        raise DataError(_NO_PHOTOGRAPHS)
    if asked in ("builtin", "imagenet"):
        return cast(DatasetName, asked)
    if asked == "cifar10" or cifar10.is_prepared(machine.data_dir):
        return "cifar10"
    where = cifar10.folder(machine.data_dir)
    why = f"CIFAR-10 is not in {where} and its home cannot be reached"
    if cifar10.can_download():
        try:
            prepare(console, "cifar10", machine)
            return "cifar10"
        except (DataError, StoppedError) as error:
            why = str(error)
    console.print(_LOUD.format(why=why), style="bold yellow")
    return "builtin"


def resolved(console: Console, request: Request, machine: Machine) -> Request:
    """Return the request with the data set that it will really see, as `resolve` decides.

    Raises:
        DataError: photographs are asked for, and no folder of them is named.
    """
    name = resolve(console, request.dataset, machine)
    return dataclasses.replace(request, dataset=name)


def prepare(console: Console, name: str, machine: Machine) -> Facts:
    """Read and check the data set in a process of its own, leaving a decoded copy in the cache.

    Args:
        console: gets one line before a download.
        name: "cifar10", "builtin" or "imagenet"; only CIFAR-10 is downloaded.
        machine: gives the folder of the data and the cache.

    Returns:
        Numbers of images and their fingerprint, as the process printed them.

    Raises:
        DataError: CIFAR-10 is not there and cannot be downloaded.
        StoppedError: the data are missing or damaged (code 3), or the disk is full (code 4).
    """
    if name == "cifar10" and not cifar10.is_prepared(machine.data_dir):
        cifar10.require_download(machine.data_dir)
        where = cifar10.folder(machine.data_dir)
        console.print(f"CIFAR-10 is not in {where}; downloading it (163 MiB)")
        # its progress bar and what may go wrong go straight to the user's terminal
        download = subprocess.run(_command(name, machine), stdout=subprocess.DEVNULL)
        if download.returncode:
            raise StoppedError("CIFAR-10 could not be downloaded", download.returncode)
    command = [*_command(name, machine), "--cache", str(machine.cache)]
    result = subprocess.run(command, capture_output=True, text=True, env=_KEPT | os.environ)
    if result.returncode:
        lines = result.stderr.strip().splitlines() or [f"exit code {result.returncode}"]
        raise StoppedError(lines[-1].removeprefix("alexnet_tf.data: "), result.returncode)
    values = json.loads(result.stdout.splitlines()[-1])
    return Facts(values["train_images"], values["fingerprint"], values["test_images"])


def _command(name: str, machine: Machine) -> list[str]:
    return [sys.executable, "-m", "alexnet_tf.data", name, *machine.of_images(name)]


def check_same(runs: Sequence[StudyRun], facts: Facts) -> None:
    """Refuse to mix runs over different images in one study.

    Args:
        runs: a run without a record, or whose record names no images, is passed over.
        facts: of the images that further runs would see.

    Raises:
        DataError: a finished run saw other images than these.
    """
    for run in runs:
        data = run.record.data if run.record is not None else None
        if data is not None and data.fingerprint != facts.fingerprint:
            raise DataError(
                f"run {run.planned.experiment.run_id} was trained on other images (fingerprint "
                f"{data.fingerprint[:12]}, now {facts.fingerprint[:12]}). "
                "Use another --out, or --fresh."
            )
