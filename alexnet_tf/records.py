"""The outcome of one run, as an immutable value and as JSON on disk.

A record holds everything the analysis and the report need, so that neither depends on
the code that trains a net. This module imports no library and little of the package.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from alexnet_tf import sealed
from alexnet_tf.errors import RecordError, SpecError
from alexnet_tf.files import require_folder
from alexnet_tf.spec import Experiment
from alexnet_tf.spec.experiment import of_values
from alexnet_tf.values import check_types, from_dict, to_dict

#: Version of the JSON layout below.
SCHEMA = 1

#: done: all epochs, or the stopping error reached. diverged: a weight, the loss or an output of
#: the net stopped being finite. failed: the process ended without a result (`reason` says how).
#: imported: not trained, its weights are from a file (`reason` says from which).
Status = Literal["done", "diverged", "failed", "imported"]

#: A sample of the training images, those held back from them, and the published test set.
Part = Literal["train", "validation", "test"]

# Fingerprint of images that are not the published ones, bit for bit -> what they are.
_COPIES = {
    "5e16b921afcd19892821e460a2d9fa97825aa0f4ef74891e329845f65e44b7e4": (
        "The images are a JPEG copy of CIFAR-10, about 30 dB from the originals: error rates "
        "can differ a little from those of the lossless set."
    )
}


@dataclass(frozen=True, kw_only=True, slots=True)
class EpochResult:
    """One training epoch.

    `train_error` and `train_loss` are means over the images of the epoch as they were
    presented, before the update each took part in: the 2012 program's own definition.
    Their place on the epoch axis is therefore the middle of the epoch, `epoch - 0.5`.
    """

    epoch: int  # 1 for the first
    updates: int  # weight updates made by the end of this epoch
    train_error: float  # fraction misclassified, 0 to 1
    train_loss: float  # nats per image
    seconds: float  # wall time of this epoch
    validation_error: float | None = None  # fraction, after the epoch; None: not measured

    def __post_init__(self) -> None:
        check_types(self)


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Errors and loss of the trained net on a part of the data, averaged over views of each image.

    Probabilities are averaged before the classes are ranked. With fewer than five classes the
    top-5 error is the error of all of them, 0.
    """

    part: Part
    views: int  # 1: the centre; 10: corners and centre with reflections
    images: int
    top1_error: float  # fraction
    top5_error: float  # fraction
    loss: float  # nats per image, of the averaged probabilities
    wrong: str = ""  # base64 of one bit per image, 1: top-1 wrong, the first image highest

    def __post_init__(self) -> None:
        check_types(self)

    def mistakes(self) -> list[bool]:
        """Return for each image, in order, whether its most probable class is wrong; [] if unknown.

        >>> facts = {"part": "test", "views": 1, "images": 3, "loss": 0.5}
        >>> Evaluation(**facts, top1_error=1 / 3, top5_error=0.0, wrong="QA==").mistakes()
        [False, True, False]
        """
        bits = "".join(f"{byte:08b}" for byte in base64.b64decode(self.wrong))
        return [bit == "1" for bit in bits[: self.images]] if self.wrong else []


