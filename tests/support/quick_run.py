"""The main job, with few runs."""

from __future__ import annotations

from ablations.plan import Request

QUICK = Request(budget="quick", dataset="builtin")
