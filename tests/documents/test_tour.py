"""The notebook: its cells run in order, and what it shows is small and was made by them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import tiny

NOTEBOOK = tiny.ROOT / "docs" / "tour.ipynb"
BOOK: dict[str, Any] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
CELLS = ["".join(cell["source"]) for cell in BOOK["cells"] if cell["cell_type"] == "code"]

#: In place of the notebook's numbers of images, which train for a minute.
FEW = '"data.train_images": 200, "data.test_images": 50, "train.epochs": 8'


def test_every_cell_runs(tmp_path: Path):
    code = f"import os\nimport matplotlib\nmatplotlib.use('Agg')\nos.chdir({str(tmp_path)!r})\n"
    cells = "\n".join(CELLS)
    few = cells.replace('"data.train_images": 1000, "data.test_images": 500', FEW)
    assert few != cells
    code += few
    ended = tiny.python(code)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "tour-reports" / "relu_vs_tanh" / "index.html").exists()


def test_outputs_are_kept_and_small():
    assert NOTEBOOK.stat().st_size < 1_000_000
    outputs = [cell["outputs"] for cell in BOOK["cells"] if cell["cell_type"] == "code"]
    kinds = {kind for cell in outputs for one in cell for kind in one.get("data", {})}
    assert {"image/png", "text/html"} <= kinds
    assert not [one for cell in outputs for one in cell if one["output_type"] == "error"]
    assert sys.platform not in NOTEBOOK.read_text(encoding="utf-8")
