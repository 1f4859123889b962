"""The network of "ImageNet Classification with Deep Convolutional Neural Networks" (2012)."""

import os
import sys
from typing import Any

# Read by TensorFlow when it is loaded; what the user has set stays. Without oneDNN, which
# is off by default where the processor lacks AVX-512 VNNI, a training takes three times
# the CPU seconds; its start-up lines are not for users.
if "tensorflow" not in sys.modules:
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# A user's keras.json may name another; what Keras was loaded with already stays.
if "keras" not in sys.modules:
    os.environ["KERAS_BACKEND"] = "tensorflow"

#: Public name -> where it is defined: loaded on first use, since TensorFlow takes seconds.
_PUBLIC = {
    "build_alexnet": "alexnet_tf.model",
    "build_two_tower": "alexnet_tf.two_tower",
    "load": "alexnet_tf.trained_net",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        import importlib

        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'alexnet_tf' has no attribute '{name}'")
