"""A data set that tensorflow-datasets has prepared, as a source: its stored bytes, unread.

The order is tensorflow-datasets' own. It shuffles by a hash when it prepares a data set,
so that any block of it is a random sample already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alexnet_tf.data import cifar10
from alexnet_tf.data.prepare.source import Bad, Item, Part
from alexnet_tf.errors import DataError

_TEST_SPLITS = ("validation", "test")  # the first that there is; ImageNet's test has no labels


class TfdsSource:
    """The images of `tfds:NAME`, a `source.Source` of encoded bytes.

    The training part is the split "train", the test part "validation" or, without that, "test".
    Names are those of the features `file_name` or `id`, or else numbers.
    """

    def __init__(self, name: str, data_dir: Path | None) -> None:
        """Find the data set and read its description.

        Args:
            name: as tensorflow-datasets has it, such as imagenet2012; of several versions or
                configurations the highest is taken.
            data_dir: its folder; None: `$TFDS_DATA_DIR` or ~/tensorflow_datasets.

        Raises:
            DataError: it is not prepared there, or has no images with labels.
        """
        self._folder = _folder(name, data_dir)
        import tensorflow_datasets as tfds

        with cifar10.reading(str(self._folder)):
            builder: Any = tfds.builder_from_directory(self._folder)
            features = builder.info.features
        try:
            kinds = {key: type(feature).__name__ for key, feature in features.items()}
            self._image = next(key for key, kind in kinds.items() if kind == "Image")
            self._label = next(key for key, kind in kinds.items() if kind == "ClassLabel")
        except (StopIteration, AttributeError):
            raise DataError(f"{self._folder} has no images with one label each") from None
        self._name = next((key for key in ("file_name", "id") if key in features), None)
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


def _folder(name: str, data_dir: Path | None) -> Path:
    root = cifar10.folder(data_dir)
    found = [path.parent for path in (root / name).glob("**/dataset_info.json")]
    if not found:
        have = sorted({path.parents[1].name for path in root.glob("*/*/dataset_info.json")})
        raise DataError(
            f"tensorflow-datasets has prepared no '{name}' in {root} (there: "
            f"{', '.join(have[:5]) or 'nothing'}). Prepare it with: "
            f"tfds build {name} --data_dir {root}"
        )
    return max(found, key=cifar10.version)
