"""Runs as child processes, their folders, and what they cost. Nothing else starts processes."""
