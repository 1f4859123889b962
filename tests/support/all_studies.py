"""Every study, and each distinct net of them once."""

from __future__ import annotations

from ablations import study

STUDIES = {name: study.load(name) for name in study.names()}
SCORES = {name: item for name, item in STUDIES.items() if item.outcome is None}
