"""exodsl's own protocol while connections are cut and servers end: what is safe is asked again, the rest is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import cast

import pytest
from pydantic import SecretStr

from exodsl.errors import DatabaseUnusable
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import StateManager, Trigger
from exodsl.manager.remote.line import Line
from exodsl.manager.remote.manager import RemoteManager
from tests.manager.byhand import SOON, Clock, begin, draw, give, numbers, report, serves
from tests.served import KEY, Served
from tests.tcp_proxy import Cut, TcpProxy

Cuts = pytest.mark.parametrize("when", ["before", "after"])


@pytest.fixture
def proxy(served: Served, manager: EmbeddedManager) -> Iterator[TcpProxy]:
    """A way to the server that can be cut."""
    with served.over(manager) as address:
        proxy = TcpProxy(address)
        yield proxy
        proxy.close()


@pytest.fixture
def remote(proxy: TcpProxy) -> Iterator[StateManager]:
    """The state manager, at the other end of that way."""
    with closing(open_manager(proxy.uri, key=KEY)) as opened:
        yield opened


def go_away(proxy: TcpProxy) -> None:
    """Let there be no server at the other end any more."""
    proxy.server = "http://127.0.0.1:1"
    proxy.close()


def without_patience(proxy: TcpProxy) -> StateManager:
    """Return a state manager that asks nothing again."""
    line = Line(proxy.uri, SecretStr(KEY), patience=0)
    return cast("StateManager", RemoteManager(line, 100_000, read_only=False))


@Cuts
def test_an_exchange_whose_answer_was_lost_counts_once(
    remote: StateManager, proxy: TcpProxy, clock: Clock, when: Cut
) -> None:
    begun = begin(remote, clock, draw("root* > work, work > end"))
    begun.reach("work", root=numbers(4))
    proxy.cut_at(b"/exchange_hosted", when)
    begun.exchange(*(report(claim, give({"x": 1})) for claim in begun.held))

    assert proxy.cuts == 1
    assert [claim.identifier for claim in begun.held] == ["end"] * 4
    assert begun.work() == "SUCCESS"
    assert len(begun.states()) == 12


@Cuts
def test_an_exchange_that_was_given_up_takes_nothing_of_the_next_along(
    remote: StateManager, proxy: TcpProxy, clock: Clock, when: Cut
) -> None:
    """As when leases could not be renewed while a body ran: its outcome is told later."""
    with closing(without_patience(proxy)) as impatient:
        begun = begin(impatient, clock, draw("root > leaf"))
        (root,) = begun.take()
        for _ in range(2):
            proxy.cut_at(b"/exchange_hosted", when)
            with pytest.raises(DatabaseUnusable, match="cannot be reached"):
                begun.exchange(capacity=0)

        assert begun.exchange(report(root)).refused == ()
        assert begun.work() == "SUCCESS"


def test_what_was_handed_out_in_an_answer_that_was_given_up_is_put_back(
    remote: StateManager, proxy: TcpProxy, clock: Clock
) -> None:
    with closing(without_patience(proxy)) as impatient:
        begun = begin(impatient, clock, draw("root > leaf"))
        proxy.cut_at(b"/exchange_hosted", "after")
        with pytest.raises(DatabaseUnusable, match="cannot be reached"):
            begun.take()

        assert begun.work() == "SUCCESS"


@Cuts
def test_a_trigger_whose_answer_was_lost_starts_one_run(remote: StateManager, proxy: TcpProxy, when: Cut) -> None:
    remote.upsert(draw("root"))
    proxy.cut_at(b"/trigger", when)
    started = remote.trigger([Trigger("default", "graph"), Trigger("default", "graph")])

    assert proxy.cuts == 1
    assert {run.run_id for run in remote.runs().items} == set(started)
    assert len(set(started)) == 2


@Cuts
@pytest.mark.parametrize(("name", "done"), [("pause", "PAUSED"), ("cancel", "CANCELLED")])
def test_what_is_not_asked_twice_may_have_happened(
    remote: StateManager, proxy: TcpProxy, clock: Clock, name: str, done: str, when: Cut
) -> None:
    begun = begin(remote, clock, draw("root"))
    proxy.cut_at(f"/{name}".encode(), when)
    with pytest.raises(DatabaseUnusable, match=rf'lost during "{name}".*may have been done, or not.*exodsl runs'):
        getattr(remote, name)(begun.run_id)

    assert begun.status == (
        "RUNNING" if when == "before" else f"{name.rstrip('e').upper()}{'LED' if name == 'cancel' else 'ED'}"
    )


@Cuts
def test_a_look_is_taken_again(remote: StateManager, proxy: TcpProxy, clock: Clock, when: Cut) -> None:
    begun = begin(remote, clock, draw("root"))
    proxy.cut_at(b"/progress", when)

    assert begun.progress("root").total == 1
    assert proxy.cuts == 1


@pytest.mark.timeout(20)
def test_who_only_looks_is_told_soon_that_the_server_is_away(proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exodsl.manager.remote.manager.LOOKING_SECONDS", 0.5)
    with closing(open_manager(proxy.uri, key=KEY, read_only=True)) as reader:
        proxy.server = "http://127.0.0.1:1"
        proxy.close()
        with pytest.raises(DatabaseUnusable, match="cannot be reached"):
            reader.runs()


def test_another_server_goes_on_with_a_session(
    served: Served, manage: Callable[[], EmbeddedManager], clock: Clock
) -> None:
    with served.over(manage()) as address:
        remote = open_manager(address, key=KEY)
        begun = begin(remote, clock, draw("root* > work, work > end"))
        begun.reach("work", root=numbers(4))
    with served.over(manage()), closing(remote):
        answer = begun.exchange(*(report(claim, give({})) for claim in begun.held))

        assert answer.refused == ()
        assert begun.work() == "SUCCESS"


def test_a_session_that_ran_out_is_opened_anew_and_its_reports_are_refused(
    served: Served, manage: Callable[[], EmbeddedManager], clock: Clock
) -> None:
    with served.over(manage()) as address:
        remote = open_manager(address, key=KEY)
        begun = begin(remote, clock, draw("root"))
        (claim,) = begun.take()
    clock.now_ms += 60_000
    with closing(manage()) as other:
        assert other.exchange(other.open_session("other", serves(begun.template)), [], 0).next_due_ms == 0
    with served.over(manage()), closing(remote):
        answer = begun.exchange(report(claim))

        assert answer.refused == (claim.state_id,)
        assert begun.work() == "SUCCESS"


def test_who_waits_is_told_by_the_next_server(
    served: Served, manage: Callable[[], EmbeddedManager], clock: Clock
) -> None:
    with served.over(manage()) as address:
        proxy = TcpProxy(address)
        remote = open_manager(proxy.uri, key=KEY)
        begun = begin(remote, clock, draw("root"))
        begun.work()
        woken = SimpleQueue[str]()
        remote.wake_on_work(lambda: woken.put("now"))
    with served.over(manage()) as address, closing(remote):
        remote.trigger([Trigger("default", "graph")])
        while not begun.take():
            assert woken.get(timeout=20) == "now"
    proxy.close()


def test_a_runtime_that_is_to_end_waits_no_longer_for_a_server_that_is_away(
    remote: StateManager, proxy: TcpProxy, clock: Clock
) -> None:
    begun = begin(remote, clock, draw("root"))
    (claim,) = begun.take()
    go_away(proxy)
    remote.hurry(begun.session, 0)
    before = monotonic()
    with pytest.raises(DatabaseUnusable, match="cannot be reached"):
        begun.exchange(report(claim))
    with pytest.raises(DatabaseUnusable, match="cannot be reached"):
        remote.close_session(begun.session)

    assert monotonic() < before + SOON


def test_closing_waits_for_no_server_that_is_away(remote: StateManager, proxy: TcpProxy, clock: Clock) -> None:
    begin(remote, clock, draw("root"))
    go_away(proxy)
    before = monotonic()
    with pytest.raises(DatabaseUnusable, match="cannot be reached"):
        remote.close()

    assert monotonic() < before + SOON


def test_a_run_comes_as_a_file_in_spite_of_a_cut(
    remote: StateManager, proxy: TcpProxy, clock: Clock, tmp_path: Path
) -> None:
    begun = begin(remote, clock, draw("root"))
    proxy.cut_at(b"/export_run", "after")
    copy = tmp_path / "copy.db"
    with pytest.raises(DatabaseUnusable, match=re.escape(proxy.uri)):
        remote.export_run(begun.run_id, copy)
    assert not list(tmp_path.glob("copy*"))

    assert remote.export_run(begun.run_id, copy) == 1
