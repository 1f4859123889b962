"""A state holds everything, is never half there, and is not believed when it is damaged."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import keras
import numpy as np
import pytest
import tiny

from alexnet_tf.train import checkpoint

tiny.pin_one_thread()

_RNG = np.random.default_rng(0)
IMAGES = _RNG.normal(size=(8, 6)).astype(np.float32)
LABELS = _RNG.integers(0, 3, 8)


def net(units: int = 400, dtype: str = "float32", last: str = "fc2") -> keras.Model:
    """A net with a random layer, an optimizer with momentum, and the names of a fresh process."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(7)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(units, activation="relu", name="fc1", dtype=dtype),
            keras.layers.Dropout(0.5, name="drop1"),
            keras.layers.Dense(3, name=last),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,  # pyright: ignore[reportArgumentType]
    )
    model.optimizer.build(model.trainable_variables)
    return model


def steps(model: keras.Model, count: int) -> None:
    for _ in range(count):
        model.train_on_batch(IMAGES, LABELS)


def state(model: keras.Model) -> list[tuple[str, bytes]]:
    return [(name, np.asarray(v).tobytes()) for name, v in checkpoint.variables(model)]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def trained() -> keras.Model:
    model = net()
    steps(model, 3)
    return model


def two_states(folder: Path, model: keras.Model) -> tuple[Path, Path]:
    for epoch in (1, 2):
        checkpoint.save(folder, epoch, model, {"run_id": "x", "curve": [epoch]})
    return folder / "epoch_00001.state", folder / "epoch_00002.state"


def test_a_state_holds_weights_momenta_counters_and_seeds(trained):
    found = " ".join(name for name, _ in checkpoint.variables(trained))
    for part in ("fc1/kernel", "fc2/bias", "seed_generator_state", "momentum", "iteration"):
        assert part in found
    everything = [name for name, _ in checkpoint.variables(trained)]
    assert len(set(everything)) == len(everything)


def test_a_restored_state_is_the_saved_one_bit_for_bit(tmp_path, trained):
    checkpoint.save(tmp_path, 3, trained, {"run_id": "x", "curve": [1, 2, 3]})
    fresh = net()
    assert state(fresh) != state(trained)
    header = checkpoint.restore(tmp_path, fresh)
    assert header is not None and header["curve"] == [1, 2, 3] and header["epoch"] == 3
    assert state(fresh) == state(trained)
    assert checkpoint.weights_sha256(fresh) == checkpoint.weights_sha256(trained)


@pytest.mark.parametrize("forgotten", [None, "seed_generator_state", "momentum"])
def test_training_goes_on_bit_for_bit_with_dropout_and_only_if_nothing_is_forgotten(
    tmp_path, forgotten
):
    whole = net()
    steps(whole, 3)
    checkpoint.save(tmp_path, 1, whole, {})
    steps(whole, 4)
    resumed = net()
    assert checkpoint.restore(tmp_path, resumed) is not None
    for name, variable in checkpoint.variables(resumed):
        if forgotten is not None and forgotten in name:
            variable.assign(np.zeros_like(np.asarray(variable)))
    steps(resumed, 4)
    assert (state(resumed) == state(whole)) == (forgotten is None)


def test_the_hash_of_the_weights_sees_one_changed_bit(trained):
    before = checkpoint.weights_sha256(trained)
    variable = trained.get_layer("fc1").kernel
    value = np.asarray(variable).copy()
    changed = value.copy()
    changed.view(np.uint32).flat[5] ^= 1
    variable.assign(changed)
    assert checkpoint.weights_sha256(trained) != before
    variable.assign(value)
    assert checkpoint.weights_sha256(trained) == before


def test_the_two_newest_states_are_kept(tmp_path, trained):
    for epoch in (1, 2, 9, 10, 11):
        checkpoint.save(tmp_path, epoch, trained, {})
    assert names(tmp_path) == ["epoch_00010.state", "epoch_00011.state"]


def test_no_state_means_none(tmp_path, trained):
    assert checkpoint.restore(tmp_path, trained) is None
    assert checkpoint.restore(tmp_path / "missing", trained) is None


