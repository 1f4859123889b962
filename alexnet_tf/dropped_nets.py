"""Halved outputs held against the nets they stand for (section 4.2).

The paper multiplies outputs by 0.5 at test time, "a reasonable approximation to taking the
geometric mean of the predictive distributions produced by the exponentially-many dropout
networks". Here that mean is taken over drawn masks. Dropout acts in the fully-connected
layers alone, so that the convolutions see each image once.
"""

from __future__ import annotations

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
_AT_ONCE = 2000


def mean_error(run: FinishedRun) -> float:
    """Return the percent of test images that the geometric mean of `NETS` nets gets wrong."""
    labels = run.source.test_labels[run.test] * run.record.experiment.data.turns
    features, head = _head(run, run.test)
    keras.utils.set_random_seed(run.record.experiment.seed)
    drawn = _logits(head, NETS)
    logits = np.concatenate([drawn(part).mean(axis=0) for part in _parts(features)])
    return 100 * top_k_error(logits, labels)


def divergences(run: FinishedRun) -> dict[str, float]:
    """Return mean KL divergences from the geometric mean of `MASKS` nets, in 1/1000 nat.

    Of the distributions with halved outputs, with outputs as they are, of one more net with
    units dropped, and of the arithmetic mean of the nets; over 1,000 test images.
    """
    features, head = _head(run, run.test[:_ASKED])
    keras.utils.set_random_seed(run.record.experiment.seed)
    halved = np.asarray(head(features, training=False), np.float64)
    whole = np.asarray(_unhalved(head)(features, training=False), np.float64)
    drawn = np.concatenate([_logits(head, MASKS + 1)(p) for p in _parts(features)], axis=1)
    masks, one_more = _log_softmax(drawn[:-1].astype(np.float64)), drawn[-1].astype(np.float64)
    # the normalised geometric mean of softmaxes is the softmax of mean logits
    mean = _log_softmax(masks.mean(axis=0))
    return {
        "dropout_kl_halved": divergence(mean, _log_softmax(halved)),
        "dropout_kl_unhalved": divergence(mean, _log_softmax(whole)),
        "dropout_kl_one_mask": divergence(mean, _log_softmax(one_more)),
        "dropout_kl_arithmetic": divergence(mean, np.log(np.exp(masks).mean(axis=0))),
    }


def divergence(p: np.ndarray, q: np.ndarray) -> float:
    """Return the mean over images of KL(p || q) in 1/1000 nat, of (images, classes) logarithms."""
    return 1000 * float((np.exp(p) * (p - q)).sum(axis=1).mean())


def _head(run: FinishedRun, chosen: np.ndarray) -> tuple[np.ndarray, Any]:
    """Return what the first fully-connected layer sees of the images, and the net from there."""
    first = run.model.get_layer(run.spec.names()[len(run.spec.convs)])
    head = keras.Model(first.input, run.model.output)
    return run.tensor(first.input, "test", chosen), head


def _logits(head: Any, count: int) -> Any:
    """Return a function from features to the logits of `count` nets, (count, N, classes)."""

    @tf.function(reduce_retracing=True)
    def once(part: Any) -> Any:
        return tf.cast(head(part, training=True), tf.float32)

    return lambda part: np.stack([np.asarray(once(part)) for _ in range(count)])


def _parts(features: np.ndarray) -> list[np.ndarray]:
    return [features[start : start + _AT_ONCE] for start in range(0, len(features), _AT_ONCE)]


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
