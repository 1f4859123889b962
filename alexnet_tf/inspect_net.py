"""What a trained net has learned, beyond its errors: kernels, neighbours, halved outputs.

    python -m alexnet_tf.inspect_net runs/my_run

Leaves `inspection.json` (the numbers below) and `inspection.npz` (first-layer kernels and
the pictures of Figure 4) in the run's folder. A number that the net has no layer for is
left out.

- kernel_colour_split: difference of the towers' mean colourfulness of conv1's kernels
  (section 6.1), 0 to 1. shuffled_colour_split: the same for the same kernels dealt out to
  the towers at random, on average.
- fc7_neighbour_agreement: percent of the six training images nearest to a test image in
  the last hidden layer's activations that have its label (Figure 4), over 1,000 test
  images. pixel_neighbour_agreement: the same in raw pixels.
- norm_spread: standard deviation of a response norm's factor (k + alpha S)^-beta over 1,000
  test images, places and maps, in percent of its mean; of the norm where it is least. Near
  zero the norms are a constant.
- dropout_mean_error: percent of test images that the geometric mean of 32 nets with units
  dropped gets wrong (section 4.2), from the centre view.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf

import alexnet_tf.layers  # noqa: F401 - makes them known to Keras, which loads them by name
from alexnet_tf import files, records
from alexnet_tf.data.augment import Presenter, presenter
from alexnet_tf.data.images import DataError
from alexnet_tf.data.labelled import Source
from alexnet_tf.data.load import load
from alexnet_tf.data.split import split
from alexnet_tf.data.stream import image_batches
from alexnet_tf.evaluate import top_k_error
from alexnet_tf.layers import LocalResponseNorm
from alexnet_tf.spec import ModelSpec

NEIGHBOURS = 6  # of Figure 4
_SHOWN = 8  # test images of Figure 4
_ASKED = 1000  # test images whose neighbours are counted
_SEARCHED = 2**29  # bytes of training images at most, evenly spread over them all
_DROPPED_NETS = 32
_DEALS = 1000  # of the kernels to the towers, at random


@dataclass(frozen=True)
class _Net:
    """A trained net and the images it was trained and tested on."""

    spec: ModelSpec
    model: keras.Model
    presenter: Presenter
    source: Source
    train: np.ndarray  # indices of its training images
    test: np.ndarray  # and of those it is tested on
    turns: int  # labels that a class has
    threads: int

    def outputs(self, layer: str, part: Any, chosen: np.ndarray) -> np.ndarray:
        """Return the layer's outputs for the centre views of the images, (N, units) float32."""
        inner = keras.Model(self.model.input, self.model.get_layer(layer).output)

        @tf.function(reduce_retracing=True)
        def activations(images: Any) -> Any:
            return tf.cast(inner(self.presenter.centre(images), training=False), tf.float32)

        batches = image_batches(self.source, part, chosen, self.threads)
        return np.concatenate([np.asarray(activations(images)) for images in batches])

    def pixels(self, part: Any, chosen: np.ndarray) -> np.ndarray:
        """Return the stored images, (N, H, W, 3) uint8."""
        batches = image_batches(self.source, part, chosen, self.threads)
        return np.concatenate([np.asarray(images) for images in batches])


