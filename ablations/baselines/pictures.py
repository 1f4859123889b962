"""The images of a part of the data in batches, from memory or from shards on disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from alexnet_tf.data.images import Images, Part
from alexnet_tf.data.labelled import Source

#: Images from which components and dictionaries are learned, at most.
SOME = 2000
_BATCH = 1 << 20  # pixels of a batch


@dataclass(frozen=True)
class Pictures:
    """Images of one part: `indices` (images,) into its labels."""

    source: Source
    part: Part
    indices: np.ndarray

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def labels(self) -> np.ndarray:
        """Classes of the images, (images,) int64."""
        of_part = self.source.train_labels if self.part == "train" else self.source.test_labels
        return of_part[self.indices]

    def some(self, draw: np.random.Generator) -> Pictures:
        """Return `SOME` of the images at random, in their order, or all where there are fewer."""
        chosen = draw.choice(len(self), min(SOME, len(self)), replace=False)
        return Pictures(self.source, self.part, self.indices[np.sort(chosen)])

    def batches(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (place of its first image, (images, side, side, 3) uint8) batch after batch."""
        step = max(1, _BATCH // self.source.size**2)
        if isinstance(self.source, Images):
            held = self.source.train_images if self.part == "train" else self.source.test_images
            for first in range(0, len(self), step):
                yield first, held[self.indices[first : first + step]]
            return
        read = self.source.reader(self.part)
        for first in range(0, len(self), step):
            yield first, read(self.indices[first : first + step]).numpy()


def reduced(images: np.ndarray, largest: int) -> np.ndarray:
    """Return images (n, side, side, 3) as float32, sides over `largest` reduced by whole factors.

    A pixel is the mean of the square it stands for; what does not fill one is left out at the end.

    Args:
        images: uint8.
        largest: pixels; a side of 256 and 64 give squares of 4 x 4.
    """
    count, side = images.shape[:2]
    factor = -(-side // largest)
    kept = side // factor
    cut = images[:, : kept * factor, : kept * factor].astype(np.float32)
    if factor == 1:
        return cut
    return cut.reshape(count, kept, factor, kept, factor, 3).mean(axis=(2, 4))
