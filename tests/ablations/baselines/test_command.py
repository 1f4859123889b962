"""The command of the baselines: records, continuing, streaming, and bad input."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import signal
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import made_shards
import numpy as np
import pytest
import tiny

from ablations.analysis import baselines
from ablations.baselines import command, fisher_vectors, libraries, measure, patch_codes, pictures
from ablations.baselines.measure import Work
from alexnet_tf import errors
from alexnet_tf.data.images import Images
from alexnet_tf.data.shards import open_shards
from alexnet_tf.data.split import split
from alexnet_tf.spec import DataSpec

pytest.importorskip("sklearn")
pytest.importorskip("skimage")


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    """The command takes SIGTERM, as a process of its own may."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(autouse=True)
def few_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few means, learned from few patches and descriptors; two feature sets in place of six."""
    monkeypatch.setattr(patch_codes, "MEANS", 20)
    monkeypatch.setattr(patch_codes, "PATCHES", 500)
    monkeypatch.setattr(fisher_vectors, "_SAMPLE", 1000)
    sets = dict(measure.METHODS)
    coding = sets["sparse_coding"][:2]
    sets["sparse_coding"] = tuple(dataclasses.replace(each, width=4 * 20) for each in coding)
    monkeypatch.setattr(measure, "METHODS", sets)


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch) -> Images:
    made = tiny.images(train=200, test=40, size=16)
    monkeypatch.setattr(command, "load", lambda *_, **__: made)
    return made


SMALL = ["--train-images", "100", "--validation-images", "50", "--only", "sparse_coding"]


def run(out: Path, *words: str) -> int:
    return command.main(["--out", str(out), *SMALL, *words])


def test_records_and_table_hold_what_was_measured(images, tmp_path, capsys):
    assert run(tmp_path, "--seeds", "2") == 0
    found, damaged = baselines.read(tmp_path)
    assert not damaged and [one.seed for one in found] == [0, 1]
    chosen = split(images, DataSpec(train_images=100, validation_images=50))
    for one in found:
        facts = one.data
        sizes = (facts.train_images, facts.validation_images, facts.test_images)
        assert sizes == (len(chosen.train), len(chosen.validation), 40)
        assert facts.fingerprint == images.fingerprint() and facts.synthetic
        assert one.top1_error == one.mistakes().mean() and len(one.c) == 2
        assert one.top5_error <= one.top1_error < 0.5  # noise around one picture a class
    rows = list(csv.DictReader((tmp_path / "baselines" / "baselines.csv").read_text().splitlines()))
    assert [float(row["top1_error"]) for row in rows] == [
        round(100 * one.top1_error, 2) for one in found
    ]
    told = capsys.readouterr().out
    assert "2 records, 2 to compute" in told and "sparse_coding, cifar10, 100 images" in told
    assert not list((tmp_path / "baselines").glob("tmp*"))


def test_what_is_there_is_not_computed_again_and_a_damaged_record_is(images, tmp_path, capsys):
    assert run(tmp_path, "--seeds", "2") == 0
    first, second = sorted(baselines.folder(tmp_path).iterdir())
    before = first.read_bytes()
    second.write_text("{", encoding="utf-8")
    assert run(tmp_path, "--seeds", "2") == 0
    assert "2 records, 1 to compute" in capsys.readouterr().out
    assert first.read_bytes() == before and baselines.read_one(second).seed == 1


def test_records_of_other_images_are_no_answer(images, tmp_path, capsys, monkeypatch):
    assert run(tmp_path) == 0
    other = tiny.images(train=200, test=40, size=16, seed=7)
    monkeypatch.setattr(command, "load", lambda *_, **__: other)
    assert run(tmp_path) == errors.DATA
    assert "other images" in capsys.readouterr().err


def test_c_is_chosen_on_the_validation_images_alone(images, tmp_path):
    """Other labels of the test images change the test error, and nothing else."""
    work = Work(
        source=images,
        split=split(images, DataSpec(train_images=100, validation_images=50)),
        split_number=0,
        folder=tmp_path,
        threads=1,
    )
    plain = measure.measure(work, "sparse_coding", 0, lambda _: None)
    images.test_labels[:] = (images.test_labels + 1) % 10
    other = measure.measure(work, "sparse_coding", 0, lambda _: None)
    assert (plain.c, plain.validation_error) == (other.c, other.validation_error)
    assert other.top1_error > plain.top1_error


def test_the_training_error_is_of_some_images_where_there_are_many(images, tmp_path, monkeypatch):
    monkeypatch.setattr(measure, "SCORED", 30)  # of 100: every fourth
    images.train_labels[:] = np.random.default_rng(0).permutation(images.train_labels)
    assert run(tmp_path) == 0
    (record,) = baselines.read(tmp_path)[0]
    assert (25 * record.train_error) % 1 == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_keeps_what_is_finished(number, images, tmp_path, capsys, monkeypatch):
    real, done = measure.measure, []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job may ignore it

    def stopping(*given):
        if done:
            os.kill(os.getpid(), number)
        done.append(given)
        return real(*given)

    monkeypatch.setattr(command, "measure", stopping)
    try:
        code = run(tmp_path, "--seeds", "2")
    finally:
        signal.signal(signal.SIGINT, before)
    assert code == {signal.SIGINT: errors.INTERRUPTED, signal.SIGTERM: errors.TERMINATED}[number]
    assert "the same command continues" in capsys.readouterr().err
    assert len(baselines.read(tmp_path)[0]) == 1


def test_shards_give_the_errors_of_the_same_images_in_memory(tmp_path):
    folder = made_shards.make(tmp_path, "raw")
    source = open_shards(folder)
    parts = [np.stack(made_shards.expected(folder, part)) for part in ("train", "test")]
    held = Images(
        "imagenet",
        False,
        "",
        source.class_names,
        parts[0],
        source.train_labels,
        parts[1],
        source.test_labels,
    )
    spec = DataSpec(dataset="imagenet", train_images=12, validation_images=6)
    found = []
    for images in (source, held):
        work = Work(
            source=images, split=split(images, spec), split_number=0, folder=tmp_path, threads=1
        )
        found.append(measure.measure(work, "sift_fisher", 0, lambda _: None))
    assert found[0].wrong == found[1].wrong and found[0].c == found[1].c


def test_the_command_takes_prepared_shards(tmp_path, capsys):
    folder = made_shards.make(tmp_path, "raw")
    words = ["--dataset", "imagenet", "--data-dir", str(folder), "--validation-images", "6"]
    out = tmp_path / "reports"
    assert command.main(["--out", str(out), *words, "--only", "sparse_coding"]) == 0
    (record,) = baselines.read(out)[0]
    assert (record.data.dataset, record.data.train_images) == ("imagenet", 15)
    capsys.readouterr()


def test_memory_does_not_grow_with_the_images(tmp_path, monkeypatch):
    """NumPy's arrays at their peak: four times the images, less than a tenth more."""
    monkeypatch.setattr(pictures, "SOME", 20)
    monkeypatch.setattr(pictures, "_BATCH", 20 * 16**2)
    monkeypatch.setattr("ablations.baselines.feature_matrix._BLOCK", 1 << 17)
    peaks = []
    for count in (100, 400):
        made = tiny.images(train=count, test=count, size=16)
        spec = DataSpec(train_images=count // 2, validation_images=count // 2)
        work = Work(
            source=made, split=split(made, spec), split_number=0, folder=tmp_path, threads=1
        )
        tracemalloc.start()
        measure.measure(work, "sparse_coding", 0, lambda _: None)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


def test_small_images_and_no_validation_images_are_refused(tmp_path):
    for side, validation in ((8, 50), (16, 0)):
        made = tiny.images(size=side)
        chosen = split(made, DataSpec(train_images=100, validation_images=validation))
        work = Work(source=made, split=chosen, split_number=0, folder=tmp_path, threads=1)
        with pytest.raises(errors.DataError, match="16 pixels a side or more"):
            measure.measure(work, "sift_fisher", 0, lambda _: None)


def test_without_the_packages_one_line_says_what_to_install(tmp_path, capsys, monkeypatch):
    def missing(name: str):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(libraries.importlib, "import_module", missing)
    assert command.main(["--out", str(tmp_path)]) == errors.ENVIRONMENT
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "alexnet-ablations[baselines]" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--seeds", "0"], "at least 1"),
        (["--train-images", "some"], "at least 1. Received: some"),
        (["--only", "boosting"], "boosting"),
        (["--dataset", "mnist"], "mnist"),
    ],
)
def test_bad_words_are_one_line(words, told, tmp_path, capsys):
    assert command.main(["--out", str(tmp_path), *words]) == errors.USAGE
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and told in error


def test_a_number_that_classes_cannot_share_is_an_error_of_the_data(images, tmp_path, capsys):
    assert run(tmp_path, "--train-images", "101") == errors.DATA
    assert "multiple" in capsys.readouterr().err


def test_the_json_of_a_record_has_a_schema(images, tmp_path):
    assert run(tmp_path) == 0
    (path,) = baselines.folder(tmp_path).iterdir()
    assert json.loads(path.read_text(encoding="utf-8"))["schema"] == baselines.SCHEMA