def inspect_net(
    run: Path, *, data_dir: Path | None = None, cache: Path | None = None, threads: int = 1
) -> dict[str, float]:
    """Measure a finished run's net, keep what was found in its folder, and return the numbers.

    Raises:
        FileNotFoundError: the run is not finished.
        DataError: the images are missing, damaged, or not those the run was trained on.
    """
    record = records.read(run / "result.json")
    experiment = record.experiment
    source = load(experiment.data.dataset, data_dir=data_dir, cache=cache)
    if record.data is not None and record.data.fingerprint != source.fingerprint():
        raise DataError(f"{run}: the run was trained on other images than those of {source.source}")
    chosen = split(source, experiment.data)
    model: Any = keras.models.load_model(run / "model.keras", compile=False, safe_mode=True)
    shown = presenter(experiment, source, chosen)
    net = _Net(
        spec=experiment.model,
        model=model,
        presenter=shown,
        source=source,
        train=chosen.train,
        test=chosen.test,
        turns=experiment.data.turns,
        threads=threads,
    )
    values, arrays = _kernels(net)
    if experiment.model.dense:
        found, pictures = _neighbours(net)
        values, arrays = values | found, arrays | pictures
    if any(conv.norm for conv in experiment.model.convs):
        values["norm_spread"] = _norm_spread(net)
    if any(dense.dropout for dense in experiment.model.dense):
        values["dropout_mean_error"] = _dropout_mean_error(net, experiment.seed)
    buffer = io.BytesIO()
    cast(Any, np.savez_compressed)(buffer, **arrays)  # its annotations mistake an array
    files.write_atomic(run / "inspection.npz", buffer.getvalue())
    kept = {"weights_sha256": record.weights_sha256, "values": values}
    text = json.dumps(kept, indent=1, sort_keys=True) + "\n"
    files.write_atomic(run / "inspection.json", text.encode())
    return values


def colourfulness(kernels: np.ndarray) -> np.ndarray:
    """Return each kernel's colourfulness, 0 (grey) to 1 (its mean over R, G, B is zero).

    The share of a kernel's energy that is left when the mean of its three channels is taken
    off: 1 - 3 |mean|^2 / |w|^2.

    Args:
        kernels: (height, width, 3, maps).
    """
    energy = (kernels**2).sum(axis=(0, 1, 2))
    grey = 3 * (kernels.mean(axis=2) ** 2).sum(axis=(0, 1))
    return 1 - grey / np.maximum(energy, np.finfo(kernels.dtype).tiny)


