"""The optional packages of the baselines, imported here alone."""

from __future__ import annotations

import importlib
from typing import Any

from alexnet_tf.errors import ENVIRONMENT, UserError


class MissingPackageError(UserError, RuntimeError):
    """An optional package is not installed; the message says how to install it. Exit code 4."""

    exit_code = ENVIRONMENT


def require_all() -> None:
    """Refuse to begin where one of the packages is missing.

    Raises:
        MissingPackageError: as `optional` does.
    """
    for module in ("sklearn.cluster", "sklearn.decomposition", "skimage.feature"):
        optional(module)


def optional(module: str) -> Any:
    """Return a module of scikit-learn or scikit-image.

    Args:
        module: its full name, "sklearn.cluster" for instance.

    Raises:
        MissingPackageError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"{error.name or module} is not installed, which the baselines need. Install it with: "
            "pip install 'alexnet-ablations[baselines]'"
        ) from error
