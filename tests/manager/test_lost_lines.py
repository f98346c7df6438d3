"""The connection to a server is cut, or the server goes away, in the middle of what a state manager does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from exodsl.database.postgresql import link
from exodsl.errors import DatabaseUnusable, TransactionUndone
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import StateManager, Trigger
from exodsl.manager.sessions import LEASE_MS
from tests.manager.byhand import ByHand, Clock, add, begin, draw, give, numbers, report, serves
from tests.postgres import Server, own_server
from tests.proxy import Cut, Proxy

FAN = draw(
    "split* > work, work > total",
    unites={"total": "split"},
    store_config={"required_keys": [], "default_values": {"done": 0}},
    keep_store=True,
)
WHEN: list[Cut] = ["before", "after"]
DONE = give({}, writes=[add("done", 1)])


@pytest.fixture
def proxy(postgres_uri: str) -> Iterator[Proxy]:
    """What stands between the state manager and its server."""
    (server,) = parse_qs(urlsplit(postgres_uri).query)["host"]
    with TemporaryDirectory(prefix="exodsl-") as folder, closing(Proxy(Path(folder), Path(server))) as proxy:
        yield proxy


@pytest.fixture
def manager(postgres_uri: str, proxy: Proxy, clock: Clock) -> Iterator[StateManager]:
    """A state manager whose line can be cut."""
    uri = urlsplit(postgres_uri)._replace(query=f"host={proxy.folder}").geturl()
    with closing(open_manager(uri, clock=clock, seed=1)) as opened:
        yield opened


@pytest.fixture
def at_work(manager: StateManager, clock: Clock) -> ByHand:
    """A run whose fanout is held by the one runtime that there is."""
    begun = begin(manager, clock, FAN)
    begun.take()
    begun.answer({"split": numbers(3)})
    return begun


def ended_well(begun: ByHand) -> bool:
    """Work to the end; say whether every body counted once."""
    status = begun.work(work=DONE)
    return (status, begun.store, begun.ends("work")) == ("SUCCESS", {"done": 3}, ["SUCCESS"] * 3)


@pytest.mark.parametrize("when", WHEN)
def test_an_exchange_whose_commit_gets_no_answer_counts_once(at_work: ByHand, proxy: Proxy, when: Cut) -> None:
    """Before or after the server has got it: its claims arrive, and its reports are not refused."""
    first, *others = at_work.held
    proxy.cut_at_commit(when)
    answer = at_work.exchange(report(first, DONE))
    last = at_work.exchange(*[report(claim, DONE) for claim in others])

    assert proxy.cuts == 1
    assert (answer.refused, last.refused) == ((), ())
    assert [claim.identifier for claim in last.claims] == ["total"]
    assert ended_well(at_work)


@pytest.mark.parametrize("when", WHEN)
def test_what_is_claimed_when_the_answer_is_lost_is_had(
    manager: StateManager, proxy: Proxy, clock: Clock, when: Cut
) -> None:
    begun = begin(manager, clock, FAN)
    proxy.cut_at_commit(when)

    assert [claim.identifier for claim in begun.take()] == ["split"]
    assert begun.work(split=numbers(3), work=DONE) == "SUCCESS"


@pytest.mark.parametrize("when", WHEN)
def test_a_trigger_whose_commit_gets_no_answer_starts_one_run(manager: StateManager, proxy: Proxy, when: Cut) -> None:
    manager.upsert(FAN)
    proxy.cut_at_commit(when)
    (run_id,) = manager.trigger([Trigger("default", "graph")])

    assert [run.run_id for run in manager.runs().items] == [run_id]


@pytest.mark.parametrize("when", WHEN)
def test_a_session_whose_commit_gets_no_answer_is_one(manager: StateManager, proxy: Proxy, when: Cut) -> None:
    manager.upsert(FAN)
    proxy.cut_at_commit(when)
    session = manager.open_session("one", serves(FAN))
    manager.trigger([Trigger("default", "graph")])

    assert [claim.identifier for claim in manager.exchange(session, [], 1).claims] == ["split"]


def test_control_by_hand_that_is_cut_off_says_that_nothing_was_changed(at_work: ByHand, proxy: Proxy) -> None:
    proxy.cut_at_commit("before")

    with pytest.raises(TransactionUndone, match="Nothing of this was recorded; do it again"):
        at_work.manager.cancel(at_work.run_id)
    assert at_work.status == "RUNNING"
    assert at_work.manager.cancel(at_work.run_id).status == "CANCELLED"


def test_control_by_hand_whose_answer_is_lost_has_happened(at_work: ByHand, proxy: Proxy) -> None:
    proxy.cut_at_commit("after")

    assert at_work.manager.pause(at_work.run_id).status == "PAUSED"


def test_a_line_that_was_cut_in_between_is_not_noticed(at_work: ByHand, proxy: Proxy) -> None:
    proxy.cut_all()

    assert at_work.status == "RUNNING"
    assert ended_well(at_work)


def test_outcomes_that_are_told_twice_count_once(at_work: ByHand) -> None:
    """As by a runtime that never learned what became of an exchange: leases tell that it did."""
    reports = [report(claim, DONE) for claim in at_work.held]
    at_work.exchange(*reports)
    again = at_work.manager.exchange(at_work.session, reports, 0)

    assert sorted(again.refused) == sorted(report.state_id for report in reports)
    assert ended_well(at_work)


# A server that goes away


@pytest.fixture
def own() -> Iterator[Server]:
    """A server to be ill-treated."""
    with own_server() as server:
        yield server


def ill_treated(server: Server, how: Callable[[], None]) -> threading.Thread:
    """Stop a server, and let it come back after a while."""
    how()
    thread = threading.Timer(0.3, server.start)
    thread.start()
    return thread


def test_work_goes_on_when_the_server_comes_back(own: Server, clock: Clock) -> None:
    """It is shut down in a hurry, and then it crashes: with a session's states in hand, and a transaction open."""
    with closing(open_manager(own.uri(), clock=clock, seed=1)) as manager:
        woken = threading.Event()
        manager.wake_on_work(woken.set)
        begun = begin(manager, clock, FAN)
        begun.take()
        back = ill_treated(own, own.stop)
        begun.answer({"split": numbers(3)})
        back.join()

        back = ill_treated(own, own.crash)
        assert woken.wait(10)  # whoever waits looks anew, as something may have been missed
        assert ended_well(begun)
        back.join()


