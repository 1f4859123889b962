"""One maker for each kind of file that the program reads back (`damaged.Kind`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fake_runs
import keras
import numpy as np
import tiny
from damaged import NOTHING, Kind
from made_shards import make

from ablations.execution import speeds, store
from ablations.execution.training import Machine
from ablations.plan import PlannedRun, Request, saved
from alexnet_tf import arrays, build_alexnet, records, sealed
from alexnet_tf.data import load as loading
from alexnet_tf.data.shard_format import shard_files
from alexnet_tf.data.shards import open_shards
from alexnet_tf.spec import to_json
from alexnet_tf.train import checkpoint
from alexnet_tf.train.run import _claim
from alexnet_tf.trained_net import trained_net

EXPERIMENT = tiny.experiment()


def equal(one: Any, two: Any) -> bool:
    """Compare arrays, or sequences of them, by every byte."""
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(equal(one[name], two[name]) for name in one)
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(equal, one, two))
    if isinstance(one, np.ndarray):
        return one.dtype == two.dtype and one.shape == two.shape and one.tobytes() == two.tobytes()
    return one == two


def or_nothing(value: Any) -> Any:
    return NOTHING if value is None else value


def state(folder: Path) -> Kind:
    """Two states of a net; a damaged newer one gives the older, which is where training was."""
    model = build_alexnet(EXPERIMENT)
    compiled: Any = model
    compiled.compile(optimizer=keras.optimizers.SGD(0.1, momentum=0.9), loss="mse")
    model.optimizer.build(model.trainable_variables)
    checkpoint.save(folder, 1, model, {"curve": [0.25]})
    older = (folder / "epoch_00001.state").read_bytes()
    checkpoint.save(folder, 2, model, {"curve": [0.25, 0.125]})

    def read() -> Any:
        header = checkpoint.restore(folder, model)
        values = [np.asarray(variable) for _, variable in checkpoint.variables(model)]
        if header is None or header["epoch"] == 1:
            sound = header is not None and header["curve"] == [0.25]
            return NOTHING if sound and (folder / "epoch_00001.state").read_bytes() == older else 1
        return header, values

    also = (folder / "epoch_00001.state",)
    return Kind("state", (folder / "epoch_00002.state",), read, equal, also)


def planned(folder: Path) -> tuple[Path, PlannedRun]:
    run = PlannedRun(arm="a", role="reported", experiment=EXPERIMENT)
    place = store.folder(folder, EXPERIMENT.run_id)
    place.mkdir(parents=True, exist_ok=True)
    errors = [fake_runs.evaluated("test", 1, [True, False, True, False, False])]
    made = fake_runs.record(
        EXPERIMENT,
        curve=fake_runs.curve([0.5, 0.25, 0.125], [0.5, 0.375, 0.25]),
        test_error=0.4,
        evaluations=tuple(errors),
        data=fake_runs.FACTS,
        environment=fake_runs.ENVIRONMENT,
    )
    (place / "result.json").write_text(records.to_json(made))
    held = {"weights_sha256": "w", "values": {"norm_spread": 0.123, "units_kept": 17.25}}
    (place / "inspection.json").write_text(sealed.dumps(held))
    return place, run


def record(folder: Path) -> Kind:
    place, run = planned(folder)
    return Kind(
        "record",
        (place / "result.json",),
        lambda: or_nothing(store.read(folder, [run])[0].record),
    )


def refused_record(folder: Path) -> Kind:
    place, _ = planned(folder)
    return Kind("record alone", (place / "result.json",), lambda: records.of_run(place))


def inspection(folder: Path) -> Kind:
    place, run = planned(folder)
    return Kind(
        "inspection",
        (place / "inspection.json",),
        lambda: store.read(folder, [run])[0].inspection or NOTHING,
    )


def spec(folder: Path) -> Kind:
    (folder / "spec.json").write_text(to_json(EXPERIMENT))
    (folder / "epoch_00001.state").write_bytes(b"")
    return Kind("spec of a run", (folder / "spec.json",), lambda: _claim(folder, EXPERIMENT))


def request(folder: Path) -> Kind:
    saved.save(folder, Request(budget="quick", dataset="cifar10", seeds=4, epochs=12))
    return Kind("request", (folder / "request.json",), lambda: saved.load(folder))


def speed(folder: Path) -> Kind:
    machine = Machine(out=folder, cache=folder, jobs=1, threads=1)
    one = speeds.Speed(arm="a", experiment=EXPERIMENT, images_per_second=812.25, start=4.5)
    speeds.keep([one], machine)
    return Kind(
        "speeds",
        (folder / "speeds.json",),
        lambda: or_nothing(speeds.kept("a", EXPERIMENT, machine)),
    )


def images(folder: Path) -> Kind:
    path = folder / "cifar10-key.images"
    path.write_bytes(loading._encode(tiny.images()))

    def read() -> Any:
        found = loading._decode(path.read_bytes())
        return NOTHING if found is None else vars(found)

    return Kind("decoded images", (path,), read, equal)


def predictions(folder: Path) -> Kind:
    rng, path = np.random.default_rng(0), folder / "test_10.npz"
    scores = rng.dirichlet(np.full(10, 0.5), 60).astype(np.float32)
    arrays.keep_predictions(path, scores, np.arange(60) % 10, "w")
    return Kind(
        "test_10.npz", (path,), lambda: or_nothing(arrays.read_predictions(path, "w")), equal
    )


def pictures(folder: Path) -> Kind:
    path = folder / "inspection.npz"
    kernels = np.random.default_rng(0).normal(size=(3, 3, 3, 8)).astype(np.float32)
    np.savez_compressed(path, conv1=kernels, names=np.array(["cat", "dog"]))
    names = ("conv1", "names")
    return Kind("inspection.npz", (path,), lambda: or_nothing(arrays.read(path, names)), equal)


def net(folder: Path) -> Kind:
    model = build_alexnet(EXPERIMENT)
    model.save(folder / "model.keras")
    made = fake_runs.record(EXPERIMENT, net_sha256=checkpoint.net_sha256(model))

    def read() -> Any:
        found = trained_net(folder, made)
        config = json.dumps(found.get_config(), sort_keys=True, default=str)
        return config, [np.asarray(weight) for weight in found.weights]

    return Kind("model.keras", (folder / "model.keras",), read, equal)


def shards(folder: Path) -> Kind:
    out = make(folder, "jpeg")
    paths = tuple(path for path in sorted(out.iterdir()) if path.is_file())

    def read() -> Any:
        found = open_shards(out)
        pixels = []
        for part in ("train", "test"):
            names = [out / facts["file"] for facts in found._index["shards"][part]]
            counts = [facts["count"] for facts in found._index["shards"][part]]
            wanted = np.arange(sum(counts))
            pixels.append(shard_files.Records(names, counts).read(wanted).tolist())
        seen = {name: value for name, value in vars(found).items() if name != "_folder"}
        return pixels, seen

    stamp = out / ".verified.json"
    open_shards(out)
    data = tuple(path for path in paths if path.suffix != ".csv")
    return Kind("prepared shards", (*data, stamp), read, equal)


def sums(folder: Path) -> Kind:
    path, partial = folder / "train-00000.array_record", folder / ".partial"
    made = make(folder, "raw")
    shard = next(made.glob("train-*"))
    path.write_bytes(shard.read_bytes())
    labels, digests = np.arange(5), np.arange(5, dtype=np.uint64)
    total = np.full((16, 16, 3), 700)
    colours = shard_files.Moments()
    facts = ("state", shard_files.sha256(path), path.stat().st_size)
    whole = shard_files.Shard(
        *facts, labels, digests, total, colours, [], shard_files.Counter({"turned": 2})
    )
    shard_files.write_atomic(partial / f"{path.stem}.npz", shard_files._encode(whole))

    def read() -> Any:
        found = shard_files.kept(path, partial=partial, state="state")
        return NOTHING if found is None else shard_files._encode(found)

    return Kind("sums of a shard", (partial / f"{path.stem}.npz",), read)


KINDS: tuple[Callable[[Path], Kind], ...] = (
    *(state, record, refused_record, inspection, spec, request, speed),
    *(images, predictions, pictures, net, shards, sums),
)
