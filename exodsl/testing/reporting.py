"""What a process that a test session started saw of its runs; the session adds it up at its end."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from exodsl.dsl.body import Body
from exodsl.manager.protocol import StateManager
from exodsl.template.models import GraphTemplate
from exodsl.testing.coverage import Coverage

OBSERVER = "exodsl.testing.reporting:report"
FOLDER_VARIABLE = "EXODSL_COVERAGE_FOLDER"
_FILES = "*.json"

_seen = Coverage()
_token = uuid4().hex


def report(manager: StateManager, run_id: str, template: GraphTemplate, bodies: Mapping[str, Body]) -> None:
    """Count a run, and leave all that this process has seen in the session's folder, if there is still one."""
    before = _seen.data()
    _seen.add(manager, run_id, template, bodies)
    folder, data = os.environ.get(FOLDER_VARIABLE), _seen.data()
    if folder and data != before and Path(folder).is_dir():
        _leave(Path(folder, f"{os.getpid()}-{_token}"), json.dumps(data))


def merge_reports(folder: Path, coverage: Coverage) -> None:
    """Add what other processes have left in a folder."""
    for file in sorted(folder.glob(_FILES)):
        coverage.merge(json.loads(file.read_text("utf-8")))


def _leave(place: Path, text: str) -> None:
    """Write a file that is whole whenever it can be seen."""
    part = place.with_suffix(".part")
    part.write_text(text, "utf-8")
    part.replace(place.with_suffix(".json"))
