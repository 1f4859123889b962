"""What decides the bits of a process beside the spec: threads, order of sums, digits of a GPU.

TensorFlow takes these settings before it computes anything, so that a process has one of each.
"""

from __future__ import annotations

import contextlib

import tensorflow as tf

from alexnet_tf.errors import EnvironmentChangedError
from alexnet_tf.spec import Precision


def pin(*, threads: int, precision: Precision = "float32") -> None:
    """Pin the number of threads, the order of sums, and how a GPU multiplies float32 numbers.

    Args:
        threads: of an operation, and of operations side by side; at least 1.
        precision: of the net that the process computes.

    Raises:
        EnvironmentChangedError: TensorFlow already computes with another number of threads.
    """
    threading = tf.config.threading
    try:
        threading.set_intra_op_parallelism_threads(threads)
        threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError as error:
        if threading.get_intra_op_parallelism_threads() != threads:
            raise EnvironmentChangedError(
                f"TensorFlow already runs with another number of threads than {threads}. "
                "Train in a fresh process."
            ) from error
    tf.config.experimental.enable_op_determinism()
    set_up_gpus(precision)


def set_up_gpus(precision: Precision = "float32") -> None:
    """Have GPUs multiply float32 numbers as such, and take memory as they need it.

    NVIDIA GPUs from 2020 on round the factors of float32 products to TensorFloat-32, 10 bits
    after the point in place of 23, unless they are told otherwise: here only the precision
    "tensorfloat32" lets them. With memory taken as it is needed several processes can share a GPU.

    Args:
        precision: of the net that the process computes.
    """
    tf.config.experimental.enable_tensor_float_32_execution(precision == "tensorfloat32")
    for gpu in tf.config.list_physical_devices("GPU"):
        # one in use has what memory it was given: that changes no number
        with contextlib.suppress(RuntimeError):
            tf.config.experimental.set_memory_growth(gpu, True)
