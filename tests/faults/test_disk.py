"""The disk is full, or becomes read-only, while a run goes on (semantics 12)."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from exodsl import DatabaseUnusable, Graph, collect, node, resume
from exodsl.api.running import begin
from exodsl.database.sqlite import Sqlite
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.opening import open_manager
from tests.faults.outcome import ended

NOBODY = 65534
FULL, ROOMY = "PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000"
READ_ONLY, WRITABLE = "PRAGMA query_only = 1", "PRAGMA query_only = 0"


def book(before_page: Callable[[int], None]) -> Graph:
    """Return a graph of twenty bodies that give much; something happens before each."""

    @node
    def pages() -> list[int]:
        return list(range(20))

    @node
    def write(number: int) -> str:
        before_page(number)
        return f"{number:04}" * 1_000

    @node
    def count(texts: list[str]) -> int:
        return sum(map(len, texts))

    graph = Graph("book")
    graph.connect(pages, write, number=pages.outputs)
    graph.connect(write, count, texts=collect(write.outputs)).unites(pages)
    return graph


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("trouble", "relief", "says"),
    [(FULL, ROOMY, "The disk is full; free some space"), (READ_ONLY, WRITABLE, "give it write permission")],
    ids=["full", "read-only"],
)
def test_a_run_that_cannot_be_recorded_any_more_goes_on_once_it_can(
    file: Path, trouble: str, relief: str, says: str
) -> None:
    """One error says what is wrong; what was recorded stays, and nothing has to wait for a lease to run out."""
    database = Sqlite(file, durability="normal")

    def spoil(number: int) -> None:
        if number == 7:
            with database.lock:
                database.connection.execute(trouble)

    with closing(EmbeddedManager(database)) as manager:
        run = begin(manager, book(spoil), None)
        with pytest.raises(DatabaseUnusable, match=says):
            resume(run.run_id, book(spoil), manager, workers=1)
        database.connection.execute(relief)
        before = ended(manager, run.run_id)
        status = resume(run.run_id, book(lambda number: None), manager).status
        after = ended(manager, run.run_id)

    assert status == "SUCCESS"
    assert 2 <= len(before) < len(after) == 41
    assert before.items() <= after.items()


@pytest.mark.timeout(20)
def test_a_lease_that_cannot_be_renewed_is_one_line(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A body that blocks the event loop leaves that to another thread, whose trouble the runtime ends with later."""
    monkeypatch.setattr("exodsl.runtime.exchanges.HEARTBEAT_SECONDS", 0.01)
    database = Sqlite(file)

    @node
    async def block() -> int:
        with database.lock:
            database.connection.execute(READ_ONLY)
        while "leases could not be renewed" not in caplog.text:
            pass
        return 1

    graph = Graph("blocks")
    graph.start(block)
    with closing(EmbeddedManager(database)) as manager:
        run = begin(manager, graph, None)
        with pytest.raises(DatabaseUnusable, match="give it write permission"):
            resume(run.run_id, graph, manager)
        database.connection.execute(WRITABLE)

    assert "leases could not be renewed: " in caplog.text
    assert "Traceback" not in caplog.text


def work_without_rights(folder: Path) -> None:
    """Work on a run while the permissions to write are taken away, as a user whom that concerns."""
    if os.geteuid() == 0:
        os.setuid(NOBODY)

    def take_away(number: int) -> None:
        if number == 7:
            for path in folder.iterdir():
                path.chmod(0o444)
            folder.chmod(0o555)

    with closing(open_manager(str(folder / "exodsl.db"))) as manager:
        run = begin(manager, book(take_away), None)
        assert resume(run.run_id, book(take_away), manager, workers=1).status == "SUCCESS"
    with closing(open_manager(str(folder / "exodsl.db"))) as manager:
        assert manager.run(run.run_id).status == "SUCCESS"
        with pytest.raises(DatabaseUnusable, match="give it write permission"):
            begin(manager, book(take_away), None)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions are another thing here")
def test_permissions_that_are_taken_away_stop_only_who_opens_the_file_later(processes: ForkServerContext) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        worker = processes.Process(target=work_without_rights, args=(folder,), daemon=True)
        worker.start()
        worker.join()
        folder.chmod(0o755)
        for path in folder.iterdir():
            path.chmod(0o644)
        with closing(open_manager(str(folder / "exodsl.db"))) as manager:
            statuses = [run.status for run in manager.runs().items]

    assert (worker.exitcode, statuses) == (0, ["SUCCESS"])
