"""Studies that measure the claims of the AlexNet paper.

python -m ablations.run lrn       on the command line
ablations.run("lrn", seeds=2)     in Python: the table of its runs
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import alexnet_tf  # noqa: F401 - answers signals while the modules of a command are loaded

if TYPE_CHECKING:
    from ablations.api import run as run
else:

    def __getattr__(name: str) -> Any:
        # when it is asked for: planning and reports load this package, and must stay light
        if name == "run":
            import importlib

            return importlib.import_module("ablations.api").run
        raise AttributeError(f"module 'ablations' has no attribute {name!r}")
