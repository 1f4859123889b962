"""Properties of a trained net beyond its errors: kernels, neighbours, halved outputs, treatments.

    python -m alexnet_tf.inspect_net runs/my_run

Leaves `inspection.json` (the numbers below) and `inspection.npz` (first-layer kernels and
the pictures of Figure 4) in the run's folder. A number that the net has no layer for is
left out; `--only` measures some parts and keeps what is there of the others.

features:
- kernel_colour_split: difference of the towers' mean colourfulness of conv1's kernels
  (section 6.1), 0 to 1. shuffled_colour_split: the same for the same kernels dealt out to
  the towers at random, on average. colour_split_chance: percent of the deals in which it is
  as large.
- fc7_neighbour_agreement: percent of the six training images nearest to a test image in
  the last hidden layer's activations that have its label (Figure 4), over 1,000 test
  images. pixel_neighbour_agreement: the same in raw pixels. fc7_neighbour_pixel_rank:
  percent of the training images that are nearer in pixels than such a neighbour.

dropout:
- dropout_mean_error: percent of test images that the geometric mean of 32 nets with units
  dropped gets wrong (section 4.2), from the centre view.
- dropout_kl_halved, _unhalved, _one_mask, _arithmetic: mean Kullback-Leibler divergence, in
  1/1000 nat, of these distributions from the geometric mean of 256 nets, over 1,000 test images.

treatments:
- norm_spread: standard deviation of a response norm's factor (k + alpha S)^-beta over 1,000
  test images, places and maps, in percent of its mean; of the norm where it is least. Near
  zero the norms are a constant.
- units_kept: percent of hidden outputs that dropout passes in training.
- views_moved: percent of 1,000 training images shown as another crop than their centre, or
  reflected. colour_shift: root mean square of what colour jitter adds to a channel of them,
  in grey levels.
"""

from __future__ import annotations

import io
import json
import math
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
import tensorflow as tf

from alexnet_tf import arithmetic, dropped_nets, files, records, sealed, treatments
from alexnet_tf.command_line import Parser, side_by_side
from alexnet_tf.environment import plain_keras
from alexnet_tf.errors import OutputError, exit_code
from alexnet_tf.features import colour_split, nearest, pixel_ranks
from alexnet_tf.finished_run import FinishedRun, open_run

#: What can be measured apart from the rest.
Part = Literal["features", "dropout", "treatments"]
PARTS: tuple[Part, ...] = get_args(Part)

_SHOWN = 8  # test images of Figure 4
_ASKED = 1000  # test images whose neighbours are counted
_TOO_LARGE = "The net's outputs are too large to be compared."
_SEARCHED = 2**29  # bytes of training images at most, evenly spread over them all


@plain_keras()
def inspect_net(
    run: Path,
    *,
    only: Collection[Part] = PARTS,
    data_dir: Path | None = None,
    cache: Path | None = None,
    threads: int = 1,
) -> dict[str, float]:
    """Measure a finished run's net, keep what was found in its folder, and return the numbers.

    Args:
        run: folder of the run.
        only: the parts to measure; what was found of the others before is kept, if the weights
            are the same.
        data_dir: where the data set lies (`finished_run.open_run`).
        cache: folder of decoded copies; None: none.
        threads: how many read images side by side.

    Returns:
        Name -> number, those of the list at the top of this module.

    Raises:
        SpecError: the run is not finished.
        DataError: there is no net, as after a run that diverged.
        OutputError: an output or a number is not finite; the others are kept.
        DataError: the images are missing, damaged, or not those the run was trained on.
        LockedError: another process works in the folder.
    """
    records.of_run(run)  # no lock where there is no run
    with files.lock(run):
        net = open_run(run, data_dir=data_dir, cache=cache, threads=threads)
        return _measure(run, net, only)


