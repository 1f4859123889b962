"""The network of "ImageNet Classification with Deep Convolutional Neural Networks" (2012)."""

from typing import Any

#: Public name -> where it is defined: loaded on first use, since TensorFlow takes seconds.
_PUBLIC = {
    "build_alexnet": "alexnet_tf.model",
    "build_two_tower": "alexnet_tf.two_tower",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        import importlib

        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'alexnet_tf' has no attribute '{name}'")
