"""Machines of a Ray cluster; the only module that imports Ray, an optional package.

A slot is an actor that holds its cores, or its GPUs, on one machine. Actors end with the process
that made them: after a kill of this one no run goes on that nobody listens to.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ablations.execution.cluster import Cluster
from ablations.execution.remote import LostError, Node, UnfitError
from ablations.execution.slot import Slot
from alexnet_tf.errors import DeviceError

_AGAIN = 1.0  # seconds before a question is asked again that a machine could not take


def connect(
    address: str,
    *,
    threads: int,
    gpus: int = 0,
    tell: Callable[[str], None] = lambda words: None,
) -> Cluster:
    """Join a Ray cluster as its driver and return what computes on it.

    Args:
        address: "HOST:PORT" of the cluster's head, or "auto" for the one of this machine. This
            machine must be one of the cluster, if only with `ray start --num-cpus=0`.
        threads: cores that a slot takes.
        gpus: GPUs that a slot takes; 0: it takes none and its children see none.
        tell: called with a line of text when a machine is lost, or cannot compute.

    Raises:
        ModuleNotFoundError: Ray is not installed.
        DeviceError: nothing answers at the address, or the token is wrong; within 30 seconds.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # else what Ray thinks of a lost machine comes between the lines of this program
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".*")
    try:
        ray = importlib.import_module("ray")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "Ray is not installed. Leave --cluster out, or: "
            "pip install 'alexnet-ablations[cluster]'"
        ) from error
    with tempfile.TemporaryFile() as said:
        try:
            if ray.is_initialized():  # by the caller, in Python
                return Cluster(_RayMachines(ray, threads, gpus), tell)
            with _error_output_to(said.fileno()):
                ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            said.seek(0)
            raise DeviceError(_refused(address, said.read(), error)) from error
    return Cluster(_RayMachines(ray, threads, gpus), tell)


def _refused(address: str, said: bytes, error: Exception) -> str:
    """Return in one line why there is no connection."""
    if b"AuthToken" in said or b"nauthenticated" in said or "oken" in str(error):
        return (
            f"the Ray cluster at {address} refuses this token. Set RAY_AUTH_MODE=token and "
            "RAY_AUTH_TOKEN, or RAY_AUTH_TOKEN_PATH, as on its head"
        )
    why = " ".join(str(error).split())[:200]
    return f"no Ray cluster at {address} ({why}). Start one: ray start --head, see docs/cluster.md"


@contextlib.contextmanager
def _error_output_to(descriptor: int) -> Iterator[None]:
    """Send what libraries write on standard error to a file, for a moment."""
    kept = os.dup(2)
    try:
        os.dup2(descriptor, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


class _RayMachines:
    """The machines of a Ray cluster, as `remote.Machines`."""

    def __init__(self, ray: Any, threads: int, gpus: int):
        self.ray, self.threads, self.gpus = ray, threads, gpus
        self.actor = ray.remote(Slot)
        self.strategies = importlib.import_module("ray.util.scheduling_strategies")

    def alive(self) -> dict[str, Node]:
        """Return id -> machine, of those that have room for a slot at least."""
        found = [node for node in self.ray.nodes() if node["Alive"]]
        several = Counter(node["NodeManagerAddress"] for node in found)
        nodes: dict[str, Node] = {}
        for node in found:
            key, name = node["NodeID"], node["NodeManagerAddress"]
            name = name if several[name] == 1 else f"{name}/{key[:6]}"
            if slots := self._slots(node["Resources"]):
                nodes[key] = Node(name=name, slots=slots)
        return nodes

    def slot_on(self, node: str) -> _RaySlot:
        """Make an actor on the machine; it waits there until its cores are free."""
        where = self.strategies.NodeAffinitySchedulingStrategy(node_id=node, soft=False)
        actor = self.actor.options(
            num_cpus=self.threads, num_gpus=self.gpus, scheduling_strategy=where
        ).remote(self.gpus)
        slot = _RaySlot(self.ray, actor)
        slot.ask("hello", self.threads)
        return slot

    def _slots(self, resources: Mapping[str, float]) -> int:
        count = int(resources.get("CPU", 0)) // self.threads
        return min(count, int(resources.get("GPU", 0)) // self.gpus) if self.gpus else count


class _RaySlot:
    """An actor, as `remote.Remote`."""

    def __init__(self, ray: Any, actor: Any):
        self.ray, self.actor = ray, actor
        self.question: tuple[str, tuple[Any, ...]] = "", ()
        self.after = 0.0  # when the question is asked again

    def ask(self, method: str, *arguments: Any) -> None:
        """Call a method of the slot."""
        self.question = method, arguments
        self.reference: Any = getattr(self.actor, method).remote(*arguments)

    def answer(self) -> Any:
        """Return the answer, as `remote.Remote.answer`."""
        if self.reference is None:
            if time.monotonic() >= self.after:
                self.ask(self.question[0], *self.question[1])
            return None
        ready, _ = self.ray.wait([self.reference], timeout=0)
        if not ready:
            return None
        errors = self.ray.exceptions
        try:
            return self.ray.get(self.reference, timeout=10)
        except (errors.ActorUnavailableError, errors.GetTimeoutError):
            self.reference, self.after = None, time.monotonic() + _AGAIN
            return None
        except errors.RayTaskError as error:
            raise UnfitError(" ".join(str(error.cause or error).split())[:300]) from error
        except errors.RayError as error:
            raise LostError(type(error).__name__) from error

    def close(self) -> None:
        """Stop the child and end the actor."""
        with contextlib.suppress(self.ray.exceptions.RayError):
            self.actor.close.remote()
            self.actor.__ray_terminate__.remote()
