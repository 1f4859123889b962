"""A data set that tensorflow-datasets has prepared, as a source: its stored bytes, unread.

The order is tensorflow-datasets' own. It shuffles by a hash when it prepares a data set,
so that any block of it is a random sample already.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alexnet_tf.data import cifar10
from alexnet_tf.data.prepare.source import Bad, Item, Part, shown
from alexnet_tf.errors import DataError, SpecError

_NAME = re.compile(r"([a-z_]\w*)(?:/([\w.+-]*\w))?(?::(\d+\.\d+\.\d+))?", re.ASCII | re.IGNORECASE)
_TEST_SPLITS = ("validation", "test")  # the first that there is; ImageNet's test has no labels


class TfdsSource:
    """The images of `tfds:NAME`, a `source.Source` of encoded bytes.

    The training part is the split "train", the test part "validation" or, without that, "test".
    Names are those of the features `file_name` or `id`, or else numbers.
    """

    def __init__(self, name: str, data_dir: Path | None) -> None:
        """Find the data set and read its description.

        Args:
            name: as tensorflow-datasets has it: imagenet2012, imagenet2012:5.1.0 or
                imagenet_resized/64x64. Of several versions the highest is taken.
            data_dir: its folder; None: `$TFDS_DATA_DIR` or ~/tensorflow_datasets.

        Raises:
            SpecError: no name of that form, or one without the configuration, of several.
            DataError: it is not prepared there, or does not say which of its features are the
                image and the label.
        """
        self._folder = _folder(name, data_dir)
        import tensorflow_datasets as tfds

        with cifar10.reading(str(self._folder)):
            builder: Any = tfds.builder_from_directory(self._folder)
            features = builder.info.features
            supervised = builder.info.supervised_keys
        self._image, self._label = _keys(self._folder, _kinds(features), supervised)
        texts = [key for key, kind in _kinds(features).items() if kind == "Text"]
        self._name = next((key for key in ("file_name", "id") if key in texts), None)
        self._builder = builder
        self._splits: dict[Part, str] = {"train": "train"}
        test = [split for split in _TEST_SPLITS if split in builder.info.splits]
        if "train" not in builder.info.splits:
            raise DataError(f"{self._folder} has no split named train")
        if test:
            self._splits["test"] = test[0]
        self.description = f"tensorflow-datasets {builder.info.full_name}"
        self.class_names = tuple(features[self._label].names)
        self.warnings: list[str] = []
        self.bad: list[Bad] = []

    def count(self, part: Part) -> int:
        """Return the number of images of a part; 0 where the data set has no such split."""
        if part not in self._splits:
            return 0
        return int(self._builder.info.splits[self._splits[part]].num_examples)

    def items(self, part: Part, start: int, stop: int) -> Iterator[Item]:
        """Yield the images `start` to `stop - 1` of a part, with the bytes as they are stored.

        Raises:
            DataError: a file is damaged or shorter than the data set's description says.
        """
        import tensorflow_datasets as tfds

        split = self._splits[part]
        number = start
        with cifar10.reading(str(self._folder)):
            dataset = self._builder.as_dataset(
                split=f"{split}[{start}:{stop}]",
                decoders={self._image: tfds.decode.SkipDecoding()},
                shuffle_files=False,
            )
            for example in dataset.as_numpy_iterator():
                name = example[self._name].decode() if self._name else f"{number:08d}"
                yield Item(f"{split}/{name}", int(example[self._label]), example[self._image])
                number += 1
        # A file that was cut between two records reads as a shorter one without an error.
        if number != min(stop, self.count(part)):
            raise DataError(
                f"{self._folder}: {split} has {number - start} of the images {start} to "
                f"{stop - 1}. Prepare it again with tensorflow-datasets."
            )

    def state(self, part: Part, start: int, stop: int) -> str:
        """Return a hash of `digest`, the part, the range and the times of all files."""
        times = [str(path.stat().st_mtime_ns) for path in self._files()]
        text = f"{self.digest()} {part} {start} {stop} {' '.join(times)}"
        return hashlib.sha256(text.encode()).hexdigest()

    def digest(self) -> str:
        """Return a hash of the names and sizes of the data set's files."""
        sizes = [f"{path.name}:{path.stat().st_size}" for path in self._files()]
        return hashlib.sha256("\n".join(sizes).encode()).hexdigest()

    def _files(self) -> list[Path]:
        return sorted(path for path in self._folder.iterdir() if "tfrecord" in path.name)


def _kinds(features: Any) -> dict[str, str]:
    """Return the name of each feature and of its class; none where there is one without a name."""
    items = features.items() if hasattr(features, "items") else ()
    return {key: type(feature).__name__ for key, feature in items}


def _keys(folder: Path, kinds: dict[str, str], supervised: Any) -> tuple[str, str]:
    """Return the features that are the image and the label.

    They are those that the data set's author names (`supervised`), or else the only ones: the
    order of features on the disk means nothing.
    """
    named = supervised if isinstance(supervised, tuple) else ()
    found = []
    for kind in ("Image", "ClassLabel"):
        keys = sorted(key for key, other in kinds.items() if other == kind)
        chosen = [key for key in keys if key in named]
        if len(chosen or keys) != 1:
            raise DataError(
                f"{folder}: an image and its label are needed, and the data set has {len(keys)} "
                f"features of kind {kind} ({', '.join(keys) or 'none'}) with supervised_keys "
                f"{supervised}. Write its images into a folder of class folders and prepare that."
            )
        found += chosen or keys
    return found[0], found[1]


def _folder(asked: str, data_dir: Path | None) -> Path:
    match = _NAME.fullmatch(asked)
    if match is None:
        raise SpecError(
            "a data set of tensorflow-datasets is tfds:NAME, tfds:NAME/CONFIG or tfds:NAME:1.0.0. "
            f"Received: tfds:{shown(asked)}"
        )
    name, config, version = match.groups()
    root = cifar10.folder(data_dir)
    place = root / name / (config or "")
    found = list(place.glob(f"{version or '*'}/dataset_info.json"))
    if not found and config is None:
        found = list(place.glob(f"*/{version or '*'}/dataset_info.json"))
        configs = sorted({path.parents[1].name for path in found})
        if len(configs) > 1:
            raise SpecError(
                f"{name} has {len(configs)} configurations in {root}: {', '.join(configs[:5])}. "
                f"Name one: tfds:{name}/{configs[0]}"
            )
    newest = cifar10.newest(path.parent for path in found)
    if newest is None:
        have = sorted({path.parents[1].name for path in root.glob("*/*/dataset_info.json")})
        raise DataError(
            f"tensorflow-datasets has prepared no '{asked}' in {root} (there: "
            f"{', '.join(have[:5]) or 'nothing'}). Prepare it with: "
            f"tfds build {asked} --data_dir {root}"
        )
    return newest
