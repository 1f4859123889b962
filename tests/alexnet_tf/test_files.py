"""Files are old or new, never a part, whatever happens in between; a folder has one holder."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from pathlib import Path

import pytest
import tiny

from alexnet_tf import files
from alexnet_tf.errors import SpecError

OLD, NEW = b"old " * 1000, b"new and longer " * 1000

# Runs write_atomic once per crash point: the process ends before, in the middle of, or after
# the N-th call that changes the disk, for N = 1, 2, ... until a run meets no crash.
CRASHES = """
import builtins, io, json, os, sys
from pathlib import Path
from alexnet_tf import files

root, old, new = Path(sys.argv[1]), b"old " * 1000, b"new and longer " * 1000
calls = ("open", "fdopen", "fsync", "chmod", "replace", "close")
real = {name: getattr(os, name) for name in calls}

def arm(point, when, said):
    left = [point]
    def step(name, action, torn=None):
        left[0] -= 1
        if left[0] == 0:
            os.write(said, name.encode())
            if when == "after":
                action()
            elif when == "torn" and torn is not None:
                torn()
            os._exit(137)
        return action()
    class File:
        def __init__(self, file): self.file = file
        def __enter__(self): return self
        def __exit__(self, *error): self.file.close()
        def fileno(self): return self.file.fileno()
        def flush(self): return step("flush", self.file.flush)
        def write(self, data):
            def half():
                self.file.write(data[: len(data) // 2]); self.file.flush()
            def whole():
                self.file.write(data); self.file.flush()
            return step("write", whole, half)
    def wrap(name):
        return lambda *a, **k: step(name, lambda: real[name](*a, **k))
    for name in ("open", "fsync", "chmod", "replace", "close"):
        setattr(os, name, wrap(name))
    os.fdopen = lambda *a, **k: File(step("fdopen", lambda: real["fdopen"](*a, **k)))

results = []
for when in ("before", "torn", "after"):
    point = 0
    while True:
        point += 1
        folder = root / f"{when}_{point}"
        folder.mkdir()
        target = folder / "value"
        target.write_bytes(old)
        read_end, said = os.pipe()
        pid = os.fork()
        if pid == 0:
            arm(point, when, said)
            files.write_atomic(target, new)
            os._exit(0)
        os.close(said)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        called = os.read(read_end, 100).decode()
        os.close(read_end)
        content = target.read_bytes()
        seen = "old" if content == old else "new" if content == new else "torn"
        results.append([when, point, called, code, seen])
        if code == 0:
            break
print(json.dumps(results))
"""


def test_a_reader_sees_old_or_new_after_a_crash_at_every_call(tmp_path):
    done = tiny.python(CRASHES, str(tmp_path))
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    crashed = [r for r in results if r[3] == 137]
    assert {r[4] for r in results} <= {"old", "new"}
    for when in ("before", "torn", "after"):
        called = [r[2] for r in crashed if r[0] == when]
        assert {"open", "write", "fsync", "replace"} <= set(called)
        # the bytes reach the disk before the name does, and then the name itself
        assert called.index("fsync") < called.index("replace") < len(called) - 1
        assert "fsync" in called[called.index("replace") :]
        moment = called.index("replace") + (when != "after")
        seen = [r[4] for r in crashed if r[0] == when]
        assert seen == ["old"] * moment + ["new"] * (len(seen) - moment)
    assert [r[4] for r in results if r[3] == 0] == ["new"] * 3


def test_a_write_replaces_the_file_and_makes_its_folder(tmp_path):
    path = tmp_path / "a" / "b" / "value"
    files.write_atomic(path, OLD)
    files.write_atomic(path, NEW)
    assert path.read_bytes() == NEW
    assert [p.name for p in path.parent.iterdir()] == ["value"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS])
@pytest.mark.parametrize("call", ["fdopen", "fsync", "chmod", "replace"])
def test_a_failing_disk_leaves_the_old_file_and_no_debris(tmp_path, monkeypatch, call, code):
    path = tmp_path / "value"
    path.write_bytes(OLD)

    def fail(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError) as error:
        files.write_atomic(path, NEW)
    monkeypatch.undo()
    assert error.value.errno == code and error.value.filename == str(path)
    assert path.read_bytes() == OLD
    assert [p.name for p in tmp_path.iterdir()] == ["value"]


def test_a_full_disk_leaves_the_old_file_and_no_debris(tmp_path):
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom alexnet_tf import files\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "path = Path(sys.argv[1])\nfiles.write_atomic(path, b'o' * 4000)\n"
        "try:\n    files.write_atomic(path, b'n' * 10_000_000)\n"
        "except OSError as error:\n    print(error.errno, path.read_bytes() == b'o' * 4000)"
    )
    result = tiny.python(code, str(tmp_path / "value"))
    assert result.stdout.split() == [str(errno.EFBIG), "True"], result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["value"]


def test_a_folder_that_cannot_be_written_is_found_at_the_start(tmp_path):
    files.check_writable(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError):
        files.check_writable(tmp_path / "file")


@pytest.mark.parametrize("place", ["file", "file/below", "file/below/it"])
def test_a_place_at_or_below_a_file_is_no_directory(tmp_path, place):
    (tmp_path / "file").write_bytes(b"")
    for check in (
        files.check_writable,
        files.check_reachable,
        lambda at: files.lock(at).__enter__(),
    ):
        with pytest.raises(NotADirectoryError, match="file"):
            check(tmp_path / place)
    with pytest.raises(NotADirectoryError):
        files.write_atomic(tmp_path / place / "value", NEW)


def test_a_folder_is_reachable_before_it_is_there_and_is_not_made(tmp_path):
    files.check_reachable(tmp_path / "a" / "b")
    assert not list(tmp_path.iterdir())
    with pytest.raises(SpecError, match=r"no folder .*a. Give one\."):
        files.require_folder(tmp_path / "a", "Give one.")
    files.require_folder(tmp_path, "Give one.")


def test_a_disk_without_place_is_found_before_long_work_begins(tmp_path):
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom alexnet_tf import files\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try:\n    files.check_writable(Path(sys.argv[1]))\n"
        "except OSError as error:\n    print(error.errno, error.filename)"
    )
    result = tiny.python(code, str(tmp_path))
    assert result.stdout.split() == [str(errno.EFBIG), str(tmp_path)], result.stderr
    assert not list(tmp_path.iterdir())


def test_a_lock_that_finds_no_place_on_the_disk_names_its_file(tmp_path):
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom alexnet_tf import files\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "try:\n    files.lock(Path(sys.argv[1])).__enter__()\n"
        "except OSError as error:\n    print(error.errno, error.filename)"
    )
    result = tiny.python(code, str(tmp_path))
    assert result.stdout.split() == [str(errno.EFBIG), str(tmp_path / "lock")], result.stderr


def test_an_error_of_a_library_that_writes_keeps_its_words_and_gets_a_name(tmp_path):
    def fail(path: Path) -> None:
        raise OSError("cannot write the header")

    with pytest.raises(OSError) as error:
        files.write_through(tmp_path / "model.keras", fail)
    assert error.value.filename == str(tmp_path / "model.keras")
    assert error.value.strerror == "cannot write the header"


def test_a_file_that_was_removed_before_its_writer_held_it_is_made_anew(tmp_path, monkeypatch):
    flock, removed = fcntl.flock, []

    def late(descriptor, kind):
        if not removed:  # another process takes it for one that was left
            (left,) = tmp_path.iterdir()
            removed.append(left.name)
            left.unlink()
        flock(descriptor, kind)

    monkeypatch.setattr(fcntl, "flock", late)
    files.write_atomic(tmp_path / "value", NEW)
    assert (tmp_path / "value").read_bytes() == NEW and removed != ["value"]
    assert [path.name for path in tmp_path.iterdir()] == ["value"]


def test_a_file_without_a_name_has_its_place_and_leaves_nothing(tmp_path, monkeypatch):
    with files.nameless(tmp_path / "new", 5000) as file:
        assert file.read() == bytes(5000) and not list((tmp_path / "new").iterdir())
        assert os.fstat(file.fileno()).st_blocks * 512 >= 5000
    made = []

    def full(descriptor, begin, size):
        made.append(descriptor)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError) as error:
        files.nameless(tmp_path, 5000)
    assert (error.value.errno, error.value.filename) == (errno.ENOSPC, str(tmp_path))
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(made[0])


def test_a_path_is_real_without_links_homes_and_loops(tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to("folder")
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert files.real(Path("link/../a")) == tmp_path.resolve() / "a"
    assert files.real(Path("~/link/b")) == tmp_path.resolve() / "folder" / "b"
    assert files.real(Path("loop/c")) == tmp_path.resolve() / "loop" / "c"
