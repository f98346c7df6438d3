"""A generated run is one that the engine could have left."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from exodsl.manager.opening import open_manager
from tests.benchmarks.generated import BEGIN, TEMPLATE, generate
from tests.benchmarks.lists import milliseconds
from tests.manager.audit import Audit
from tests.manager.byhand import ByHand, Clock, serves


@pytest.mark.parametrize(("waiting", "running"), [(0, 0), (20, 0), (0, 7), (20, 7)])
def test_a_recount_agrees_with_its_counters(tmp_path: Path, waiting: int, running: int) -> None:
    generate(tmp_path / "made.db", 400)
    generate(tmp_path / "made.db", 700, waiting=waiting, running=running)
    with closing(sqlite3.connect(tmp_path / "made.db")) as connection:
        audit = Audit(connection, TEMPLATE.nodes)
        audit.check()

    assert audit.checked == 1


def test_a_runtime_ends_what_waits_in_it(tmp_path: Path) -> None:
    run_id = generate(tmp_path / "made.db", 300, waiting=20)
    clock = Clock()
    clock.now_ms = BEGIN + 10_000
    with closing(open_manager(str(tmp_path / "made.db"), clock=clock)) as manager:
        begun = ByHand(manager, clock, TEMPLATE, run_id, manager.open_session("by hand", serves(TEMPLATE)))

        assert begun.work() == "SUCCESS"


def test_every_look_is_measured(tmp_path: Path) -> None:
    assert all(took > 0 for took in milliseconds(tmp_path, 600, 1).values())
