"""A record on the disk: what is refused, in which words, and what it says of its images."""

from __future__ import annotations

import dataclasses
import json

import fake_runs
import numpy as np
import pytest
import tiny

from alexnet_tf import records, sealed
from alexnet_tf.errors import RecordError, SpecError

RECORD = fake_runs.record(
    tiny.experiment(), environment=fake_runs.ENVIRONMENT, data=fake_runs.FACTS, test_error=0.5
)


def changed(**fields: object) -> str:
    """The record with other fields, and the hash that they have."""
    values = {**json.loads(records.to_json(RECORD)), **fields}
    del values["sha256"]
    return sealed.dumps(values)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (changed(schema=2), "r.json: record schema 2, this version reads 1"),
        (changed(run_id="0" * 16), f"r.json: id {'0' * 16} does not match its experiment "),
        (changed(status="finished"), "r.json: not a run record: .*finished"),
        (changed(data=3), "r.json: not a run record: "),
        (changed(reason="half \ud83d"), "r.json: not a run record: .*surrogates not allowed"),
        ("[]", "r.json: not a run record: it is not a JSON object"),
        ('{"schema": 1}', "r.json: not a run record: KeyError.*run_id"),
        pytest.param("[" * 100_000, "r.json: not a run record: RecursionError", id="deep"),
    ],
)
def test_what_is_no_record_is_refused_by_its_place(text, words):
    with pytest.raises(RecordError, match=f"^{words}"):
        records.from_json(text, "r.json")


def test_a_text_beyond_ascii_is_read_as_it_was_written():
    of = dataclasses.replace(RECORD, reason="Zürich − 東京 😀", status="failed")
    assert records.from_json(records.to_json(of)) == of


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "result.json"
    with pytest.raises(RecordError, match=f"^{path}: No such file or directory"):
        records.read(path)
    path.write_bytes(b"\xff{}")
    with pytest.raises(RecordError, match=f"^{path}: .*utf-8"):
        records.read(path)
    path.write_text(records.to_json(RECORD))
    assert records.read(path) == records.of_run(tmp_path) == RECORD


def test_a_folder_without_a_finished_run_is_no_run(tmp_path):
    with pytest.raises(SpecError, match=f"{tmp_path} holds no finished run"):
        records.of_run(tmp_path)
    with pytest.raises(SpecError, match="no folder .*Give that of a finished run"):
        records.of_run(tmp_path / "missing")


def test_what_may_change_bits_is_in_the_fingerprint_and_nothing_else():
    found = fake_runs.ENVIRONMENT.fingerprint()
    bits = ("cpu", "isa", "device", "threads", "python", "tensorflow", "keras", "numpy", "onednn")
    assert found == {name: getattr(fake_runs.ENVIRONMENT, name) for name in (*bits, "cuda")}


@pytest.mark.parametrize("images", [1, 7, 8, 9, 1000])
def test_mistakes_are_those_of_each_image(images):
    wrong = np.random.default_rng(images).random(images) < 0.4
    made = fake_runs.evaluated("test", 1, wrong)
    assert made.mistakes() == wrong.tolist()
    assert dataclasses.replace(made, wrong="").mistakes() == []


def test_a_copy_of_the_images_has_a_note_and_the_published_ones_have_none():
    assert fake_runs.FACTS.note == ""
    (fingerprint,) = records._COPIES
    note = dataclasses.replace(fake_runs.FACTS, fingerprint=fingerprint).note
    assert note.startswith("The images are a JPEG copy of CIFAR-10")
