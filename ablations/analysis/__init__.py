"""Records in, tables and verdicts out: NumPy, SciPy and pandas; no files, no drawing."""
