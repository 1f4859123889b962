"""Names, kinds and numbers that no study can have, refused when it is read."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from typing import Any

import made_up
import pytest

import ablations
from ablations import study
from ablations.cli import command
from ablations.plan import Plan, Request, check, saved
from ablations.report import __main__ as report
from ablations.study import Budget, Search, Shared, external
from alexnet_tf.errors import SpecError
from alexnet_tf.spec import replace

STUDY = made_up.study(made_up.difference())


@pytest.mark.parametrize(
    "name",
    [
        "",
        "index.html",
        "../x",
        "a/b",
        ".hidden",
        "-x",
        "a b",
        "a\n",
        "all",
        "runs",
        "html",
        "x" * 65,
    ],
)
def test_a_name_that_is_no_folder_of_its_own_is_refused(name):
    with pytest.raises(SpecError, match=r"^a study('s name must be| cannot be called) [^\n]*$"):
        dataclasses.replace(STUDY, name=name)


@pytest.mark.parametrize("name", ["my_study", "tanh-2", "caf\u00e9", "x" * 64])
def test_a_word_is_a_name(name):
    assert dataclasses.replace(STUDY, name=name).name == name


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"arms": {**STUDY.arms, "b": 5}}, r"`arms` must be of Experiment. Received: 5"),
        ({"arms": {**STUDY.arms, 3: STUDY.arms["b"]}}, r"a name in `arms` must be a text .*: 3"),
        ({"arms": {**STUDY.arms, "\x1b[31m": STUDY.arms["b"]}}, r"a name in `arms` .*x1b\[31m"),
        ({"arms": {**STUDY.arms, "": STUDY.arms["b"]}}, "of 1 to 64 characters"),
        ({"labels": {"b": 3}}, "`labels` must be of str. Received: 3"),
        ({"labels": {"b": "x" * 20_000}}, r"label of 'b' .* 200 characters at most.*20,000"),
        ({"title": 3}, "`title` must be of str"),
        ({"budgets": {"quick": 3}}, "`budgets` must be of Budget"),
        ({"comparisons": (made_up.difference(name="a\nb"),)}, "a name in `comparisons`"),
    ],
)
def test_a_field_of_another_kind_is_refused_in_one_line(fields, words):
    with pytest.raises(SpecError, match=words) as refused:
        dataclasses.replace(STUDY, **fields)
    assert str(refused.value).isprintable() and len(str(refused.value)) < 300


def test_arms_that_differ_in_their_seed_alone_are_equal():
    arms = {**STUDY.arms, "b": replace(STUDY.arms["paper"], seed=3)}
    with pytest.raises(SpecError, match="compares equal arms"):
        dataclasses.replace(STUDY, arms=arms)


def test_settings_that_leave_a_seed_alone_between_two_arms_make_them_equal():
    arms = {**STUDY.arms, "b": replace(STUDY.arms["paper"], {"train.momentum": 0.5}, seed=3)}
    request = Request(budget="standard", dataset="builtin", settings={"train.momentum": 0.5})
    with pytest.raises(SpecError, match=r"the arms of '\w+' are the same"):
        check(dataclasses.replace(STUDY, arms=arms), request)


@pytest.mark.parametrize(
    "fields",
    [
        *({"seeds": value} for value in (0, -2, True, 1.5, "2", 10_001)),
        *({"epochs": value} for value in (0, -1, 2.5)),
        *({"train_images": 0}, {"test_images": -1}, {"more": (0,)}, {"arms": "paper"}),
    ],
)
def test_a_budget_computes_something_and_no_more_than_can_be_listed(fields):
    with pytest.raises(SpecError):
        Budget(**{"seeds": 2, "epochs": 1, **fields})


def test_a_search_and_a_shared_net_have_rates_and_seeds():
    good: dict[str, Any] = {"grids": {"c": (0.1,)}, "seeds": (100,), "epochs": 1}
    assert Search(**good)
    for wrong in ({"grids": {"c": ()}}, {"grids": {"c": (0,)}}, {"seeds": ()}, {"seeds": (-1,)}):
        with pytest.raises(SpecError):
            Search(**{**good, **wrong})
    with pytest.raises(SpecError):
        Search(**{**good, "epochs": 0})
    with pytest.raises(SpecError, match="at most 10,000"):
        Shared(experiment=STUDY.arms["paper"], seeds=99_999_999_999)
    with pytest.raises(SpecError, match="--seeds must be at most 10,000"):
        Request(seeds=99_999_999_999)


def test_a_budget_that_is_changed_by_hand_may_have_a_long_name():
    few = {"data.train_images": 100, "data.validation_images": 100, "data.test_images": 100}
    plan = Plan(name="made_up", study=STUDY, request=Request(budget="standard", settings=few))
    assert len(plan.label) > 64 and plan.label in plan.asked.budgets


TWIN = """
import dataclasses
from ablations import study
STUDY = dataclasses.replace(study.load("bias_one"), name="twin", title="{title}")
"""


def test_two_files_of_one_name_are_refused_and_one_named_twice_is_not(tmp_path, capsys):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "twin.py").write_text(TWIN.format(title=folder))
    one, two = (str(tmp_path / folder / "twin.py") for folder in ("one", "two"))
    assert command.main([one, two, "--dataset", "builtin", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and one in said and two in said and "both called 'twin'" in said
    again = str(tmp_path / "two" / ".." / "one" / "twin.py")
    assert command.main([one, again, "--report-only", "--out", str(tmp_path)]) == 3  # no report


def test_a_file_does_not_replace_the_report_of_another_of_its_name(tmp_path, capsys):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "twin.py").write_text(TWIN.format(title=f"twin {folder}"))
    one, two = (str(tmp_path / folder / "twin.py") for folder in ("one", "two"))
    request, out = Request(dataset="builtin", seeds=1), tmp_path / "out"
    saved.save(out / "twin", request, one)
    assert saved.load(out / "twin") == request
    kept = saved.exists(out / "twin") and (out / "twin" / saved.NAME).read_bytes()
    place = ["--out", str(out)]
    rebuild = [*place, "--report-only"]
    for asked in (
        lambda: command.main([two, "--dataset", "builtin", *place]),
        lambda: command.main([two, *rebuild]),
        lambda: report.main([two, *place]),
    ):
        assert asked() == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and f"has the report of {one}, another file than {two}" in said
    with pytest.raises(SpecError, match="Rename one, or give another folder with --out"):
        ablations.run(two, dataset="builtin", out=out)
    assert (out / "twin" / saved.NAME).read_bytes() == kept and not (out / "runs").exists()
    again = str(tmp_path / "two" / ".." / "one" / "twin.py")
    assert command.main([again, *rebuild]) == 0
    (tmp_path / "one" / "twin.py").unlink()  # moved
    assert command.main([two, *rebuild]) == 0
    assert "twin two" in (out / "twin" / "index.html").read_text(encoding="utf-8")


def test_two_packages_with_a_study_of_one_name_are_refused(monkeypatch):
    entries = importlib.metadata.EntryPoints(
        importlib.metadata.EntryPoint("mine", f"{package}:STUDY", external.GROUP)
        for package in ("first", "second")
    )
    monkeypatch.setattr(
        importlib.metadata, "entry_points", lambda **select: entries.select(**select)
    )
    with pytest.raises(SpecError, match="2 studies mine: first:STUDY, second:STUDY"):
        study.load("mine")
