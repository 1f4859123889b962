"""Studies from outside: files, installed packages, the tutorial, and the use from Python."""

from __future__ import annotations

import importlib
import importlib.metadata
import re
import shlex
import sys
from pathlib import Path

import pytest
import tiny

import ablations
from ablations import plan, study
from ablations.cli import command, options
from ablations.execution import store
from ablations.study import external
from alexnet_tf.errors import SpecError

TUTORIAL = (tiny.ROOT / "docs" / "your-own-study.md").read_text(encoding="utf-8")

MINIMAL = """
import dataclasses
from ablations.studies.lrn import STUDY as LRN
STUDY = dataclasses.replace(LRN, name="{name}")
"""


def written(folder: Path, text: str, name: str = "mine") -> str:
    path = folder / f"{name}.py"
    path.write_text(text)
    return str(path)


# --- files --------------------------------------------------------------------------------


def test_a_file_is_a_study(tmp_path):
    assert study.load(written(tmp_path, MINIMAL.format(name="mine"))).name == "mine"


def test_a_file_of_the_suite_is_the_suites_study():
    path = tiny.ROOT / "ablations" / "studies" / "lrn.py"
    assert study.load(str(path)).arms == study.load("lrn").arms


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\n", "has no STUDY"),
        ("STUDY = 3\n", "Received: int"),
        (MINIMAL.format(name="other"), "`name` must be 'mine'"),
        ("\n\nimport no_such_module\n", "mine.py, line 3: ModuleNotFoundError: No module"),
        ("x = 1\ny = (\n", "mine.py, line 2: SyntaxError"),
        ("x = 1\n1 / 0\n", "mine.py, line 2: ZeroDivisionError"),
        ("import sys\nsys.exit()\n", "mine.py, line 2: SystemExit"),
        ("import sys\nsys.exit('the disk\\nis full')\n", "line 2: SystemExit: the disk"),
        ("import dataclasses\n" + MINIMAL.format(name="mine") + "STUDY.x.y\n", "line 6"),
        (
            "from alexnet_tf.spec import CIFAR_ALEXNET, replace\n"
            "replace(CIFAR_ALEXNET, {'train.epoch': 3})\n",
            "line 2: no field 'train.epoch'. Did you mean 'epochs'?",
        ),
    ],
)
def test_a_file_that_is_no_study_is_told_in_one_line(tmp_path, capsys, text, words):
    path = written(tmp_path, text)
    assert command.main([path, "--plan"]) == 2
    said = capsys.readouterr().err
    assert words in said and path in said and said.count("\n") == 1


def test_a_missing_file_and_a_forgotten_ending_say_what_to_type(tmp_path, monkeypatch):
    with pytest.raises(SpecError, match="python -m ablations.new nowhere"):
        study.load("./nowhere.py")
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "")
    with pytest.raises(SpecError, match=re.escape("type ./mine.py")):
        study.load("mine")


def test_a_file_cannot_take_the_name_of_a_study_of_the_suite(tmp_path):
    with pytest.raises(SpecError, match="Choose another name"):
        study.load(written(tmp_path, MINIMAL.format(name="lrn"), "lrn"))


