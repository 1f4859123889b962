"""Figures: how they look, and one module for each kind."""
