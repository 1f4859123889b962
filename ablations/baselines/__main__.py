"""Lets `python -m ablations.baselines` run the command."""

from ablations.baselines.command import main
from alexnet_tf.errors import leave

if __name__ == "__main__":
    leave(main())