def test_a_server_that_stays_away_ends_what_was_asked_with_the_cure(
    own: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "PATIENCE_SECONDS", 0.2)
    with closing(open_manager(own.uri(), clock=clock, seed=1)) as manager:
        begun = begin(manager, clock, FAN)
        own.stop()
        for ask in (lambda: begun.take(), lambda: manager.runs(), lambda: manager.cancel(begun.run_id)):
            with pytest.raises(DatabaseUnusable, match=r"cannot be reached.*See that the server runs"):
                ask()
        own.start()

        assert begun.work(split=numbers(3), work=DONE) == "SUCCESS"


def test_leases_begin_anew_when_the_server_does(own: Server, clock: Clock) -> None:
    """Nobody could renew them meanwhile: whoever comes first must not take the others for gone."""
    own.stop()
    own.start()
    with psycopg.connect(own.uri()) as connection:
        (now,) = connection.execute("SELECT extract(epoch FROM clock_timestamp()) * 1000").fetchone() or (0,)
    clock.now_ms = int(now) - LEASE_MS
    with (
        closing(open_manager(own.uri(), clock=clock, seed=1)) as first,
        closing(open_manager(own.uri(), clock=clock)) as second,
    ):
        begun = begin(first, clock, FAN)
        (held,) = begun.take()
        clock.now_ms = int(now) + LEASE_MS // 2
        second.open_session("other", serves(FAN))

        assert first.exchange(begun.session, [report(held, numbers(1))], 1).refused == ()
