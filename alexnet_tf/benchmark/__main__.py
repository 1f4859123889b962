"""Lets `python -m alexnet_tf.benchmark` run the command."""

import sys

from alexnet_tf.benchmark.command import main

if __name__ == "__main__":
    sys.exit(main())
