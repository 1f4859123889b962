"""Run studies from the command line, and `ablations.run(...)` in Python.

python -m ablations.run relu_vs_tanh
"""

from __future__ import annotations

import sys
from types import ModuleType

from ablations.api import run
from ablations.cli.command import main
from alexnet_tf.errors import leave


class _Callable(ModuleType):
    """Importing this module puts it in the place of the function `ablations.run`: it is both."""

    __call__ = staticmethod(run)


if __name__ == "__main__":
    leave(main())

sys.modules[__name__].__class__ = _Callable
