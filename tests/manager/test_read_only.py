"""A manager that only looks: it answers everything that reads, and refuses everything that writes (semantics 10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from exodsl import StateManager as Door
from exodsl.errors import DatabaseMissing, DatabaseUnusable, ReadOnly
from exodsl.manager.filters import RunFilter, StateFilter
from exodsl.manager.opening import URI_VARIABLE, open_manager
from exodsl.manager.protocol import Serves, StateManager, Trigger
from tests.manager.byhand import ByHand, Clock, begin, draw, fail, give, numbers
from tests.manager.conftest import Open

WRITES: dict[str, Callable[[StateManager, ByHand], object]] = {
    "upsert": lambda m, _: m.upsert(draw("a > b", name="another")),
    "upsert of the same": lambda m, b: m.upsert(b.template),
    "trigger": lambda m, _: m.trigger([Trigger("default", "graph")]),
    "open_session": lambda m, b: m.open_session("runtime", Serves({})),
    "cancel": lambda m, b: m.cancel(b.run_id),
    "pause": lambda m, b: m.pause(b.run_id),
    "resume": lambda m, b: m.resume(b.run_id),
    "retry": lambda m, b: m.retry(b.run_id),
    "rerun": lambda m, b: m.rerun(b.run_id, b.states()[0].state_id),
    "clean": lambda m, _: m.clean(timedelta(0)),
    "set_secret": lambda m, _: m.set_secret("default", "graph", "token", SecretStr("secret")),
    "rotate_secrets": lambda m, _: m.rotate_secrets(),
    "pause_schedule": lambda m, _: m.pause_schedule(1),
    "resume_schedule": lambda m, _: m.resume_schedule(1),
}
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.fixture
def worked(manage: Open, clock: Clock) -> ByHand:
    """A run that goes on, of a graph with a secret and a schedule, beside one that was cancelled."""
    template = draw(
        "root* > work",
        secrets={"token": True},
        triggers=[{"type": "CRON", "value": {"expression": "0 9 * * *"}}],
    )
    manager = manage()
    manager.cancel(begin(manager, clock, draw("root", name="other")).run_id)
    begun = begin(manager, clock, template)
    begun.reach("work", root=numbers(3))
    begun.exchange()
    return begun


@pytest.fixture
def reader(worked: ByHand, shared: str, clock: Clock) -> Iterator[StateManager]:
    """A manager that only looks at the same database."""
    with closing(open_manager(shared, read_only=True, clock=clock)) as opened:
        yield opened


@pytest.mark.parametrize("write", WRITES)
def test_whatever_would_change_something_is_refused(
    reader: StateManager, worked: ByHand, write: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRETS_ENCRYPTION_KEY", KEY)
    before = reader.mark(), worked.states()
    with closing(reader), pytest.raises(ReadOnly, match="read-only"):
        WRITES[write](reader, worked)

    assert worked.states() == before[1]


def test_whatever_reads_answers_as_the_one_that_writes_does(reader: StateManager, worked: ByHand) -> None:
    run, writer = worked.run_id, worked.manager
    state = worked.states()[0].state_id
    asks: tuple[Callable[[StateManager], object], ...] = (
        lambda m: m.run(run),
        lambda m: m.runs(),
        lambda m: m.states(run),
        lambda m: m.state(state),
        lambda m: m.notes(state),
        lambda m: m.gates(run),
        lambda m: m.progress(run),
        lambda m: m.template("default", "graph"),
        lambda m: m.schedules(),
        lambda m: m.secrets(),
        lambda m: m.read_store(run),
        lambda m: m.graphs(),
        lambda m: m.runtimes(),
        lambda m: m.find_runs(RunFilter()),
        lambda m: m.find_states(run, StateFilter()),
        lambda m: m.cursor_at(run, 2),
        lambda m: m.relatives(state),
    )

    with closing(reader):
        assert [ask(reader) for ask in asks] == [ask(writer) for ask in asks]


def test_it_says_what_it_is(reader: StateManager, worked: ByHand) -> None:
    with closing(reader):
        assert (reader.read_only, reader.snapshot) == (True, False)
    assert (worked.manager.read_only, worked.manager.snapshot) == (False, False)


def test_it_follows_what_a_runtime_does(reader: StateManager, worked: ByHand) -> None:
    with closing(reader):
        before = reader.mark()
        worked.answer({"work": fail()})

        assert reader.mark() != before
        assert reader.run(worked.run_id).status == "FAILED"


def test_who_looks_is_no_runtime(reader: StateManager, worked: ByHand) -> None:
    with closing(reader):
        assert [runtime.session for runtime in worked.manager.runtimes()][1:] == [worked.session]
    worked.answer({"work": give({})})
    assert worked.status == "SUCCESS"


def test_the_door_opens_to_look_and_makes_no_default_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(URI_VARIABLE, raising=False)
    with pytest.raises(DatabaseMissing, match="nothing was run yet"):
        Door.open(read_only=True)
    assert list(tmp_path.iterdir()) == []

    Door.open().close()
    with closing(Door.open(read_only=True)) as reader, pytest.raises(ReadOnly):
        reader.upsert(draw("root"))


@pytest.mark.parametrize("name", ["missing.db", "folder/missing.db"])
def test_a_missing_database_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatabaseUnusable, match=r"missing\.db"):
        open_manager(str(tmp_path / name), read_only=True)