def colour_split(kernels: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """Return how far the towers' mean colourfulness lies apart, and by chance would.

    Args:
        kernels: (height, width, 3, maps), the towers' in halves.
        seed: of the random deals of the same kernels to two towers.
    """
    colours = colourfulness(kernels.astype(np.float64))
    deals = np.random.default_rng(seed).permuted(np.tile(colours, (_DEALS, 1)), axis=1)
    return float(_apart(colours[None])[0]), float(_apart(deals).mean())


def nearest(queries: np.ndarray, points: np.ndarray, count: int = NEIGHBOURS) -> np.ndarray:
    """Return the indices of the `count` nearest points, (Q, count), the nearest first.

    Squared Euclidean distance in float32; no image is skipped, and among equals the lower
    index comes first.

    Args:
        queries: (Q, D). points: (P, D), P at least `count`.
    """
    points, queries = points.astype(np.float32), queries.astype(np.float32)
    squares = (points**2).sum(axis=1)
    found = []
    for start in range(0, len(queries), 64):  # some at a time: fast, and little memory
        distances = squares - 2 * (queries[start : start + 64] @ points.T)
        found.append(np.argsort(distances, axis=1, kind="stable")[:, :count])
    return np.concatenate(found)


def _apart(colours: np.ndarray) -> np.ndarray:
    """Return |mean of the first half - mean of the second| of each row."""
    half = colours.shape[1] // 2
    return np.abs(colours[:, :half].mean(axis=1) - colours[:, half:].mean(axis=1))


def _kernels(net: _Net) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    kernels = np.asarray(net.model.get_layer(net.spec.names()[0]).kernel, np.float32)
    values = {}
    if net.spec.towers == 2:
        apart, by_chance = colour_split(kernels)
        values = {"kernel_colour_split": apart, "shuffled_colour_split": by_chance}
    return values, {"conv1": kernels}


def _neighbours(net: _Net) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Return the shares of neighbours with the right label, and the pictures of Figure 4."""
    source, layer = net.source, net.spec.names()[-2]
    count = min(len(net.train), _SEARCHED // (3 * source.size**2))
    train = net.train[np.linspace(0, len(net.train) - 1, count).astype(int)]
    asked = net.test[:_ASKED]
    known, wanted = source.train_labels[train], source.test_labels[asked]
    by_features = nearest(net.outputs(layer, "test", asked), net.outputs(layer, "train", train))
    asked_pixels, train_pixels = net.pixels("test", asked), net.pixels("train", train)
    by_pixels = nearest(_flat(asked_pixels), _flat(train_pixels))
    agreement = {
        name: 100 * float((known[index] == wanted[:, None]).mean())
        for name, index in (("fc7", by_features), ("pixel", by_pixels))
    }
    shown = by_features[:_SHOWN]
    logits = net.outputs(net.spec.names()[-1], "test", asked[:_SHOWN])
    values = {f"{name}_neighbour_agreement": value for name, value in agreement.items()}
    pictures = {
        "test_images": asked_pixels[:_SHOWN],
        "test_labels": wanted[:_SHOWN],
        "probabilities": np.asarray(tf.nn.softmax(logits)),
        "neighbours": train_pixels[shown],
        "neighbour_labels": known[shown],
        "class_names": np.array(source.class_names),
    }
    return values, pictures


def _norm_spread(net: _Net) -> float:
    """Return the least spread of a response norm's factor, in percent of its mean."""
    asked = net.test[:_ASKED]
    spreads = []
    for layer in net.model.layers:
        if isinstance(layer, LocalResponseNorm):
            inner: Any = keras.Model(net.model.input, layer.input)
            total, squares, count = 0.0, 0.0, 0
            for images in image_batches(net.source, "test", asked, net.threads):
                shown = inner(net.presenter.centre(images), training=False)
                factor = layer.factor(np.asarray(tf.cast(shown, tf.float32)))
                total += float(factor.sum())
                squares += float((factor**2).sum())
                count += factor.size
            mean = total / count
            spreads.append(100 * max(0.0, squares / count - mean**2) ** 0.5 / mean)
    return min(spreads)


def _dropout_mean_error(net: _Net, seed: int) -> float:
    """Return the test error of the geometric mean of nets with units dropped, in percent."""
    keras.utils.set_random_seed(seed)

    @tf.function(reduce_retracing=True)
    def mean_logits(images: Any) -> Any:
        # the softmax of mean logits is the normalised geometric mean of the softmaxes
        view = net.presenter.centre(images)
        drawn = [tf.cast(net.model(view, training=True), tf.float32) for _ in range(4)]
        return tf.add_n(drawn) / len(drawn)

    def averaged(images: Any) -> np.ndarray:
        rounds = range(_DROPPED_NETS // 4)
        return np.mean([np.asarray(mean_logits(images)) for _ in rounds], axis=0)

    batches = image_batches(net.source, "test", net.test, net.threads)
    logits = np.concatenate([averaged(images) for images in batches])
    return 100 * top_k_error(logits, net.source.test_labels[net.test] * net.turns)


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def main(argv: Sequence[str] | None = None) -> int:
    """Inspect one run; the last line printed is one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m alexnet_tf.inspect_net", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("--data-dir", type=Path, help="folder of the images, as in training")
    parser.add_argument("--cache", type=Path, help="folder for a decoded copy of the data")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(argv)
    tf.config.threading.set_intra_op_parallelism_threads(given.threads)
    tf.config.threading.set_inter_op_parallelism_threads(given.threads)
    tf.config.experimental.enable_op_determinism()
    try:
        values = inspect_net(
            given.run, data_dir=given.data_dir, cache=given.cache, threads=given.threads
        )
    except DataError as error:
        return _fail(3, error)
    except (records.RecordError, FileNotFoundError) as error:
        return _fail(2, f"{error}. Give the folder of a finished run.")
    except OSError as error:
        return _fail(4, error)
    print(json.dumps(values, sort_keys=True))
    return 0


def _fail(code: int, error: object) -> int:
    print(f"alexnet_tf.inspect_net: {error}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
