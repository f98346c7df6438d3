"""`exodsl state` shows what a body told: the lines of its log, and how far it is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from exodsl.engine.notes import Line, Notes, Progressed
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import Serves, Trigger
from exodsl.template.models import GraphTemplate
from tests.cli.conftest import Call

PAGES = '''
"""Translate pages."""
from exodsl import Context, Graph, inject, node


@node
def translate(pages: int, ctx: Context = inject()) -> int:
    for page in range(1, pages + 1):
        ctx.log.info("page %s\\nis translated", page)
        ctx.progress(page, 4, "translating")
    return pages


graph = Graph("translation")
graph.start(translate)
'''


@pytest.fixture
def told(folder: Path, cli: Call) -> str:
    """The number of a state whose body told something."""
    (folder / "pages.py").write_text(PAGES)
    document = json.loads(cli("run", "pages.py", "--input", "pages=3", "--json").out)
    (state,) = json.loads(cli("states", document["run_id"], "--json").out)["items"]
    return str(state["state_id"])


def test_lines_and_progress_stand_below_each_other(cli: Call, told: str) -> None:
    shown = cli("state", told).out

    assert re.search(r"^progress   3 of 4 \(75%\), translating, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", shown, re.MULTILINE)
    assert re.search(
        r"^log        [\d: -]{19} INFO page 1\n {11}is translated\n {11}[\d: -]{19} INFO page 2", shown, re.M
    )


def test_the_document_has_them_as_well(cli: Call, told: str) -> None:
    document = json.loads(cli("state", told, "--json").out)

    assert [(line["level"], line["message"]) for line in document["log"]["lines"]] == [
        ("INFO", f"page {page}\nis translated") for page in (1, 2, 3)
    ]
    assert document["log"]["dropped"] == 0
    assert {name: document["progress"][name] for name in ("done", "total", "note")} == {
        "done": 3,
        "total": 4,
        "note": "translating",
    }


def test_a_list_of_states_does_not_load_them(cli: Call, told: str) -> None:
    run_id = json.loads(cli("state", told, "--json").out)["run_id"]

    (state,) = json.loads(cli("states", run_id, "--json").out)["items"]

    assert {"log", "progress"}.isdisjoint(state)


def test_of_a_body_that_runs_the_age_of_its_progress_is_shown(folder: Path, cli: Call) -> None:
    template = GraphTemplate.model_validate({"name": "slow", "nodes": [{"node_name": "slow", "identifier": "slow"}]})
    manager = open_manager(str(folder / ".exodsl" / "exodsl.db"))
    manager.upsert(template)
    manager.trigger([Trigger("default", "slow")])
    session = manager.open_session("by hand", Serves({("default", "slow"): frozenset({"slow"})}))
    (claim,) = manager.exchange(session, (), 1).claims
    at_ms = int(manager.state(claim.state_id).created_at.timestamp() * 1000) - 90_000
    lines = [Line(at_ms, 20, "still there")]
    manager.exchange(session, (), 0, [Notes(claim.state_id, claim.lease, lines, 3, Progressed(at_ms, 1_234, None, ""))])

    shown = cli("state", str(claim.state_id)).out

    manager.close()
    assert re.search(r"^progress   1,234, 1 m 3\d s ago$", shown, re.MULTILINE)
    assert re.search(r"^log        \(3 earlier lines gave way\)\n {11}.* INFO still there$", shown, re.MULTILINE)
