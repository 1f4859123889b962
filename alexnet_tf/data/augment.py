"""Crops, reflections and colours (section 4.1): from stored images to network inputs.

Every draw is a function of (seed, epoch, batch number), so that a resumed run sees what
the uninterrupted one would have seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from alexnet_tf.data.colour import jitter_axes
from alexnet_tf.data.labelled import Source
from alexnet_tf.data.scaling import Normaliser, normaliser
from alexnet_tf.data.split import Split
from alexnet_tf.spec import DataSpec, Experiment

_random: Any = tf.random  # its annotations lack `experimental`
_DRAWS = 0x41  # keeps the draws here apart from those of the order and the weights


@dataclass(frozen=True)
class InputPipeline:
    """Turns batches of stored images into inputs of a net with `crop` x `crop` pixels.

    `axes`, (3, 3) float32, are the rows that the jitter's draws multiply; None: no jitter.
    `spec` has the augmentation and the crop of the mean image, `scaling` the mean itself.
    `crop` is at most `size`.
    """

    spec: DataSpec
    size: int  # height and width of the stored images
    crop: int
    scaling: Normaliser
    axes: np.ndarray | None = None

    def training(self, images: Any, seed: int, epoch: Any, batch: Any) -> Any:
        """Return the inputs of a batch: cropped, reflected, jittered, scaled (section 4.1).

        Args:
            images: (B, size, size, 3) uint8.
            seed: of the run; with `epoch` and `batch` it decides every draw.
            epoch: 0 for the first; an int or a scalar tensor.
            batch: its number in the epoch, from 0; an int or a scalar tensor.

        Returns:
            (B, crop, crop, 3) float32.
        """
        augment = self.spec.augment
        if self.size == self.crop and not augment.flip and augment.jitter is None:
            return self._scaled(tf.cast(images, tf.float32))
        key, count = _key(seed, epoch, batch), tf.shape(images)[0]
        rows, columns = self._random_windows(count, key)
        pixels = _windows(tf.cast(images, tf.float32), rows, columns)
        pixels += self._colour(count, key, epoch)[:, None, None, :]
        inputs = self._scaled(pixels, rows, columns)
        return inputs / self._divisor(epoch)

    def colours(self, count: Any, seed: int, epoch: Any, batch: Any) -> Any:
        """Return what `training` adds to the pixels of each image: (count, 3), of 0 to 255.

        Zeros without jitter, and after the epochs in which there is jitter.

        Args:
            count: number of images of the batch, an int or a scalar tensor.
            seed: of the run.
            epoch: 0 for the first.
            batch: its number in the epoch, from 0.
        """
        return self._colour(count, _key(seed, epoch, batch), epoch)

    def centre(self, images: Any) -> Any:
        """Return the centre of each image, scaled, as at test time: (B, crop, crop, 3) float32.

        Args:
            images: (B, size, size, 3) uint8. Of an odd margin the larger half is right and below.
        """
        start = (self.size - self.crop) // 2
        return self._view(images, start, start, flipped=False)

    def views(self, images: Any, count: int) -> Iterator[Any]:
        """Yield the centre alone, or the ten views: corners, centre, and their reflections.

        Section 4.1; convdata_jpeg.py has the same places. Views are scaled and never jittered.

        Args:
            images: (B, size, size, 3) uint8.
            count: 1 for the centre, 10 for all.

        Yields:
            (B, crop, crop, 3) float32, in the order of `ten_places`.
        """
        if count == 1:
            yield self.centre(images)
            return
        for y, x, flipped in ten_places(self.size, self.crop):
            yield self._view(images, y, x, flipped=flipped)

    def _view(self, images: Any, y: int, x: int, *, flipped: bool) -> Any:
        rows, columns = (np.arange(start, start + self.crop)[None] for start in (y, x))
        columns = columns[:, ::-1] if flipped else columns
        part = tf.cast(images[:, y : y + self.crop, x : x + self.crop], tf.float32)
        return self._scaled(part[:, :, ::-1] if flipped else part, rows, columns)

    def _random_windows(self, count: Any, key: Any) -> tuple[Any, Any]:
        """Return the rows and the columns that each image shows, (count, crop) each."""
        augment = self.spec.augment
        shared = augment.shared_by
        keys = _random.experimental.stateless_split(key, 2)
        draws = (count + shared - 1) // shared
        if augment.crop == "random":
            places = self.size - self.crop + 1
            starts = _integers([draws, 2], keys[0], min(augment.positions or places, places))
        else:
            starts = tf.fill([draws, 2], (self.size - self.crop) // 2)
        starts = tf.repeat(starts, shared, axis=0)[:count]
        steps = tf.range(self.crop)[None]
        rows, columns = starts[:, :1] + steps, starts[:, 1:] + steps
        if augment.flip:
            coins = tf.repeat(_integers([draws, 1], keys[1], 2), shared, axis=0)[:count]
            columns = tf.where(coins == 1, tf.reverse(columns, [1]), columns)
        return rows, columns

    def _colour(self, count: Any, key: Any, epoch: Any) -> Any:
        """Return the colour added to each image, (count, 3), in units of 0 to 255."""
        jitter = self.spec.augment.jitter
        if jitter is None or self.axes is None:
            return tf.zeros([count, 3])
        draws = tf.random.stateless_normal([count, 3], key, stddev=jitter.sigma, alg="philox")
        colours = tf.matmul(draws, self.axes)
        return tf.where(self._jitters(epoch), colours, tf.zeros_like(colours))

    def _divisor(self, epoch: Any) -> Any:
        jitter = self.spec.augment.jitter
        if jitter is None or jitter.divide == 1:
            return 1.0
        return tf.where(self._jitters(epoch), jitter.divide, 1.0)

    def _jitters(self, epoch: Any) -> Any:
        jitter = self.spec.augment.jitter
        last = None if jitter is None else jitter.epochs
        return tf.constant(True) if last is None else tf.cast(epoch, tf.int32) < last

    def _scaled(self, pixels: Any, rows: Any = None, columns: Any = None) -> Any:
        offset = self.scaling.offset
        if rows is not None and offset.shape[0] > 1:
            if self.spec.mean_crop == "centre":
                start = (self.size - self.crop) // 2
                # the 2012 code reflects the image, and subtracts the mean unreflected
                offset = offset[start : start + self.crop, start : start + self.crop]
            else:
                offset = tf.gather(tf.gather(offset, rows), columns, axis=2, batch_dims=1)
        return (pixels - offset) * self.scaling.scale


def input_pipeline(experiment: Experiment, source: Source, chosen: Split) -> InputPipeline:
    """Return what turns stored images into this experiment's inputs.

    Args:
        experiment: its data and `model.input_size`.
        source: the images.
        chosen: its training images are those whose mean, spread and colours are measured.
    """
    data = experiment.data
    jitter, axes = data.augment.jitter, None
    if jitter is not None:
        axes = jitter_axes(*source.colours_of(chosen.train), jitter.scale)
    return InputPipeline(
        spec=data,
        size=source.size,
        crop=experiment.model.input_size,
        scaling=normaliser(source, chosen, data),
        axes=axes,
    )


#: Which of the ten views is the centre, unreflected.
CENTRE = 4


def ten_places(size: int, crop: int) -> tuple[tuple[int, int, bool], ...]:
    """Return (top, left, reflected) of the ten views: corners and centre, then mirrored.

    Args:
        size: height and width of the images in pixels.
        crop: height and width of a view, at most `size`.

    >>> ten_places(256, 224)[:5]
    ((0, 0, False), (0, 32, False), (32, 0, False), (32, 32, False), (16, 16, False))
    """
    far, middle = size - crop, (size - crop) // 2
    places = ((0, 0), (0, far), (far, 0), (far, far), (middle, middle))
    return tuple((y, x, flipped) for flipped in (False, True) for y, x in places)


def _key(seed: int, epoch: Any, batch: Any) -> Any:
    """Return the key of a batch's draws."""
    key = tf.constant([seed, _DRAWS], tf.int32)
    for number in (epoch, batch):
        key = _random.experimental.stateless_fold_in(key, tf.cast(number, tf.int32))
    return key


def _integers(shape: Any, key: Any, below: int) -> Any:
    return tf.random.stateless_uniform(shape, key, 0, below, tf.int32, alg="philox")


def _windows(images: Any, rows: Any, columns: Any) -> Any:
    """Return the pixels at each image's own rows and columns."""
    return tf.gather(tf.gather(images, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)