def _measure(run: Path, net: FinishedRun, only: Collection[Part]) -> dict[str, float]:
    """Measure parts of a net and keep what was found."""
    values = _kept(run, net)
    if "features" in only:
        found, arrays = _kernels(net)
        if net.spec.dense:
            numbers, pictures = _neighbours(net)
            found, arrays = found | numbers, arrays | pictures
        values |= found
        buffer = io.BytesIO()
        cast(Any, np.savez_compressed)(buffer, **arrays)  # its annotations mistake an array
        files.write_atomic(run / "inspection.npz", buffer.getvalue())
    if "dropout" in only and any(dense.dropout for dense in net.spec.dense):
        values["dropout_mean_error"] = dropped_nets.mean_error(net)
        values |= dropped_nets.divergences(net)
    if "treatments" in only:
        values |= treatments.all_of(net)
    lost = [name for name, value in values.items() if not math.isfinite(value)]
    finite = {name: value for name, value in values.items() if name not in lost}
    kept = {"weights_sha256": net.record.weights_sha256, "values": finite}
    files.write_atomic(run / "inspection.json", sealed.dumps(kept).encode())
    if lost:
        raise OutputError(f"{run}: {', '.join(lost)}: not finite, and left out. {_TOO_LARGE}")
    return values


def _kept(run: Path, net: FinishedRun) -> dict[str, float]:
    """Return what an earlier inspection found of the same weights."""
    try:
        held = sealed.loads((run / "inspection.json").read_text(encoding="utf-8"))
        same = held["weights_sha256"] == net.record.weights_sha256
        values = {name: float(value) for name, value in held["values"].items()} if same else {}
        return {name: value for name, value in values.items() if math.isfinite(value)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _kernels(net: FinishedRun) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    kernels = np.asarray(net.model.get_layer(net.spec.names()[0]).kernel, np.float32)
    values: dict[str, float] = {}
    if net.spec.towers == 2:
        names = ("kernel_colour_split", "shuffled_colour_split", "colour_split_chance")
        values.update(zip(names, colour_split(kernels), strict=True))
    return values, {"conv1": kernels}


def _neighbours(net: FinishedRun) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Return the shares of neighbours with the right label, and the pictures of Figure 4."""
    source, layer = net.source, net.spec.names()[-2]
    count = min(len(net.train), _SEARCHED // (3 * source.size**2))
    train = net.train[np.linspace(0, len(net.train) - 1, count).astype(int)]
    asked = net.test[:_ASKED]
    known, wanted = source.train_labels[train], source.test_labels[asked]
    by_features = nearest(net.outputs(layer, "test", asked), net.outputs(layer, "train", train))
    asked_pixels, train_pixels = net.pixels("test", asked), net.pixels("train", train)
    by_pixels = nearest(_flat(asked_pixels), _flat(train_pixels))
    ranks = pixel_ranks(_flat(asked_pixels), _flat(train_pixels), by_features)
    agreement = {
        name: 100 * float((known[index] == wanted[:, None]).mean())
        for name, index in (("fc7", by_features), ("pixel", by_pixels))
    }
    shown = by_features[:_SHOWN]
    logits = net.outputs(net.spec.names()[-1], "test", asked[:_SHOWN])
    values = {f"{name}_neighbour_agreement": value for name, value in agreement.items()}
    values["fc7_neighbour_pixel_rank"] = 100 * float(ranks.mean())
    pictures = {
        "test_images": asked_pixels[:_SHOWN],
        "test_labels": wanted[:_SHOWN],
        "probabilities": np.asarray(tf.nn.softmax(logits)),
        "neighbours": train_pixels[shown],
        "neighbour_labels": known[shown],
        "class_names": np.array(source.class_names),
    }
    return values, pictures


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def main(argv: Sequence[str] | None = None) -> int:
    """Inspect one run; return 0, or the code of an error.

    The last line printed is one JSON object, with all numbers that are kept for the run.

    Args:
        argv: the arguments; None: those of the process.
    """
    return exit_code("alexnet_tf.inspect_net", lambda: _inspect(argv))


def _inspect(argv: Sequence[str] | None) -> int:
    parser = Parser("alexnet_tf.inspect_net", __doc__)
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART")
    parser.add_argument("--data-dir", type=Path, help="folder of the images, as in training")
    parser.add_argument("--cache", type=Path, help="folder for a decoded copy of the data")
    parser.add_argument("--threads", type=int, default=1, help="threads (default 1)")
    given = parser.parse(argv)
    threads = side_by_side("--threads", given.threads)
    arithmetic.pin(threads=threads)
    values = inspect_net(
        given.run,
        only=given.only,
        data_dir=given.data_dir,
        cache=given.cache,
        threads=threads,
    )
    print(json.dumps(values, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
