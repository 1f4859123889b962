"""The tensors that one run of a function sends between devices, from TensorFlow's own graphs.

After placement TensorFlow cuts a function into one graph a device, and puts a Send and a
Recv operation where a tensor leaves one and enters another: nothing else moves tensors.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import context

#: Operations that take the time: convolutions, matrix products and their gradients.
_HEAVY = ("Conv2DBackpropFilter", "Conv2DBackpropInput", "Conv2D", "MatMul")

#: (tensor, consumer) -> shape, None where it is unknown.
_Shapes = Callable[[str, str], tuple[int, ...] | None]


@dataclass(frozen=True)
class Send:
    """One tensor on its way between devices."""

    source: str  # device, such as "CPU:0"
    target: str
    tensor: str  # name of the operation that made it
    consumer: str  # name of the first operation that takes it
    dtype: str
    shape: tuple[int, ...] | None  # None: unknown

    @property
    def bytes(self) -> int | None:
        """Size of the tensor; None where the shape is unknown.

        >>> Send("GPU:0", "GPU:1", "pool2a", "xchg_conv3b", "float32", (128, 13, 13, 128)).bytes
        11075584
        """
        if self.shape is None:
            return None
        size = tf.as_dtype(self.dtype).size
        for extent in self.shape:
            size *= extent
        return size


@dataclass(frozen=True)
class Step:
    """Tensors that one run sent, and how often each device had a heavy operation to do.

    Heavy are convolutions, matrix products and the gradients of convolutions.
    """

    sends: tuple[Send, ...]
    heavy: dict[str, dict[str, int]]  # device -> operation -> count


def observe(run: Callable[[], Any]) -> Step:
    """Run a `tf.function` that has never run before and return what it sent.

    The function must have a convolution or matrix product in it. While it runs, TensorFlow's
    graph optimisations are off, so that operations keep their names.

    Args:
        run: calls the function.

    Returns:
        The tensors of every graph with a heavy operation; the input pipeline is left out.

    Raises:
        RuntimeError: no such graph was made, since the function had already run.
    """
    eager: Any = context.context()
    with _unoptimised():
        eager.enable_run_metadata()
        try:
            # TensorFlow kept the graphs of what ran earlier and hands them out with the next
            tf.add(1, 1)
            eager.export_run_metadata()
            run()
            metadata = eager.export_run_metadata()
        finally:
            eager.disable_run_metadata()
    sends: list[Send] = []
    heavy: Counter[tuple[str, str]] = Counter()
    for graphs in metadata.function_graphs:
        nodes = [node for graph in graphs.partition_graphs for node in graph.node]
        done = [(_short(node.device), kind) for node in nodes if (kind := _heavy_kind(node))]
        if not done:
            continue  # initialisers and the input pipeline, whose threads run beside the step
        heavy.update(done)
        shapes = _shapes(graphs.post_optimization_graph)
        sends += [_send(node, shapes) for node in nodes if _is_data_sent(node)]
    if not heavy:
        raise RuntimeError("no graph of a training step was collected: it had already run")
    devices = sorted({device for device, _ in heavy})
    counts = {d: {kind: heavy[d, kind] for kind in _HEAVY if heavy[d, kind]} for d in devices}
    return Step(tuple(sends), counts)


@contextlib.contextmanager
def _unoptimised() -> Iterator[None]:
    """Keep each operation under the name that it was made with."""
    before = tf.config.optimizer.get_experimental_options()
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    try:
        yield
    finally:
        # an option once set cannot be removed, only be given its default
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False, **before})


def _heavy_kind(node: Any) -> str | None:
    # oneDNN's have names such as _MklNativeConv2DBackpropInput
    return next((kind for kind in _HEAVY if kind in node.op), None)


def _is_data_sent(node: Any) -> bool:
    if node.op not in ("_Send", "_HostSend"):
        return False
    if node.attr["send_device"].s == node.attr["recv_device"].s:
        return False
    # an empty tensor that says no more than "done"
    only_order = "/ctrl/" in node.input[0] or "GroupCrossDeviceControlEdges" in node.input[0]
    return not only_order


def _send(node: Any, shapes: _Shapes) -> Send:
    return Send(
        source=_short(node.attr["send_device"].s.decode()),
        target=_short(node.attr["recv_device"].s.decode()),
        tensor=node.input[0],
        consumer=node.attr["_dst"].s.decode(),
        dtype=tf.as_dtype(node.attr["T"].type).name,
        shape=shapes(node.input[0], node.attr["_dst"].s.decode()),
    )


def _shapes(definition: Any) -> _Shapes:
    """Return a function from the names of a tensor and its consumer to the tensor's shape."""
    graph, copy = tf.Graph(), type(definition)()
    copy.CopyFrom(definition)
    for node in copy.node:
        node.attr.pop("_class", None)  # colocation with a node that was optimised away
    with graph.as_default(), contextlib.suppress(ValueError):
        tf.import_graph_def(copy, name="")

    def shape(tensor: str, consumer: str) -> tuple[int, ...] | None:
        try:
            name = tensor if ":" in tensor else f"{tensor}:0"
            found: Any = [graph.get_tensor_by_name(name).shape]
        except (KeyError, ValueError):
            # oneDNN fuses operations later: one with a bias has the bias' gradient too. A
            # consumer such as AddN, whose inputs are all of one shape, still tells it.
            try:
                found = [taken.shape for taken in graph.get_operation_by_name(consumer).inputs]
            except (KeyError, ValueError):
                return None
        if any(not one.is_fully_defined() for one in found):
            return None
        different = {tuple(one.as_list()) for one in found}
        return different.pop() if len(different) == 1 else None

    return shape


def _short(device: str) -> str:
    return device.rpartition("device:")[2]
