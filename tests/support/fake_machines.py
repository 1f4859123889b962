"""Machines of a cluster in this process, which a test can lose, silence and let come back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ablations.execution.remote import LostError, Node, UnfitError
from ablations.execution.slot import Hello, Slot


@dataclass
class FakeSlot:
    """A slot that answers at once; what it does is done by a real `Slot` in this process."""

    machines: FakeMachines
    node: str
    slot: Slot = field(default_factory=lambda: Slot(0))
    result: Any = None

    def ask(self, method: str, *arguments: Any) -> None:
        if self.node in self.machines.silent or self.node in self.machines.dead:
            self.result = None
        elif method == "hello":
            found = self.slot.hello(*arguments)
            onednn = self.machines.onednn.get(self.node, "1")
            self.result = Hello(host=self.node, fingerprint={**found.fingerprint, "onednn": onednn})
        else:
            if method == "start":
                self.machines.began.append((self.node, arguments[0].log.parent.name))
            try:
                self.result = getattr(self.slot, method)(*arguments)
            except OSError as error:
                self.result = error

    def answer(self) -> Any:
        if self.node in self.machines.dead:
            raise LostError("its process ended")
        if self.node in self.machines.silent:
            return None
        if isinstance(self.result, OSError):
            raise UnfitError(str(self.result))
        found, self.result = self.result, None
        return found

    def close(self) -> None:
        self.slot.close()


@dataclass
class FakeMachines:
    """The machines `names`, each with slots; a dead one is listed as alive until `unlisted`."""

    names: list[str]
    slots: int = 1
    dead: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    unlisted: set[str] = field(default_factory=set)
    onednn: dict[str, str] = field(default_factory=dict)  # machine -> its setting; else "1"
    began: list[tuple[str, str]] = field(default_factory=list)  # machine, folder's name
    opened: list[FakeSlot] = field(default_factory=list)

    def alive(self) -> dict[str, Node]:
        there = [name for name in self.names if name not in self.unlisted]
        return {name: Node(name=name, slots=self.slots) for name in there}

    def slot_on(self, node: str) -> FakeSlot:
        self.opened.append(FakeSlot(self, node))
        self.opened[-1].ask("hello", 1)
        return self.opened[-1]


#: A training that counts epochs in `epoch_*.state`, one every 0.1 s, and ends with what it counted.
#: Its arguments: folder, epochs, exit code; 3 is told in words, 99 waits for a minute.
COUNTING = """
import json, os, sys, time
folder, epochs, code = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.chdir(folder)
states = sorted(name for name in os.listdir() if name.endswith(".state"))
done = json.loads(open(states[-1]).read().splitlines()[1])["done"] if states else []
if code == 99:
    time.sleep(60)
if code:
    print("counting: no data here", file=sys.stderr)
    sys.exit(code)
begun = len(done)
for epoch in range(begun + 1, epochs + 1):
    time.sleep(0.1)
    done.append(epoch)
    with open("new", "w") as file:
        file.write("hash\\n" + json.dumps({"done": done, "environment": {}}) + "\\n")
    os.replace("new", "epoch_%05d.state" % epoch)
    print(json.dumps({"event": "epoch", "epoch": epoch, "begun": begun}), flush=True)
with open("new", "w") as file:
    json.dump({"done": done, "begun": begun}, file)
os.replace("new", "result.json")
"""


def counted(folder: Path) -> dict[str, Any]:
    """What a training of COUNTING left."""
    return json.loads((folder / "result.json").read_text())
