"""Write a working study of the user's own to start from.

python -m ablations.new my_study
"""

from __future__ import annotations

import keyword
import sys
from collections.abc import Sequence
from pathlib import Path

from ablations import study
from ablations.study.declared import check_name
from alexnet_tf import files, terminal
from alexnet_tf.command_line import Parser
from alexnet_tf.errors import SpecError, exit_code

_TEMPLATE = '''\
"""What this study asks, in one sentence.

    python -m ablations.run ./{name}.py

Change `arms` first: `replace` takes any field of the spec, `python -m ablations.run
./{name}.py --probe` shows what each arm changes and costs.
"""

from ablations.budgets import ALEXNET, SMALL_ALEXNET, SMALL_NET
from ablations.study import Comparison, Study
from alexnet_tf.spec import replace

STUDY = Study(
    name="{name}",  # as the file
    title="Less momentum",
    claim="A net trained with a momentum of 0.5 errs more than one with 0.9.",
    claim_ids=(),
    section="5",  # of the paper
    limits=SMALL_NET,
    arms={{
        "paper": SMALL_ALEXNET,
        "changed": replace(SMALL_ALEXNET, {{"train.momentum": 0.5}}),
    }},
    labels={{"paper": "momentum 0.9", "changed": "momentum 0.5"}},
    budgets=ALEXNET,  # quick: 2 seeds, no verdict; standard: 8 or more
    comparisons=(
        Comparison(
            name="changed",
            baseline="paper",
            variant="changed",
            claimed="higher",  # where the claim puts the variant's error; or "lower", "equal"
            smallest=0.5,  # points of error that would matter, and why:
            argued="half a point is what I would give up the higher momentum for",
        ),
    ),
)
'''


def main(argv: Sequence[str] | None = None) -> int:
    """Write the file and print the command that shows its arms.

    Returns:
        0; 2 where the name cannot be a study's or is taken; 4 where the file cannot be written.
    """
    return exit_code("ablations.new", lambda: _new(argv))


def _new(argv: Sequence[str] | None) -> int:
    parser = Parser(
        "ablations.new", "Write a working study NAME.py to start from. An existing file is kept."
    )
    parser.add_argument("name", metavar="NAME", help="a word in small letters, e.g. my_study")
    parser.add_argument("--out", type=Path, default=Path("."), metavar="DIR", help="its folder")
    given = parser.parse(argv)
    path = write(given.name, given.out)
    shown = path if path.is_absolute() else f"./{path}"
    terminal.console().print(f"wrote {path}\nnext: python -m ablations.run {shown} --probe")
    return 0


def write(name: str, folder: Path) -> Path:
    """Write the template and return its path.

    The study written compares two values of momentum and runs as it stands.

    Args:
        name: of the study and of the file; a Python identifier of ASCII letters.
        folder: is created where it is not there.

    Raises:
        SpecError: the name cannot be a study's, or the file exists.
        OSError: it cannot be written.
    """
    if not name.isidentifier() or not name.isascii() or keyword.iskeyword(name):
        raise SpecError(
            f"a study's name must be a word of letters, digits and _, no digit first. "
            f"Received: {name!r}"
        )
    check_name(name)
    if name in study.names():
        raise SpecError(f"there is a study '{name}' already. Choose another name.")
    path = folder / f"{name}.py"
    if path.exists():
        raise SpecError(f"{path} exists and is kept. Choose another name, or remove it first.")
    files.write_atomic(path, _TEMPLATE.format(name=name).encode())
    return path


if __name__ == "__main__":
    sys.exit(main())
