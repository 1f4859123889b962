"""Make a run's folder of weights that others have published.

    python -m alexnet_tf.weights bvlc_alexnet.npy --out runs/bvlc
    python -m alexnet_tf.weights caffenet.npy --net CAFFENET --out runs/caffenet

Caffe's .caffemodel, .npy and .npz, and torchvision's .pth, .pt, .safetensors and .npz are read;
nothing in them is run. The folder is for evaluate and inspect_net. The last line printed is one
JSON object: the folder, the run id, the classes, the parameters, and where they are from.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from alexnet_tf import terminal
from alexnet_tf.command_line import Parser
from alexnet_tf.errors import exit_code
from alexnet_tf.spec import preset_or_file
from alexnet_tf.weights.net import read, write_run


def main(argv: Sequence[str] | None = None) -> int:
    """Read a file of weights and write a run; return 0, 2 (usage), 3 (file), 4 (disk) or 5.

    Args:
        argv: the arguments; None: those of the process.
    """
    return exit_code("alexnet_tf.weights", lambda: _write(argv))


def _write(argv: Sequence[str] | None) -> int:
    parser = Parser("alexnet_tf.weights", __doc__)
    parser.add_argument("file", type=Path, help="file of weights")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--net", help="BVLC_ALEXNET, CAFFENET, TORCHVISION_ALEXNET, or a spec as JSON"
    )
    given = parser.parse(argv)
    net = read(given.file, None if given.net is None else preset_or_file(given.net))
    record = write_run(net, given.out)
    model = net.experiment.model
    facts = {
        "out": str(given.out),
        "run_id": record.run_id,
        "classes": model.classes,
        "parameters": model.parameters(),
        "origin": net.origin,
    }
    terminal.console().print(f"{net.origin}.")
    print(json.dumps(facts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
