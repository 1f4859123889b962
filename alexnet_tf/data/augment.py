"""Crops, reflections and colours (section 4.1): from stored images to network inputs.

Every draw is a function of (seed, epoch, batch number), so that a resumed run sees what
the uninterrupted one would have seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from alexnet_tf.data.colour import jitter_axes
from alexnet_tf.data.labelled import Source
from alexnet_tf.data.scaling import Normaliser, normaliser
from alexnet_tf.data.split import Split
from alexnet_tf.data.windows import cropped, ten_places
from alexnet_tf.spec import DataSpec, Experiment

_random: Any = tf.random  # its annotations lack `experimental`
_DRAWS = 0x41  # keeps the draws here apart from those of the order and the weights


class Shown(NamedTuple):
    """What the images of a batch show, before it is scaled."""

    pixels: Any  # (B, crop, crop, 3) uint8
    starts: Any  # (B, 2) int32, top and left of the window
    reflected: Any  # (B,) bool
    colours: Any  # (B, 3) float32, of 0 to 255, added to every pixel
    divisor: Any  # (B,) float32, of the scaled input


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
        return self.inputs(self.shown(images, seed, epoch, batch))

    def shown(self, images: Any, seed: int, epoch: Any, batch: Any) -> Shown:
        """Return the first half of `training`: what each image shows, still in bytes.

        It is a quarter of the memory of inputs. `inputs` does the rest, on the device that trains.

        Args:
            images: as of `training`, and so are seed, epoch and batch.
        """
        key, count = _key(seed, epoch, batch), tf.shape(images)[0]
        starts, reflected = self._random_places(count, key)
        pixels = images if self._whole else cropped(images, starts, reflected, self.crop)
        colours, divisor = self._colour(count, key, epoch), self._divisor(epoch)
        return Shown(pixels, starts, reflected, colours, tf.fill([count], divisor))

    def inputs(self, shown: Shown) -> Any:
        """Return the second half of `training`: jittered and scaled, (B, crop, crop, 3) float32.

        Args:
            shown: of `shown`.
        """
        jitter, pixels = self.spec.augment.jitter, tf.cast(shown.pixels, tf.float32)
        if jitter is not None:
            pixels += shown.colours[:, None, None, :]
        scaled = self._scaled(pixels, self._mean_at(shown.starts, shown.reflected))
        if jitter is None or jitter.divide == 1:
            return scaled
        return scaled / shown.divisor[:, None, None, None]

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
        place = (slice(y, y + self.crop), slice(x, x + self.crop))
        part = tf.cast(images[:, place[0], place[1]], tf.float32)
        offset = self._centre_mean()
        if offset is None:
            offset = self.scaling.offset[place][:, :: -1 if flipped else 1]
        return self._scaled(part[:, :, ::-1] if flipped else part, offset)

    def _random_places(self, count: Any, key: Any) -> tuple[Any, Any]:
        """Return the top and left of what each image shows, (count, 2), and whether reflected."""
        augment = self.spec.augment
        shared = augment.shared_by
        keys = _random.experimental.stateless_split(key, 2)
        draws = (count + shared - 1) // shared
        if augment.crop == "random":
            places = self.size - self.crop + 1
            starts = _integers([draws, 2], keys[0], min(augment.positions or places, places))
        else:
            starts = tf.fill([draws, 2], (self.size - self.crop) // 2)
        coins = (
            _integers([draws, 1], keys[1], 2) if augment.flip else tf.zeros([draws, 1], tf.int32)
        )
        starts, coins = (tf.repeat(drawn, shared, axis=0)[:count] for drawn in (starts, coins))
        return starts, coins[:, 0] == 1

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

    def _scaled(self, pixels: Any, offset: Any) -> Any:
        return (pixels - offset) * self.scaling.scale

    def _centre_mean(self) -> np.ndarray | None:
        """Return what is subtracted wherever an image is cropped; None: it depends on the place."""
        offset, start = self.scaling.offset, (self.size - self.crop) // 2
        if offset.shape[0] == 1:
            return offset
        if self.spec.mean_crop == "centre":
            # the 2012 code reflects the image, and subtracts the mean unreflected
            return offset[start : start + self.crop, start : start + self.crop]
        return None

    @property
    def _whole(self) -> bool:
        """Whether training shows every image as it is stored."""
        return self.size == self.crop and not self.spec.augment.flip

    def _mean_at(self, starts: Any, reflected: Any) -> Any:
        offset = self.scaling.offset if self._whole else self._centre_mean()
        if offset is not None:
            return offset
        return cropped(tf.constant(self.scaling.offset), starts, reflected, self.crop)


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


def _key(seed: int, epoch: Any, batch: Any) -> Any:
    """Return the key of a batch's draws."""
    key = tf.constant([seed, _DRAWS], tf.int32)
    for number in (epoch, batch):
        key = _random.experimental.stateless_fold_in(key, tf.cast(number, tf.int32))
    return key


def _integers(shape: Any, key: Any, below: int) -> Any:
    return tf.random.stateless_uniform(shape, key, 0, below, tf.int32, alg="philox")
