"""Checks of two-tower nets, computed in one process with four logical CPUs.

    python tests/support/two_tower_child.py FOLDER CHECK...

TensorFlow's devices are fixed before it computes anything, which other tests must not
see. Prints one JSON object: name of a check -> what was found, or {"error": traceback}.
"""

from __future__ import annotations

import json
import sys
import time
import traceback

import keras
import tensorflow as tf
import two_tower_crossings  # noqa: F401 - registers its checks
import two_tower_float16  # noqa: F401 - registers its checks
import two_tower_same_net  # noqa: F401 - registers its checks
from two_tower_checks import CHECKS

from alexnet_tf import two_tower


def run() -> None:
    two_tower.split_cpu(4)
    keras.utils.set_random_seed(0)
    tf.config.experimental.enable_op_determinism()
    # whatever is placed on a device that cannot have it fails
    tf.config.set_soft_device_placement(False)
    found = {}
    for name in sys.argv[2:]:
        begun = time.process_time(), time.time()
        try:
            found[name] = CHECKS[name]()
        except Exception:
            found[name] = {"error": traceback.format_exc()}
        spent = time.process_time() - begun[0], time.time() - begun[1]
        print(f"{name}: {spent[0]:.1f} s CPU, {spent[1]:.1f} s", file=sys.stderr)
        keras.utils.clear_session()
    print(json.dumps(found))


if __name__ == "__main__":
    run()
