"""The network of "ImageNet Classification with Deep Convolutional Neural Networks" (2012)."""

import os
import signal
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


def _stop_while_loading() -> None:
    """Have SIGTERM end this process with exit code 75 and Ctrl-C with one line, from now on.

    A command sets its own answers when its modules are loaded, which takes up to seconds; the
    answers of Python until then are exit code -15 and a traceback.
    """
    traceback = sys.excepthook

    def without_traceback(kind: type[BaseException], error: BaseException, where: Any) -> None:
        if issubclass(kind, KeyboardInterrupt):
            print("interrupted", file=sys.stderr)
        else:
            traceback(kind, error, where)

    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(75))
    sys.excepthook = without_traceback


# `python -m` loads the package of its module under this name
if sys.argv[:1] == ["-m"] and {"ablations", "alexnet_tf"} & {
    word.partition(".")[0] for word in sys.orig_argv
}:
    _stop_while_loading()

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
