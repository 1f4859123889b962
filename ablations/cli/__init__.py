"""The command line of `python -m ablations.run`."""
