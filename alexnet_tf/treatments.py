"""Treatments of a net in its training: norms, dropout, crops and colours as measured.

An arm of an ablation is what it is called only if these say so.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import tensorflow as tf

from alexnet_tf.data.stream import image_batches
from alexnet_tf.finished_run import FinishedRun
from alexnet_tf.layers import LocalResponseNorm, ScaledDropout

_ASKED = 1000  # images looked at
_ROUNDING = 1e-3  # a grey level of standardised pixels is 0.016


def norm_spread(run: FinishedRun) -> dict[str, float]:
    """Return the least spread of a response norm's factor, in percent of its mean.

    The standard deviation of (k + alpha S)^-beta over 1,000 test images, places and maps, of
    the norm where it is least: near zero the norms are a constant.

    Args:
        run: whose norms are across maps (section 3.3); norms over pixels are not looked at.

    Returns:
        "norm_spread" -> percent; empty without norms.
    """
    spreads = []
    for layer in run.model.layers:
        if isinstance(layer, LocalResponseNorm):
            total, squares, count = 0.0, 0.0, 0
            for maps in run.batches(layer.input, "test", run.test[:_ASKED]):
                factor = layer.factor(maps)
                total, squares = total + factor.sum(), squares + (factor**2).sum()
                count += factor.size
            mean = total / count
            # NumPy's maximum and least, as NaN is neither above nor below a number for Python's
            deviation = np.maximum(0.0, squares / count - mean**2) ** 0.5
            spreads.append(100 * float(deviation) / float(mean))
    return {"norm_spread": float(np.min(spreads))} if spreads else {}


def units_kept(run: FinishedRun) -> dict[str, float]:
    """Return the percent of hidden outputs that dropout passes in training, of its layers.

    Returns:
        "units_kept" -> percent, measured on 1,000 masks of each layer, of the layer where it is
        least; about 50 for section 4.2, 100 where nothing is dropped.
    """
    kept = [100.0]
    for layer in run.model.layers:
        if isinstance(layer, ScaledDropout) and layer.rate > 0:
            inputs: Any = layer.input
            ones = tf.ones((_ASKED, inputs.shape[-1]))
            kept.append(100 * float(np.mean(np.asarray(layer(ones, training=True)) != 0)))
    return {"units_kept": min(kept)}


def augmentation(run: FinishedRun) -> dict[str, float]:
    """Return how far the training images are moved and coloured, over 1,000 of them.

    Args:
        run: its images are cropped, reflected and coloured with draws of its first epoch.

    Returns:
        "views_moved" -> percent shown as another crop than the centre, or reflected.
        "colour_shift" -> root mean square of what the jitter adds to a channel, in grey levels
        of 0 to 255.
    """
    shown, seed = run.input_pipeline, run.record.experiment.seed
    augment = dataclasses.replace(shown.spec.augment, jitter=None)
    plain = dataclasses.replace(shown, spec=dataclasses.replace(shown.spec, augment=augment))
    moved, colours = list[np.ndarray](), list[np.ndarray]()
    batches = image_batches(run.source, "train", run.train[:_ASKED], run.threads)
    for batch, images in enumerate(batches):
        centre, given = plain.centre(images), plain.training(images, seed, 0, batch)
        moved.append(np.asarray(tf.reduce_any(abs(centre - given) > _ROUNDING, axis=(1, 2, 3))))
        colours.append(np.asarray(shown.colours(tf.shape(images)[0], seed, 0, batch)))
    return {
        "views_moved": 100 * float(np.concatenate(moved).mean()),
        "colour_shift": float(np.sqrt((np.concatenate(colours) ** 2).mean())),
    }


def all_of(run: FinishedRun) -> dict[str, Any]:
    """Return every number of this module, by name: `norm_spread`, `units_kept`, `augmentation`."""
    return norm_spread(run) | units_kept(run) | augmentation(run)
