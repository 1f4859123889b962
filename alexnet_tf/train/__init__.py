"""One training: the loop, its state on disk, the rates, and the record it leaves.

from alexnet_tf.train import train
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alexnet_tf.train.run import train as train
else:

    def __getattr__(name: str) -> Any:
        # on first use: the analysis asks for the schedule alone, without TensorFlow
        if name == "train":
            import importlib

            return importlib.import_module("alexnet_tf.train.run").train
        raise AttributeError(f"module 'alexnet_tf.train' has no attribute {name!r}")
