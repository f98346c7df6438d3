"""Sessions that servers hold for runtimes which are elsewhere (semantics 10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from exodsl.engine.reports import Claim, Released
from exodsl.errors import SessionUnknown, TransitionRefused
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.protocol import Exchange, Trigger
from exodsl.manager.sessions import LEASE_MS, LOOK_MS
from exodsl.template.models import GraphTemplate
from tests.manager.byhand import Clock, draw, numbers, report, serves
from tests.manager.conftest import Open

Host = Callable[[], EmbeddedManager]
ONE = draw("root > leaf", name="one")


@pytest.fixture
def server(manage: Open) -> Host:
    """Start one more server on the database."""
    return lambda: cast(EmbeddedManager, manage())


def begun(server: EmbeddedManager, template: GraphTemplate = ONE, runs: int = 1) -> tuple[int, list[str]]:
    """Start runs, and a runtime that is elsewhere; return its session and the runs."""
    server.upsert(template)
    ids = server.trigger([Trigger(template.namespace, template.name)] * runs)
    return server.host_session("far", serves(template), "far-away"), ids


def having(*claims: Claim) -> dict[int, int]:
    """Return what a runtime says that it holds."""
    return {claim.state_id: claim.lease for claim in claims}


def test_an_exchange_whose_answer_was_lost_gets_the_same_answer_again(server: Host) -> None:
    manager = server()
    session, (run,) = begun(manager)
    first = manager.exchange_hosted(session, 1, [], 5)
    second = manager.exchange_hosted(session, 2, [report(first.claims[0])], 5)

    assert manager.exchange_hosted(session, 2, [report(first.claims[0])], 5) == second
    assert manager.exchange_hosted(session, 3, [report(second.claims[0])], 5).ended_runs == {run: "SUCCESS"}


def test_an_exchange_that_comes_late_is_refused_and_changes_nothing(server: Host) -> None:
    manager = server()
    session, (run,) = begun(manager)
    (root,) = manager.exchange_hosted(session, 1, [], 5).claims
    manager.exchange_hosted(session, 2, [], 0)

    with pytest.raises(TransitionRefused, match="Exchange 1 of session"):
        manager.exchange_hosted(session, 1, [report(root)], 5, holding={})
    assert [state.status for state in manager.states(run).items] == ["QUEUED"]


def test_another_server_goes_on_with_a_session(server: Host) -> None:
    """The first one was killed: it took no leave, and its runtime keeps what it holds."""
    killed, next_one = server(), server()
    session, (run,) = begun(killed)
    (root,) = killed.exchange_hosted(session, 1, [], 5).claims
    answer = next_one.exchange_hosted(session, 2, [report(root)], 5, holding=having(root))
    (leaf,) = answer.claims

    assert (answer.refused, leaf.identifier) == ((), "leaf")
    assert next_one.exchange_hosted(session, 3, [report(leaf)], 5).ended_runs == {run: "SUCCESS"}


def test_servers_may_take_turns_with_a_session(server: Host) -> None:
    servers = [server(), server()]
    session, _ = begun(servers[0], draw("root > a, a > b, b > c", name="chain"))
    held: tuple[Claim, ...] = ()
    answer = Exchange(())
    for number in range(1, 6):
        reports = [report(claim) for claim in held]
        answer = servers[number % 2].exchange_hosted(session, number, reports, 5, holding=having(*held))
        held = answer.claims

    assert list(answer.ended_runs.values()) == ["SUCCESS"]


def test_what_was_claimed_in_an_answer_that_nobody_got_is_put_back(server: Host) -> None:
    """The server was killed between its commit and its answer; the runtime asks the next one the same again."""
    killed, next_one = server(), server()
    session, _ = begun(killed, runs=3)
    (kept,) = killed.exchange_hosted(session, 1, [], 1).claims
    killed.exchange_hosted(session, 2, [], 5)
    answer = next_one.exchange_hosted(session, 2, [], 5, holding=having(kept))

    assert len(answer.claims) == 2
    assert kept.state_id not in {claim.state_id for claim in answer.claims}
    assert next_one.exchange_hosted(session, 3, [report(kept)], 0).refused == ()


def test_what_was_recorded_before_its_answer_was_lost_is_recorded_once(server: Host) -> None:
    killed, next_one = server(), server()
    session, (run,) = begun(killed)
    (root,) = killed.exchange_hosted(session, 1, [], 5).claims
    killed.exchange_hosted(session, 2, [report(root)], 5)
    answer = next_one.exchange_hosted(session, 2, [report(root)], 5, holding=having(root))

    assert answer.refused == (root.state_id,)
    assert [claim.identifier for claim in answer.claims] == ["leaf"]
    assert [state.status for state in next_one.states(run).items] == ["SUCCESS", "QUEUED"]


def test_a_server_that_knew_the_session_before_puts_back_what_another_claimed_in_a_lost_answer(server: Host) -> None:
    """Behind one address, a request that is made once more may come to the other one of two servers."""
    first, second = server(), server()
    session, (run,) = begun(first)
    (root,) = first.exchange_hosted(session, 1, [], 5).claims
    second.exchange_hosted(session, 2, [report(root)], 5, holding=having(root))
    (leaf,) = first.exchange_hosted(session, 2, [report(root)], 5, holding=having(root)).claims

    assert first.exchange_hosted(session, 3, [report(leaf)], 5).ended_runs == {run: "SUCCESS"}


def test_a_session_that_left_by_another_server_is_forgotten(server: Host, clock: Clock) -> None:
    first, second = server(), server()
    session, _ = begun(first)
    first.exchange_hosted(session, 1, [], 5)
    second.close_hosted(session)
    clock.now_ms += LOOK_MS
    first.open_session("another", serves(ONE))

    assert first.ready([session]).sessions == {session}
    with pytest.raises(SessionUnknown):
        first.exchange_hosted(session, 2, [], 5)


def test_a_lease_from_before_is_never_given_again(server: Host) -> None:
    killed, next_one = server(), server()
    session, _ = begun(killed)
    (old,) = killed.exchange_hosted(session, 1, [], 5).claims
    next_one.exchange_hosted(session, 2, [report(old, Released())], 0, holding=having(old))
    (new,) = next_one.exchange_hosted(session, 3, [], 5).claims

    assert new.state_id == old.state_id
    assert new.lease != old.lease


def test_a_session_is_not_taken_up_without_saying_what_its_runtime_holds(server: Host) -> None:
    killed, next_one = server(), server()
    session, _ = begun(killed)

    with pytest.raises(SessionUnknown):
        next_one.exchange_hosted(session, 2, [], 5)


@pytest.mark.parametrize("session", [0, -1, 7, 2**40, 2**70])
def test_a_session_that_never_was_is_unknown(server: Host, session: int) -> None:
    with pytest.raises(SessionUnknown):
        server().exchange_hosted(session, 1, [], 5, holding={})


def test_a_session_of_a_process_is_not_taken_up(server: Host) -> None:
    owner, other = server(), server()
    begun(owner)
    session = owner.open_session("here", serves(ONE))

    with pytest.raises(SessionUnknown):
        other.exchange_hosted(session, 1, [], 5, holding={})


def test_a_runtime_that_is_silent_for_too_long_loses_what_it_holds(server: Host, clock: Clock) -> None:
    """Also on the server that knows it: its process cannot be judged."""
    manager = server()
    session, (run,) = begun(manager)
    (root,) = manager.exchange_hosted(session, 1, [], 5).claims
    clock.now_ms += LEASE_MS + 1
    manager.open_session("another", serves(ONE))

    assert [state.status for state in manager.states(run).items] == ["CREATED"]
    with pytest.raises(SessionUnknown):
        manager.exchange_hosted(session, 2, [report(root)], 5)


def test_leases_begin_anew_when_a_server_comes_back(server: Host, clock: Clock) -> None:
    killed = server()
    session, (run,) = begun(killed)
    (root,) = killed.exchange_hosted(session, 1, [], 5).claims
    clock.now_ms += 10 * LEASE_MS
    next_one = server()
    next_one.spare_hosted()
    next_one.open_session("another", serves(ONE))

    assert [state.status for state in next_one.states(run).items] == ["QUEUED"]
    assert next_one.exchange_hosted(session, 2, [report(root)], 0, holding=having(root)).refused == ()


def test_a_server_that_ends_takes_nothing_back(server: Host) -> None:
    ended, next_one = server(), server()
    session, (run,) = begun(ended)
    (root,) = ended.exchange_hosted(session, 1, [], 5).claims
    ended.close()

    assert [state.status for state in next_one.states(run).items] == ["QUEUED"]
    assert next_one.exchange_hosted(session, 2, [report(root)], 0, holding=having(root)).refused == ()


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_runtime_takes_leave(server: Host, elsewhere: bool) -> None:
    """What it held is put back at once; saying so twice, after a lost answer, changes nothing."""
    manager = server()
    session, (run,) = begun(manager)
    manager.exchange_hosted(session, 1, [], 5)
    closing = server() if elsewhere else manager
    closing.close_hosted(session)
    closing.close_hosted(session)

    assert [state.status for state in manager.states(run).items] == ["CREATED"]


def test_a_runtime_elsewhere_is_listed_with_its_machine(server: Host) -> None:
    manager = server()
    begun(manager)

    assert [(runtime.name, runtime.host) for runtime in manager.runtimes()] == [("far", "far-away")]


class TestReady:
    """Which of those that wait should come."""

    def waiting(self, manager: EmbeddedManager, count: int, template: GraphTemplate = ONE) -> list[int]:
        """Return sessions that found nothing to do."""
        sessions = [manager.host_session(f"far {number}", serves(template), "far-away") for number in range(count)]
        for session in sessions:
            manager.exchange_hosted(session, 1, [], 1)
        return sessions

    def test_nobody_is_called_for_nothing(self, server: Host) -> None:
        manager = server()
        manager.upsert(ONE)

        assert manager.ready(self.waiting(manager, 3)).sessions == frozenset()

    def test_as_many_are_called_as_there_are_states(self, server: Host) -> None:
        manager = server()
        manager.upsert(ONE)
        sessions = self.waiting(manager, 5)
        manager.trigger([Trigger("default", "one")] * 2)

        assert manager.ready(sessions).sessions == set(sessions[:2])

    def test_those_not_called_look_again_for_what_was_left_to_others(self, server: Host, clock: Clock) -> None:
        manager = server()
        manager.upsert(ONE)
        sessions = self.waiting(manager, 2)
        manager.trigger([Trigger("default", "one")])
        first = manager.ready(sessions)
        silent = manager.ready(sessions[1:])
        clock.now_ms += silent.next_due_ms or 0

        assert first.sessions == {sessions[0]}
        assert silent.sessions == frozenset()
        assert manager.ready(sessions[1:]).sessions == {sessions[1]}

    def test_only_those_are_called_that_serve_it(self, server: Host) -> None:
        manager, other = server(), draw("root", name="other")
        for template in (ONE, other):
            manager.upsert(template)
        one, another = self.waiting(manager, 1), self.waiting(manager, 1, other)
        manager.trigger([Trigger("default", "other")])

        assert manager.ready([*one, *another]).sessions == set(another)

    def test_they_are_called_when_a_retry_is_due(self, server: Host, clock: Clock) -> None:
        manager = server()
        manager.upsert(ONE)
        sessions = self.waiting(manager, 1)
        manager.trigger([Trigger("default", "one", start_delay_ms=5_000)])
        waits = manager.ready(sessions)
        clock.now_ms += 5_000

        assert waits.sessions == frozenset()
        assert 0 < (waits.next_due_ms or 0) <= 5_000
        assert manager.ready(sessions).sessions == set(sessions)

    def test_work_that_another_process_left_calls_them(self, server: Host) -> None:
        manager, other = server(), server()
        manager.upsert(ONE)
        sessions = self.waiting(manager, 1)
        other.trigger([Trigger("default", "one")])

        assert manager.ready(sessions).sessions == set(sessions)

    def test_a_paused_run_calls_nobody(self, server: Host) -> None:
        manager = server()
        manager.upsert(ONE)
        sessions = self.waiting(manager, 1)
        (run,) = manager.trigger([Trigger("default", "one")])
        manager.pause(run)

        assert manager.ready(sessions).sessions == frozenset()

    def test_a_wide_fanout_calls_all(self, server: Host) -> None:
        wide = draw("root* > work", inputs={"work": {"n": "${{ root.outputs.n }}"}}, name="wide")
        manager = server()
        session, _ = begun(manager, wide)
        (root,) = manager.exchange_hosted(session, 1, [], 1).claims
        sessions = self.waiting(manager, 3, wide)
        manager.exchange_hosted(session, 2, [report(root, numbers(5_000))], 0)

        assert manager.ready(sessions).sessions == set(sessions)

    def test_the_leases_of_those_that_wait_are_renewed(self, server: Host, clock: Clock) -> None:
        manager = server()
        manager.upsert(ONE)
        (session,) = self.waiting(manager, 1)
        for _ in range(4):
            clock.now_ms += LEASE_MS * 3 // 4
            manager.ready([session])
        manager.open_session("another", serves(ONE))

        assert manager.exchange_hosted(session, 2, [], 1).claims == ()

    def test_a_session_that_is_not_known_here_is_to_come(self, server: Host) -> None:
        assert server().ready([4]).sessions == {4}