def test_ctrl_c_while_a_file_is_read_is_no_fault_of_the_file(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        study.load(written(tmp_path, "raise KeyboardInterrupt"))


@pytest.mark.parametrize("name", ["all", *("runs", "cache")])
def test_a_study_cannot_take_the_name_of_a_folder_of_the_records(tmp_path, name):
    assert store.folder(tmp_path, "x").parent.name == "runs"
    assert store.cache(tmp_path).name == "cache"
    with pytest.raises(SpecError, match=f"cannot be called '{name}'"):
        study.load(written(tmp_path, MINIMAL.format(name=name), name))


# --- installed packages -------------------------------------------------------------------


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a package with one study."""

    def installed(text: str) -> None:
        package = tmp_path / "my_package_of_studies"
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "mine.py").write_text(text)
        facts = tmp_path / "my_package_of_studies-1.0.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text("Name: my_package_of_studies\nVersion: 1.0\n")
        entry = "mine = my_package_of_studies.mine:STUDY"
        (facts / "entry_points.txt").write_text(f"[{external.GROUP}]\n{entry}\n")
        for module in ("my_package_of_studies", "my_package_of_studies.mine"):
            monkeypatch.delitem(sys.modules, module, raising=False)
        monkeypatch.syspath_prepend(str(tmp_path))

    return installed


def test_an_installed_study_is_one_of_all(install, capsys):
    install(MINIMAL.format(name="mine").replace('name="mine"', 'name="mine", claim_ids=()'))
    assert "mine" in study.names() and study.load("mine").name == "mine"
    assert command.main(["--list"]) == 0
    assert "mine (section 3.3; the paper: +1.4 points)" in capsys.readouterr().out


def test_an_installed_study_that_is_broken_names_itself(install):
    install("import no_such_module")
    with pytest.raises(SpecError, match=r"installed study mine \(my_package_of_studies.mine:STUDY"):
        study.load("mine")


def test_an_installed_study_that_ends_the_program_names_itself(install):
    install("raise SystemExit(7)")
    with pytest.raises(SpecError, match="installed study mine .*SystemExit: 7"):
        study.load("mine")


# --- the tutorial -------------------------------------------------------------------------


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TUTORIAL, flags=re.M | re.S)


def test_the_tutorial_adds_a_study_in_ten_lines(tmp_path, monkeypatch):
    text = blocks("python")[0]
    assert len([line for line in text.splitlines() if line.strip()]) <= 10
    named = re.search(r"Write this to `(\w+\.py)`", TUTORIAL)
    assert named is not None
    monkeypatch.chdir(tmp_path)
    Path(named[1]).write_text(text)
    made = study.load(f"./{named[1]}")
    plan.check(made, plan.Request(dataset="builtin"))
    assert len(plan.reported_runs(made, plan.Request(dataset="builtin"), {})) == 4
    assert made.paper_value == "no number" and made.claim


def test_every_command_of_the_tutorial_is_understood(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("momentum.py").write_text(blocks("python")[0])
    lines = [shlex.split(line) for block in blocks("sh") for line in block.splitlines()]
    assert len(lines) >= 5
    for words in lines:
        assert words[:3] == ["python", "-m", "ablations.run"]
        for name in options.parse(words[3:]).studies:
            assert name == "all" or study.load(name)


def test_the_tutorial_names_the_entry_point_group():
    assert f'[project.entry-points."{external.GROUP}"]' in blocks("toml")[0]


# --- from Python --------------------------------------------------------------------------


def test_a_study_runs_from_python_and_gives_the_table_of_its_runs(tmp_path, started):
    runs = ablations.run("relu_vs_tanh", seeds=1, dataset="builtin", out=tmp_path)
    assert list(runs.arm) == ["relu", "tanh"]
    assert set(runs.status) == {"done"} and len(started) == 2
    again = ablations.run(
        study=study.load("relu_vs_tanh"), seeds=1, dataset="builtin", out=tmp_path
    )
    assert again.equals(runs) and len(started) == 2
    assert (tmp_path / "relu_vs_tanh" / "index.html").exists()


def test_python_gets_errors_and_not_exit_codes(tmp_path):
    with pytest.raises(SpecError, match="'lrn'"):
        ablations.run("lnr", out=tmp_path)
    with pytest.raises(SpecError, match="batch_size"):
        ablations.run("lrn", out=tmp_path, settings={"train.bach_size": 3})


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"dataset": "imagnet"}, "--dataset has no 'imagnet'. Did you mean 'imagenet'"),
        ({"jobs": 0}, "--jobs must be"),
        ({"threads": 0}, "--threads must be"),
        ({"threads": -1, "jobs": 1}, "--threads must be"),
        ({"seeds": 0}, "--seeds must be"),
        ({"seeds": 2.0}, "--seeds must be a whole number"),
    ],
)
def test_python_is_told_of_a_wrong_number_or_data_set_before_anything_happens(
    tmp_path, monkeypatch, wrong, words
):
    monkeypatch.setattr("ablations.suite.perform", lambda *arguments: pytest.fail("was run"))
    for name in ("lrn", "ensemble"):  # one has arms that are compared
        with pytest.raises(SpecError, match=words) as error:
            ablations.run(name, **{"out": tmp_path / "out", "dataset": "builtin", **wrong})
        assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_the_name_of_the_command_and_of_the_function_are_one():
    code = (
        "import ablations\n"
        "assert callable(ablations.run)\n"
        "import ablations.run\n"
        "assert callable(ablations.run)\n"
        "from ablations import run\n"
        "try:\n    run('lnr')\n"
        "except ValueError as error:\n    print(error)\n"
    )
    assert "Did you mean 'lrn'" in tiny.python(code).stdout
    assert callable(importlib.import_module("ablations.run"))
    assert not hasattr(ablations, "rum")
