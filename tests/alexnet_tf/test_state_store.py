"""Where states' arrays are kept apart: a folder, and URLs by way of fsspec."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from alexnet_tf import state_store
from alexnet_tf.errors import SpecError
from alexnet_tf.state_store import StateStore

pytest.importorskip("fsspec")


@pytest.fixture(params=["folder", "file", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A folder, the same by way of fsspec, and fsspec's own memory."""
    places = {"folder": str(tmp_path / "s"), "file": (tmp_path / "s").as_uri()}
    return places.get(request.param, f"memory://{tmp_path.name}")


def test_what_was_put_is_there_for_every_process_with_the_place(place):
    store = StateStore(place, "run")
    assert store.get("a") is None
    store.put("a", b"\0one")
    store.put("b", b"")
    other = StateStore(f"{place}/", "run")
    assert (other.get("a"), other.get("b"), other.get("c")) == (b"\0one", b"", None)
    assert StateStore(place, "another").get("a") is None


def test_clearing_takes_all_of_a_run_and_nothing_of_another(place):
    mine, killed, other = StateStore(place, "run"), StateStore(place, "run"), StateStore(place, "x")
    mine.put("a", b"1")
    killed.put("b", b"2")
    other.put("a", b"3")
    mine.clear()
    assert mine.get("a") is None and mine.get("b") is None and other.get("a") == b"3"
    mine.clear()


def test_replaced_arrays_stay_for_ten_minutes(place, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(state_store.time, "monotonic", lambda: now)
    store = StateStore(place, "run")
    for name in "abc":
        store.put(name, b"1")
    store.drop("a")
    now += 599
    store.drop("b")
    assert store.get("a") and store.get("b")
    now += 1
    store.drop("c")
    assert store.get("a") is None and store.get("b") and store.get("c")
    now += 601
    store.put("d", b"1")
    StateStore(place, "run").clear()  # by who finished the run
    store.drop("d")
    assert store.get("b") is None


def test_a_url_that_fsspec_does_not_know_is_refused_in_one_line():
    with pytest.raises(SpecError, match=r"--states nosuch://x/run: .*nosuch.* Give a folder, or"):
        StateStore("nosuch://x", "run")


def test_a_package_that_is_missing_is_named(monkeypatch):
    def missing(name: str):
        raise ModuleNotFoundError(f"No module named '{name}'", name="fsspec")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'alexnet-ablations\[states\]'"):
        StateStore("s3://bucket/states", "run")
    StateStore("/no/url", "run")


def test_a_folder_is_made_absolute_and_a_url_is_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert state_store.absolute("states") == str(tmp_path.resolve() / "states")
    assert state_store.absolute("memory://states") == "memory://states"
