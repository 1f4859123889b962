"""Prepare a data set, check it, and say what was found.

    python -m alexnet_tf.data cifar10 --data-dir ~/tensorflow_datasets
    python -m alexnet_tf.data imagenet --data-dir prepared/

Downloads CIFAR-10 if it is not there yet; photographs are only checked, after
`python -m alexnet_tf.data.prepare` made the folder. The last line printed is one JSON object:
data set, example counts, fingerprint and source.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from alexnet_tf.command_line import Parser
from alexnet_tf.data import cifar10
from alexnet_tf.data.load import load
from alexnet_tf.errors import SpecError, exit_code
from alexnet_tf.values import nearest

_NAMES = ["builtin", "cifar10", "imagenet"]


def main(argv: Sequence[str] | None = None) -> int:
    """Prepare, check, describe; return 0, 2 (usage), 3 (data) or 4 (disk).

    Args:
        argv: the arguments; None: those of the process.
    """
    return exit_code("alexnet_tf.data", lambda: _describe(argv))


def _describe(argv: Sequence[str] | None) -> int:
    parser = Parser("alexnet_tf.data", __doc__)
    parser.add_argument("dataset", help="cifar10, builtin or imagenet")
    parser.add_argument(
        "--data-dir", type=Path, help="tensorflow-datasets folder, or that of prepared photographs"
    )
    parser.add_argument("--cache", type=Path, help="folder for a decoded copy")
    options = parser.parse(argv)
    name = options.dataset
    if name not in _NAMES:
        raise SpecError(f"no data set '{name}'.{nearest(name, _NAMES)}")
    if name == "cifar10" and not cifar10.is_prepared(options.data_dir):
        cifar10.download(options.data_dir)
    images = load(name, data_dir=options.data_dir, cache=options.cache)
    facts = {
        "dataset": images.name,
        "synthetic": images.synthetic,
        "train_images": len(images.train_labels),
        "test_images": len(images.test_labels),
        "fingerprint": images.fingerprint(),
        "source": images.source,
    }
    print(json.dumps(facts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
