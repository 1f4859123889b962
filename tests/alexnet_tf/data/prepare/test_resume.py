"""Killed, repeated or in two processes: the same bytes; what a folder may hold."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tiny
from PIL import Image
from preparing import run, tree

from alexnet_tf.data.prepare import convert, shard_set


def content(folder: Path) -> dict[str, bytes]:
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    found.pop(".verified.json", None)
    return found


# --- resuming -----------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from alexnet_tf.data.{package} import {module}
from alexnet_tf.data.prepare import __main__ as prepare
real, calls = {module}.{name}, []
def deadly(*args, **kwargs):
    calls.append(1)
    if len(calls) == {at}:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **kwargs)
{module}.{name} = deadly
sys.exit(prepare.main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("module", "name", "at"),
    [
        ("prepare.convert", "_record", 7),
        ("shard_format.shard_files", "sha256", 2),
        ("shard_format.index", "write_atomic", 2),
    ],
    ids=["in a shard", "behind a shard", "before the index"],
)
def test_killed_anywhere_the_same_command_continues_to_the_same_bytes(tmp_path, module, name, at):
    package, _, name_of_module = module.partition(".")
    source, out = tree(tmp_path / "source"), tmp_path / "out"
    options = ["--size", "16", "--jobs", "1", "--shard-images", "4"]
    died = tiny.python(
        KILLED.format(package=package, module=name_of_module, name=name, at=at),
        str(source),
        str(out),
        *options,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert not (out / "index.json").exists() and (out / ".partial").is_dir()
    run(source, out)
    run(source, tmp_path / "whole")
    assert content(out) == content(tmp_path / "whole")


def test_finished_shards_are_not_made_twice_and_changed_files_are(tmp_path, monkeypatch):
    source = tree(tmp_path / "source")
    victim = sorted((source / "train" / "a").iterdir())[2]
    good = victim.read_bytes()
    victim.write_bytes(b"")
    run(source, tmp_path / "out", code=3)
    made = []
    real = shard_set.write_shard
    monkeypatch.setattr(
        shard_set, "write_shard", lambda path, *a, **k: made.append(path) or real(path, *a, **k)
    )
    victim.write_bytes(good)
    run(source, tmp_path / "out")
    assert len(made) == 1
    assert not (tmp_path / "out" / "bad_files.csv").exists()
    monkeypatch.undo()
    run(source, tmp_path / "whole")
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_two_processes_write_the_same_bytes_as_one(tmp_path):
    source = tree(tmp_path / "source", train=40)
    run(source, tmp_path / "one", "--shard-images", 60)
    run(source, tmp_path / "two", "--shard-images", 60, "--jobs", 2)
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_workers_end_when_their_parent_is_killed(tmp_path):
    code = """
import os, sys, time
from alexnet_tf.data.prepare.convert import Settings, converter
from alexnet_tf.data.prepare.source import Item
if __name__ == "__main__":
    with converter(2) as convert:
        items = (Item(str(k), 0, b"") for k in range(64))
        for _ in convert(items, Settings(8)):
            import multiprocessing
            print(*(child.pid for child in multiprocessing.active_children()), flush=True)
            time.sleep(100)
"""
    script = tmp_path / "script.py"
    script.write_text(code)
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, env=tiny.environment(), text=True
    ) as parent:
        assert parent.stdout is not None
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        parent.kill()
    assert workers
    for _ in range(600):
        if not any(map(alive, workers)):
            return
        time.sleep(0.05)
    raise AssertionError("a worker lives on")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# --- the folder for the shards ------------------------------------------------------------


def test_a_finished_folder_is_checked_and_not_made_again(tmp_path, capsys):
    source, out = tree(tmp_path / "source"), tmp_path / "out"
    run(source, out)
    before = content(out)
    run(source, out)
    assert "prepared already; 0 shards made anew" in capsys.readouterr().err
    assert content(out) == before
    run(source, out, "--quality", 90, code=3)
    said = capsys.readouterr().err
    assert "other options" in said and content(out) == before


@pytest.mark.parametrize("broken", [False, True])
def test_an_image_replaced_by_another_of_its_name_and_size_is_told(tmp_path, capsys, broken):
    source, out = tree(tmp_path / "source"), tmp_path / "out"
    (source / "train" / "a" / "0.png").write_bytes(b"")
    run(source, out, "--skip-bad")
    before, victim = content(out), source / "train" / "a" / "3.png"
    old, status = victim.read_bytes(), victim.stat()
    other = io.BytesIO()
    Image.new("RGB", (20, 20), "white").save(other, "PNG")
    assert len(other.getvalue()) < len(old)
    victim.write_bytes(bytes(len(old)) if broken else other.getvalue().ljust(len(old), b"\0"))
    os.utime(victim, ns=(0, status.st_mtime_ns + 1))
    capsys.readouterr()
    run(source, out, code=3)
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert f"{out} holds other images: train/a/3.png: changed since" in said
    assert content(out) == before
    # as it was, at another time: compared once, and then known
    victim.write_bytes(old)
    run(source, out)
    assert "prepared already; 0 shards made anew" in capsys.readouterr().err
    assert {name: held for name, held in content(out).items() if name != ".source.sha256"} == {
        name: held for name, held in before.items() if name != ".source.sha256"
    }


def test_images_of_the_same_times_are_not_decoded_again(tmp_path, monkeypatch):
    source, out = tree(tmp_path / "source"), tmp_path / "out"
    run(source, out)
    monkeypatch.setattr(convert, "_record", None)
    run(source, out)
    (out / ".source.sha256").unlink()
    with pytest.raises(TypeError):
        run(source, out)


def test_damaged_and_missing_shards_of_a_finished_folder_are_made_anew(tmp_path, capsys):
    source, out = tree(tmp_path / "source"), tmp_path / "out"
    run(source, out)
    before = content(out)
    (out / "train-00001.array_record").unlink()
    data = bytearray(before["test-00000.array_record"])
    data[200] ^= 1
    (out / "test-00000.array_record").write_bytes(data)
    run(source, out)
    assert "2 shards made anew" in capsys.readouterr().err
    assert content(out) == before


def test_a_folder_with_other_things_is_left_alone(tmp_path, capsys):
    source, out = tree(tmp_path / "source"), tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("x")
    run(source, out, code=3)
    assert "not empty" in capsys.readouterr().err and content(out) == {"thesis.txt": b"x"}


def test_a_full_disk_is_code_4_in_one_line(tmp_path, capsys, monkeypatch):
    source = tree(tmp_path / "source")
    monkeypatch.setattr(
        shard_set.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10})()
    )
    run(source, tmp_path / "out", "--encoding", "raw", code=4)
    assert "14 images need 0.0 GB" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_code_4(tmp_path, capsys):
    source = tree(tmp_path / "source")
    (tmp_path / "file").write_text("")
    run(source, tmp_path / "file" / "out", code=4)
    said = capsys.readouterr().err.strip()
    assert "\n" not in said and "Not a directory" in said
