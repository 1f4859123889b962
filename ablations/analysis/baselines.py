"""Records of the baselines of the paper's tables, and how far the CNN's error is below theirs."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from scipy import special

from ablations.analysis import paired_tests, quantities
from ablations.analysis.paper_tables import Measured
from ablations.plan import StudyRun
from alexnet_tf.errors import RecordError
from alexnet_tf.records import DataFacts, Environment
from alexnet_tf.values import check_types, from_dict, to_dict

Baseline = Literal["sparse_coding", "sift_fisher"]

#: Of the JSON layout, and of how the baselines are computed: other records are left out.
SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class BaselineRecord:
    """Outcome of one baseline, learned from one choice of patches or descriptors.

    Attributes:
        seed: of what is random in it; the images are the same for every seed.
        split: number of the split of the training images (`DataSpec.split`).
        c: of each feature set's machine, that with the lowest validation error.
        train_error: fraction of at most 20,000 training images, evenly spread; the other errors
            are fractions of all images of theirs.
        wrong: base64 of one bit per test image, 1: top-1 wrong, the first image highest.
        cpu_seconds: of the process, over all its threads.
        libraries: versions of scikit-learn, scikit-image and SciPy.
    """

    baseline: Baseline
    seed: int
    split: int
    data: DataFacts
    c: tuple[float, ...]
    train_error: float
    validation_error: float
    top1_error: float
    top5_error: float
    wrong: str
    cpu_seconds: float
    environment: Environment
    libraries: str

    def __post_init__(self) -> None:
        check_types(self)

    @property
    def name(self) -> str:
        """Of its file, without the ending: what it is of, and no result."""
        facts = self.data
        sizes = (facts.train_images, facts.validation_images, facts.test_images)
        return file_name(self.baseline, facts.dataset, sizes, self.split, self.seed)

    def mistakes(self) -> np.ndarray:
        """Return (test images,) bool: whether the highest score is of a wrong class."""
        bits = np.unpackbits(np.frombuffer(base64.b64decode(self.wrong), np.uint8))
        return bits[: self.data.test_images].astype(bool)


def packed(wrong: np.ndarray) -> str:
    """Return (images,) bool in the form of `BaselineRecord.wrong`."""
    return base64.b64encode(np.packbits(wrong).tobytes()).decode()


def file_name(
    baseline: Baseline, dataset: str, sizes: tuple[int, int, int], split: int, seed: int
) -> str:
    """Return the name of a record's file, without ending; `sizes`: train, validation, test.

    >>> file_name("sift_fisher", "cifar10", (12_500, 5000, 10_000), 0, 3)
    'sift_fisher-cifar10-12500-5000-10000-split0-seed3'
    """
    return "-".join([baseline, dataset, *map(str, sizes), f"split{split}", f"seed{seed}"])


def folder(out: Path) -> Path:
    """Return the folder of the records below a folder of reports."""
    return out / "baselines" / "records"


def to_json(record: BaselineRecord) -> str:
    """Return one JSON object with sorted keys, ending in a newline."""
    values = {"schema": SCHEMA, **to_dict(record)}
    return json.dumps(values, indent=1, sort_keys=True, allow_nan=False) + "\n"


def read_one(path: Path) -> BaselineRecord:
    """Read one record.

    Raises:
        RecordError: the file cannot be read, is no record, or one of another schema.
    """
    try:
        values: Any = json.loads(path.read_text(encoding="utf-8"))
        schema = values.pop("schema")
        if schema != SCHEMA:
            raise RecordError(f"{path}: schema {schema}, this version reads {SCHEMA}")
        record = from_dict(BaselineRecord, values)
        right = len(record.mistakes()) == record.data.test_images
    except RecordError:
        raise
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror or error}") from error
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise RecordError(f"{path}: not a record of a baseline: {error}") from error
    if not right:
        raise RecordError(
            f"{path}: it says of fewer test images than it has whether they are wrong"
        )
    return record


def read(out: Path) -> tuple[list[BaselineRecord], list[RecordError]]:
    """Return the records below a folder of reports, by name, and an error for each unreadable."""
    found, errors = [], []
    for path in sorted(folder(out).glob("*.json")):
        try:
            found.append(read_one(path))
        except RecordError as error:
            errors.append(error)
    return found, errors


# --- statistics ---------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Error:
    """A mean test error, or a difference of two, in percent or points.

    `low` and `high` are its 95 % interval over seeds and test images; NaN below two seeds.
    """

    value: float
    low: float
    high: float
    n: int  # seeds of the baseline, or of the only thing measured
    nets: int = 0  # that it is compared with


def error(wrong: np.ndarray, other: np.ndarray | None = None) -> Error:
    """Return the mean error of `wrong`, minus that of `other`, with its interval.

    The variance of the mean over seeds and that over test images, each image counting with
    its mean over seeds, are added; the degrees of freedom are Satterthwaite's (1946). Part of the
    spread over seeds shows in the images too, so that the interval is slightly too wide.

    Args:
        wrong: (seeds, images) bool, mistakes of every seed.
        other: (nets, images) bool, of the same images.
    """
    arms = [wrong] if other is None else [wrong, other]
    means = [100 * arm.mean(axis=1) for arm in arms]
    change = arms[0].mean(axis=0) - (arms[1].mean(axis=0) if len(arms) > 1 else 0.0)
    value = float(means[0].mean() - (means[1].mean() if len(arms) > 1 else 0.0))
    nets = 0 if other is None else len(other)
    if min(len(mean) for mean in means) < 2:
        return Error(value=value, low=float("nan"), high=float("nan"), n=len(wrong), nets=nets)
    parts = [(float(mean.var(ddof=1)) / len(mean), len(mean) - 1) for mean in means]
    parts.append(((100 * paired_tests.image_se(change[None])) ** 2, len(change) - 1))
    variance = sum(part for part, _ in parts)
    if variance == 0:
        return Error(value=value, low=value, high=value, n=len(wrong), nets=nets)
    freedom = variance**2 / sum(part**2 / n for part, n in parts)
    half = float(special.stdtrit(freedom, (1 + paired_tests.CONFIDENCE) / 2) * np.sqrt(variance))
    return Error(value=value, low=value - half, high=value + half, n=len(wrong), nets=nets)


def measured(records: Sequence[BaselineRecord]) -> Measured:
    """Return the errors as a row of the paper's tables; the interval is over seeds alone.

    Args:
        records: of one baseline and one number of images, at least one.
    """
    top1, low, high = paired_tests.t_interval([100 * record.top1_error for record in records])
    top5 = float(np.mean([100 * record.top5_error for record in records]))
    return Measured(top1=top1, top5=top5, low=low, high=high, n=len(records))


def nets_mistakes(runs: Sequence[StudyRun]) -> np.ndarray | None:
    """Return (nets, images) bool of the test images from ten views; None without any."""
    found = [quantities.mistakes(run, "test_error_ten_views") for run in runs]
    known = [one for one in found if one is not None]
    return np.stack(known) if known and len({len(one) for one in known}) == 1 else None


def groups(records: Sequence[BaselineRecord]) -> list[list[BaselineRecord]]:
    """Return the records that differ in their seed alone, each group by seed, smaller sets first.

    The groups are in the order of `Baseline`, then of the number of training images.
    """
    order = get_args(Baseline)
    found: dict[tuple[Any, ...], list[BaselineRecord]] = {}
    for record in sorted(records, key=lambda one: one.seed):
        facts = record.data
        sizes = (facts.train_images, facts.validation_images, facts.test_images)
        key = (facts.dataset, order.index(record.baseline), *sizes, record.split)
        found.setdefault((*key, facts.fingerprint), []).append(record)
    return [found[key] for key in sorted(found)]


def stacked(records: Sequence[BaselineRecord]) -> np.ndarray:
    """Return the mistakes of records of the same test images, (seeds, images) bool."""
    return np.stack([record.mistakes() for record in records])
