"""Damaged files are noticed or change nothing: no wrong number, no traceback."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tiny
from damaged import NOTHING, tally
from damaged_kinds import KINDS, planned, predictions, record, sums
from made_shards import SHARD, flip, make

from alexnet_tf import records, sealed
from alexnet_tf.data.shards import open_shards
from alexnet_tf.errors import exit_code

tiny.pin_one_thread()

HINT = "Make it anew with: python -m alexnet_tf.data.prepare SOURCE"
DAMAGES = {True: 80, False: 8}  # of each kind, in the longer form and in the other


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("make_kind", KINDS, ids=lambda kind: kind.__name__)
def test_damage_is_noticed_or_changes_nothing(tmp_path, long, make_kind, caplog):
    kind = make_kind(tmp_path)
    found = tally(kind, DAMAGES[long])
    print(f"{kind.name}: {found.tried} damages, {found.noticed} noticed, {found.harmless} harmless")
    assert found.tried == DAMAGES[long]
    assert not found.wrong


def test_a_reader_that_checks_no_hash_is_found_out(tmp_path, monkeypatch, caplog):
    def loads(text: str | bytes) -> Any:
        return {name: value for name, value in json.loads(text).items() if name != "sha256"}

    monkeypatch.setattr(sealed, "loads", loads)
    found = tally(record(tmp_path), 150)
    assert [words for words in found.wrong if "another value" in words]


def test_an_older_record_without_a_hash_is_read(tmp_path):
    place, _ = planned(tmp_path)
    values = json.loads((place / "result.json").read_text())
    del values["sha256"]
    whole = records.of_run(place)
    assert records.from_json(json.dumps(values)) == whole
    values["test_error"] = 0.5
    assert records.from_json(json.dumps(values)) == dataclasses.replace(whole, test_error=0.5)
    with pytest.raises(ValueError, match="changed since it was written"):
        records.from_json(json.dumps({**values, "sha256": "0" * 64}))


@pytest.mark.parametrize("make_kind", [predictions, sums])
def test_every_bit_of_an_archives_directory_is_noticed_or_harmless(tmp_path, long, make_kind):
    """The part without a checksum of its own: sizes, places, ways of packing, encryption."""
    kind = make_kind(tmp_path)
    good, whole = kind.paths[0].read_bytes(), kind.read()
    start = good.index(b"PK\x01\x02")
    for bit in range(8 * start, 8 * len(good), 1 if long else 7):
        content = bytearray(good)
        content[bit // 8] ^= 1 << bit % 8
        kind.paths[0].write_bytes(content)
        value = kind.read()
        assert value is NOTHING or kind.same(whole, value), bit


def test_a_record_that_is_damaged_after_the_check_is_refused_in_one_line(tmp_path, capsys):
    out = make(tmp_path, "jpeg")
    open_shards(out)
    path = out / SHARD
    before = path.stat()
    flip(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    found = open_shards(out)  # the same size and time: not read again
    indices = tf.data.Dataset.from_tensor_slices(np.arange(len(found.train_labels))).batch(7)
    read = indices.map(found.reader("train"))
    capsys.readouterr()
    assert exit_code("command", lambda: len(list(read))) == 3
    said = capsys.readouterr().err
    assert said == f"command: {path}: damaged since it was checked. {HINT} {out}\n"