@dataclass(frozen=True, kw_only=True)
class DataFacts:
    """The data that a run was trained and evaluated on: numbers of images, origin, fingerprint."""

    dataset: str  # "cifar10", "builtin" or "imagenet"
    synthetic: bool
    train_images: int
    validation_images: int
    test_images: int
    fingerprint: str  # SHA-256 over images, labels and split
    source: str  # for readers, e.g. "tensorflow-datasets cifar10 3.0.2"

    def __post_init__(self) -> None:
        check_types(self)

    @property
    def note(self) -> str:
        """A sentence that belongs to any number from these images; empty for the published ones."""
        return _COPIES.get(self.fingerprint, "")


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Machine and versions with which a run was computed.

    Two equal `fingerprint`s give equal bits for the same experiment.
    """

    cpu: str
    isa: str  # widest vector instructions, e.g. "avx512_bf16"
    device: str  # "CPU" or the GPU's name
    cores: int
    threads: int  # intra-op threads of the run
    memory_gib: float
    system: str
    host: str
    python: str
    tensorflow: str
    keras: str
    numpy: str
    onednn: str  # TF_ENABLE_ONEDNN_OPTS as seen by the run, "default" when unset
    code: str  # git commit of the project, "-dirty" appended, or the installed version
    cuda: str = ""  # of a GPU: compute capability, driver, CUDA, cuBLAS, cuDNN (`gpus.software`)

    def __post_init__(self) -> None:
        check_types(self)

    def fingerprint(self) -> dict[str, str | int]:
        """Return the part that may change bits: all but host, memory, cores, system and code.

        An unfinished run continues only where it is the same (`EnvironmentChangedError`).
        """
        values = dataclasses.asdict(self)
        for name in ("host", "memory_gib", "cores", "code", "system"):
            del values[name]
        return values


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """Outcome of one experiment.

    A run that diverged has the curve of its full epochs and no evaluation, so that both errors
    are None. Without validation images `validation_error` is None.
    """

    experiment: Experiment
    status: Status
    reason: str = ""  # why a run is diverged or failed, or from where imported; one line
    curve: tuple[EpochResult, ...] = ()
    validation_error: float | None = None  # at the end of training, fraction
    test_error: float | None = None  # at the end of training, fraction
    weights_sha256: str = ""  # of every model variable at the end
    net_sha256: str = ""  # of the weights in model.keras; empty in older records
    seconds: float = 0.0  # wall time in training epochs, summed over resumes
    images_per_second: float | None = None  # median over epochs after the first
    resumes: int = 0  # how often the run continued from a checkpoint
    skipped_updates: int = 0  # left out since a gradient of the scaled loss overflowed float16
    started: str = ""  # UTC, ISO 8601
    evaluations: tuple[Evaluation, ...] = ()
    data: DataFacts | None = None
    environment: Environment | None = None

    def __post_init__(self) -> None:
        check_types(self)

    @property
    def run_id(self) -> str:
        """The experiment's id: 16 hex digits, a hash of the spec alone."""
        return self.experiment.run_id


def to_json(record: RunRecord) -> str:
    """One JSON object with sorted keys, ending in a newline.

    It has `run_id`, `schema` and a hash beside the record's fields, for `from_json` to check.
    """
    values = {"schema": SCHEMA, "run_id": record.run_id, **to_dict(record)}
    return sealed.dumps(values)


def from_json(text: str, where: str = "record") -> RunRecord:
    """Inverse of `to_json`.

    Args:
        text: one record.
        where: file or other place, for the error's message.

    Raises:
        RecordError: not JSON, changed since it was written, another schema, a wrong type, or an
            id that does not belong to the experiment inside.
    """
    try:
        values: Any = sealed.loads(text)
        schema, run_id = values.pop("schema"), values.pop("run_id")
        if schema != SCHEMA:
            raise RecordError(f"{where}: record schema {schema}, this version reads {SCHEMA}")
        if "\\u" in text or not text.isascii():  # half a character may stand there
            json.dumps(values, ensure_ascii=False).encode()
        values["experiment"] = of_values(values["experiment"])
        record = from_dict(RunRecord, values)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        if isinstance(error, RecordError):
            raise
        detail = str(error) if isinstance(error, SpecError | ValueError) else repr(error)
        raise RecordError(f"{where}: not a run record: {detail}") from error
    if record.run_id != run_id:
        raise RecordError(f"{where}: id {run_id} does not match its experiment {record.run_id}")
    return record


def read(path: Path) -> RunRecord:
    """Read one record.

    Raises:
        RecordError: the file cannot be read or is not a record.
    """
    try:
        return from_json(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise RecordError(f"{path}: {error}") from error


def of_run(folder: Path) -> RunRecord:
    """Read the record of the finished run in `folder`.

    Raises:
        SpecError: there is no such folder, or no finished run in it.
        RecordError: its record cannot be read.
        OSError: the folder is a file or lies below one, or may not be read.
    """
    require_folder(folder, "Give that of a finished run.")
    path = folder / "result.json"
    if not path.exists():
        raise SpecError(f"{folder} holds no finished run. Give the folder of one.")
    return read(path)