def test_every_truncation_and_every_flipped_bit_is_noticed_and_the_state_before_is_used(
    tmp_path, trained, caplog
):
    older, newer = two_states(tmp_path, trained)
    good, earlier = newer.read_bytes(), older.read_bytes()
    saved, fresh = state(trained), net()
    edges = {*range(0, len(good), 4096), 1, 63, 64, 65, 66, len(good) - 1, len(good) - 22}
    damaged = [good[:edge] for edge in sorted(edges)]
    rng = np.random.default_rng(1)
    for bit in [*range(8), *rng.integers(0, 8 * len(good), 200).tolist()]:
        flipped = bytearray(good)
        flipped[bit // 8] ^= 1 << bit % 8
        damaged.append(bytes(flipped))
    damaged += [good + b"\0", b"\0" * len(good), good[4096:] + good[:4096]]
    assert len(good) > 3 * 4096
    for content in damaged:
        older.write_bytes(earlier)
        newer.write_bytes(content)
        caplog.clear()
        header = checkpoint.restore(tmp_path, fresh)
        assert header is not None and header["epoch"] == 1
        assert names(tmp_path) == ["epoch_00001.state", "epoch_00002.corrupt"]
        assert (tmp_path / "epoch_00002.corrupt").read_bytes() == content
        assert str(newer) in caplog.text
        (tmp_path / "epoch_00002.corrupt").unlink()
    assert state(fresh) == saved


def test_two_damaged_states_are_set_aside_and_nothing_is_loaded(tmp_path, trained):
    for path in two_states(tmp_path, trained):
        path.write_bytes(path.read_bytes()[:-1])
    fresh = net()
    before = state(fresh)
    assert checkpoint.restore(tmp_path, fresh) is None
    assert state(fresh) == before
    assert names(tmp_path) == ["epoch_00001.corrupt", "epoch_00002.corrupt"]


def test_a_state_says_its_own_epoch_whatever_its_file_is_called(tmp_path):
    model = net()
    states = {}
    for epoch in (1, 2):
        steps(model, 1)
        states[epoch] = state(model)
        checkpoint.save(tmp_path, epoch, model, {})
    older, newer = tmp_path / "epoch_00001.state", tmp_path / "epoch_00002.state"
    first, second = older.read_bytes(), newer.read_bytes()
    older.write_bytes(second)
    newer.write_bytes(first)
    header = checkpoint.restore(tmp_path, model)
    assert header is not None and state(model) == states[header["epoch"]]


@pytest.mark.parametrize(
    "changes", [{"units": 401}, {"dtype": "float64"}, {"last": "fc3"}], ids=lambda one: [*one][0]
)
def test_a_state_of_another_net_is_refused_whole(tmp_path, trained, changes):
    two_states(tmp_path, trained)
    other = net(**changes)
    before = state(other)
    assert checkpoint.restore(tmp_path, other) is None
    assert state(other) == before
    assert names(tmp_path) == ["epoch_00001.corrupt", "epoch_00002.corrupt"]


@pytest.mark.parametrize(
    "body", [b"", b"{\n", b"3\n", b"{}\n", b'{"names": ["a"]}\n', b'{"names": ["a"]}\nPK\3\4']
)
def test_a_file_with_its_own_hash_that_is_no_state_is_set_aside(tmp_path, trained, body):
    older, newer = two_states(tmp_path, trained)
    newer.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    header = checkpoint.restore(tmp_path, net())
    assert header is not None and header["epoch"] == 1
    assert names(tmp_path) == [older.name, "epoch_00002.corrupt"]


def test_a_state_that_its_reader_refuses_stays_and_is_not_loaded(tmp_path, trained):
    two_states(tmp_path, trained)
    fresh, seen = net(), []
    before = state(fresh)

    def refuse(header):
        seen.append((header["run_id"], header["epoch"], header["curve"]))
        raise RuntimeError("another machine")

    with pytest.raises(RuntimeError, match="another machine"):
        checkpoint.restore(tmp_path, fresh, refuse)
    assert seen == [("x", 2, [2])] and state(fresh) == before
    assert names(tmp_path) == ["epoch_00001.state", "epoch_00002.state"]


def test_hashes_are_over_names_shapes_types_and_values(trained):
    def expected(variables):
        digest = hashlib.sha256()
        for variable in variables:
            value = np.asarray(variable)
            digest.update(f"{variable.path}{value.shape}{value.dtype}".encode())
            digest.update(value.tobytes())
        return digest.hexdigest()

    assert checkpoint.weights_sha256(trained) == expected(trained.variables)
    assert checkpoint.net_sha256(trained) == expected(trained.weights)
    seeds = [v for v in trained.variables if "seed_generator" in v.path]
    assert seeds and len(trained.variables) == len(trained.weights) + len(seeds)


@pytest.mark.parametrize("call", ["fsync", "replace", "chmod"])
def test_a_full_disk_leaves_the_earlier_states_and_no_debris(tmp_path, trained, monkeypatch, call):
    paths = two_states(tmp_path, trained)
    before = [path.read_bytes() for path in paths]

    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.save(tmp_path, 3, trained, {})
    monkeypatch.undo()
    assert [path.read_bytes() for path in paths] == before
    assert names(tmp_path) == [path.name for path in paths]
    checkpoint.save(tmp_path, 3, trained, {})
    assert names(tmp_path) == ["epoch_00002.state", "epoch_00003.state"]
