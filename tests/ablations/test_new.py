"""`python -m ablations.new`: a study to start from, and what it refuses."""

from __future__ import annotations

import pytest

from ablations import new, plan, study
from ablations.study import Study
from alexnet_tf.spec import diff


def test_the_template_is_a_study_that_differs_in_one_field(tmp_path, capsys):
    assert new.main(["mine", "--out", str(tmp_path)]) == 0
    path = tmp_path / "mine.py"
    assert f"python -m ablations.run {path}" in capsys.readouterr().out
    made = study.load(str(path))
    assert isinstance(made, Study) and made.name == "mine"
    assert list(diff(*made.arms.values())) == ["train.momentum"]
    for name in made.budgets:
        request = plan.Request(budget=name)
        plan.check(made, request)
        assert plan.reported_runs(made, request, {})


def test_its_base_arm_is_shared_with_the_suite(tmp_path):
    mine, lrn = study.load(str(new.write("mine", tmp_path))), study.load("lrn")
    ids = [
        {run.experiment.run_id for run in plan.reported_runs(item, plan.Request(), {})}
        for item in (mine, lrn)
    ]
    assert len(ids[0] & ids[1]) == 2


@pytest.mark.parametrize(
    ("name", "why"),
    [("9lives", "word"), ("my-study", "word"), ("class", "word"), ("../x", "word"), ("ö", "word")]
    + [("lrn", "already"), *((name, "cannot be called") for name in ("all", "runs", "cache"))],
)
def test_a_name_that_cannot_be_a_study_is_refused_in_one_line(tmp_path, capsys, name, why):
    assert new.main([name, "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert why in said and said.count("\n") == 1 and not list(tmp_path.iterdir())


def test_an_existing_file_is_kept(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text("precious")
    assert new.main(["mine", "--out", str(tmp_path)]) == 2
    assert path.read_text() == "precious" and "exists" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_code_4(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert new.main(["mine", "--out", str(tmp_path / "file")]) == 4
    assert "file" in capsys.readouterr().err
