"""Lets `python -m ablations.baselines` run the command."""

import sys

from ablations.baselines.command import main

if __name__ == "__main__":
    sys.exit(main())
