"""Halved outputs compared with the nets they stand for (section 4.2).

The paper multiplies outputs by 0.5 at test time, "a reasonable approximation to taking the
geometric mean of the predictive distributions produced by the exponentially-many dropout
networks". Here that mean is taken over drawn masks. Dropout acts in the fully-connected
layers alone, so that the convolutions see each image once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from alexnet_tf.evaluate import top_k_error
from alexnet_tf.finished_run import FinishedRun
from alexnet_tf.layers import ScaledDropout

#: Nets whose mean error is taken, and whose mean distribution.
NETS, MASKS = 32, 256
_ASKED = 1000  # test images whose distributions are compared
_NUMBERS = 2**22  # logits held at once


def mean_error(run: FinishedRun) -> float:
    """Return the percent of test images that the geometric mean of `NETS` nets gets wrong.

    Each net is the trained one with masks of its own in the fully-connected layers; images are
    seen as centre views. The class with the highest mean of the nets' logits is that of the
    geometric mean of their softmax outputs.

    Args:
        run: whose net has dropout; without it all nets are the same.

    Returns:
        0 to 100.
    """
    labels = run.source.test_labels[run.test] * run.record.experiment.data.rotations
    drawn = _Drawn(run)
    means = [drawn.logits(part, NETS).mean(axis=0) for part in drawn.parts(run.test, NETS)]
    return 100 * top_k_error(np.concatenate(means), labels)


def divergences(run: FinishedRun) -> dict[str, float]:
    """Return mean KL divergences from the geometric mean of `MASKS` nets, in 1/1000 nat.

    Of the distributions with halved outputs, with outputs as they are, of one more net with
    units dropped, and of the arithmetic mean of the nets; over 1,000 test images.

    Args:
        run: whose net has dropout.

    Returns:
        "dropout_kl_halved", "dropout_kl_unhalved", "dropout_kl_one_mask" and
        "dropout_kl_arithmetic" -> mean of KL(geometric mean || distribution) over the images.
    """
    drawn, asked = _Drawn(run), run.test[:_ASKED]
    whole = _unhalved(drawn.head)
    found: dict[str, list[np.ndarray]] = {}
    for part in drawn.parts(asked, MASKS + 1):
        logits = drawn.logits(part, MASKS + 1).astype(np.float64)
        masks = _log_softmax(logits[:-1])
        # the normalised geometric mean of softmaxes is the softmax of mean logits
        mean = _log_softmax(masks.mean(axis=0))
        for name, q in (
            ("halved", _log_softmax(np.asarray(drawn.head(part, training=False), np.float64))),
            ("unhalved", _log_softmax(np.asarray(whole(part, training=False), np.float64))),
            ("one_mask", _log_softmax(logits[-1])),
            # the sum of probabilities that are all 0 in float64 still has a logarithm
            ("arithmetic", np.logaddexp.reduce(masks, axis=0) - np.log(len(masks))),
        ):
            found.setdefault(f"dropout_kl_{name}", []).append(divergence(mean, q))
    return {name: 1000 * float(np.concatenate(of_parts).mean()) for name, of_parts in found.items()}


def divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return KL(p || q) of each image in nats, from (images, classes) logarithms.

    >>> p, q = np.log([[0.5, 0.5]]), np.log([[0.25, 0.75]])
    >>> divergence(p, q).round(4)
    array([0.1438])
    """
    return (np.exp(p) * (p - q)).sum(axis=1)


class _Drawn:
    """The fully-connected part of a run's net, whose units are dropped anew at every call."""

    def __init__(self, run: FinishedRun):
        self.run = run
        self.first = run.model.get_layer(run.spec.names()[len(run.spec.convs)])
        self.head: Any = keras.Model(self.first.input, run.model.output)
        self.once = tf.function(self._once, autograph=False, reduce_retracing=True)
        keras.utils.set_random_seed(run.record.experiment.seed)

    def parts(self, chosen: np.ndarray, count: int) -> Iterator[np.ndarray]:
        """Yield what the first layer sees of the test images, few enough for `count` nets."""
        most = max(1, _NUMBERS // (count * self.run.spec.classes))
        waiting: list[np.ndarray] = []
        for batch in self.run.batches(self.first.input, "test", chosen):
            waiting.append(batch)
            if sum(map(len, waiting)) >= most:
                yield np.concatenate(waiting)
                waiting = []
        if waiting:
            yield np.concatenate(waiting)

    def logits(self, part: np.ndarray, count: int) -> np.ndarray:
        """Return the logits of `count` nets, (count, images, classes) float32."""
        return np.stack([np.asarray(self.once(part)) for _ in range(count)])

    def _once(self, part: Any) -> Any:
        return tf.cast(self.head(part, training=True), tf.float32)


def _unhalved(head: Any) -> Any:
    """Return the net with outputs handed on whole at test time."""

    def whole(layer: Any) -> Any:
        if isinstance(layer, ScaledDropout):
            return ScaledDropout(0.0, name=layer.name, dtype=layer.dtype_policy)
        return layer

    return keras.models.clone_model(head, clone_function=whole)


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
