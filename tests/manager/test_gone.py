"""Processes that go, come and meet on one database file (semantics 3, 10)."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from exodsl.database.sqlite import Sqlite
from exodsl.engine.reports import Claim, Report, Result
from exodsl.manager.embedded import EmbeddedManager, system_clock
from exodsl.manager.protocol import Serves, StateManager, Trigger
from exodsl.manager.sessions import LEASE_MS
from tests.manager.byhand import ByHand, Clock, add, begin, draw, give, numbers, report, serves
from tests.manager.conftest import Open

FAN = draw(
    "root* > work, work > end",
    unites={"end": "root"},
    inputs={"work": {"n": "${{ root.outputs.n }}"}, "end": {"all": "${{ work.outputs.n }}"}},
    name="fan",
)
HOLDER = """
import sys
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import Serves
manager = open_manager(sys.argv[1])
session = manager.open_session("holder", Serves({("default", "*"): frozenset({"root"})}))
for claim in manager.exchange(session, [], 100).claims:
    print(claim.state_id)
print("held", flush=True)
sys.stdin.read()
"""


def crashed(file: Path) -> Path:
    """Copy a database as it lies on the disk while it is open: what a crash leaves behind."""
    left = file.with_name("left.db")
    for ending in ("", "-wal"):
        shutil.copy(f"{file}{ending}", f"{left}{ending}")
    return left


def resume(manager: StateManager, clock: Clock, run_id: str) -> ByHand:
    """Go on with the run in another manager."""
    return ByHand(manager, clock, FAN, run_id, manager.open_session("again", serves(FAN)))


def test_what_a_killed_process_held_can_be_claimed_at_once(manage: Open, file: Path, clock: Clock) -> None:
    """No lease has to run out: the process is seen to be gone."""
    manager = manage(tells=system_clock)
    roots = sorted(begin(manager, clock, draw("root")).state("root").state_id for _ in range(3))
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        held = [int(line) for line in iter(holder.stdout.readline, "held\n")]
        holder.kill()
    session = manager.open_session("after", serves(draw("root")))
    claims = manager.exchange(session, [], 10).claims

    assert sorted(held) == sorted(claim.state_id for claim in claims) == roots


def test_a_state_that_is_lost_three_times_is_given_up(manage: Open, file: Path, clock: Clock) -> None:
    """Its body may be what ends the process; the run goes on to its end."""
    manager = manage(tells=system_clock)
    begun = begin(manager, clock, draw("root"))
    statuses = []
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as holder:
            assert holder.stdout is not None
            assert list(iter(holder.stdout.readline, "held\n"))
            holder.kill()
        manager.close_session(manager.open_session("after", serves(draw("root"))))
        statuses += begun.ends("root")

    assert statuses == ["CREATED", "CREATED", "ERRORED"]
    assert manager.run(begun.run_id).status == "FAILED"


def test_a_body_that_ends_its_process_takes_no_other_state_along(manage: Open, clock: Clock) -> None:
    """What a killed runtime held beside it was lost as often; so what was lost twice is held one at a time."""
    begun = begin(manage(), clock, FAN)
    (root,) = begun.take()
    begun.tell(report(root, numbers(20)), capacity=0)
    guilty = begun.states("work")[7].state_id
    deaths = 0
    while _work_until_it_is_claimed(manage(), guilty):
        deaths += 1
        clock.now_ms += LEASE_MS + 1

    assert deaths == 3
    assert [state.state_id for state in begun.states("work") if state.status != "SUCCESS"] == [guilty]
    assert [state.status for state in begun.states("work") if state.state_id == guilty] == ["ERRORED"]


def _work_until_it_is_claimed(manager: StateManager, guilty: int) -> bool:
    """Work until nothing is left, or until a state was claimed."""
    session, claims = manager.open_session("next", serves(FAN)), list[Claim]()
    while True:
        answer = manager.exchange(session, [report(claim, give({"n": 1})) for claim in claims], 10)
        claims = list(answer.claims)
        if guilty in (claim.state_id for claim in claims):
            return True
        if not claims and answer.next_due_ms is None:
            return False


def test_what_was_lost_twice_is_held_one_at_a_time(manage: Open, clock: Clock) -> None:
    begun = begin(manage(), clock, FAN)
    (root,) = begun.take()
    begun.tell(report(root, numbers(5)), capacity=0)
    for _ in range(2):
        lost = manage()
        assert len(lost.exchange(lost.open_session("lost", serves(FAN)), [], 10).claims) == 5
        clock.now_ms += LEASE_MS + 1
    first, second = manage(), manage()
    one = first.exchange(first.open_session("one", serves(FAN)), [], 10)
    two = second.exchange(second.open_session("two", serves(FAN)), [], 10)

    assert [len(answer.claims) for answer in (one, two)] == [1, 1]
    assert [answer.next_due_ms for answer in (one, two)] == [None, None]
    assert not _work_until_it_is_claimed(manage(), 0)
    assert sorted(begun.ends("work")) == ["QUEUED", "QUEUED", "SUCCESS", "SUCCESS", "SUCCESS"]


def test_what_a_living_process_holds_is_left_to_it(manage: Open, clock: Clock) -> None:
    first, second = manage(), manage()
    begun = begin(first, clock, FAN)
    (root,) = begun.take()
    session = second.open_session("second", serves(FAN))

    assert second.exchange(session, [], 10).claims == ()
    assert begun.exchange(report(root, numbers(2))).refused == ()


def test_a_lease_that_ran_out_gives_its_states_to_others(manage: Open, clock: Clock) -> None:
    first, second = manage(), manage()
    (old,) = begin(first, clock, FAN).take()
    clock.now_ms += LEASE_MS + 1
    (new,) = second.exchange(second.open_session("second", serves(FAN)), [], 10).claims

    assert (new.state_id, new.retry_count) == (old.state_id, 0)
    assert new.lease != old.lease


def test_a_lease_is_renewed_as_long_as_its_runtime_is_at_work(manage: Open, clock: Clock) -> None:
    first, second = manage(), manage()
    begun = begin(first, clock, FAN)
    (root,) = begun.take()
    session = second.open_session("second", serves(FAN))
    for _ in range(5):
        clock.now_ms += LEASE_MS // 2 + 1
        begun.take()
        assert second.exchange(session, [], 10).claims == ()

    assert begun.exchange(report(root, numbers(2))).refused == ()


def test_a_lease_holds_until_its_last_millisecond(manage: Open, clock: Clock) -> None:
    first, second = manage(), manage()
    begin(first, clock, FAN).take()
    clock.now_ms += LEASE_MS

    assert second.exchange(second.open_session("second", serves(FAN)), [], 10).claims == ()


def test_an_outcome_after_the_lease_ran_out_is_refused_and_changes_nothing(manage: Open, clock: Clock) -> None:
    first, second = manage(), manage()
    late = begin(first, clock, FAN)
    (old,) = late.take()
    clock.now_ms += LEASE_MS + 1
    begun = resume(second, clock, late.run_id)
    (new,) = begun.take()
    answer = late.exchange(report(old, numbers(9)))

    assert (answer.refused, begun.ends()) == ((old.state_id,), ["QUEUED"])
    assert begun.exchange(report(new, numbers(2))).refused == ()
    assert (begun.work(work=give({"n": 1})), len(begun.states("work"))) == ("SUCCESS", 2)


def test_a_late_outcome_is_refused_when_nobody_has_claimed_the_state_again(manage: Open, clock: Clock) -> None:
    first, second = manage(), manage()
    late = begin(first, clock, FAN)
    (old,) = late.take()
    clock.now_ms += LEASE_MS + 1
    second.open_session("second", serves(FAN))
    answer = late.exchange(report(old, numbers(2)), capacity=0)

    assert (answer.refused, late.ends()) == ((old.state_id,), ["CREATED"])


def test_a_runtime_that_was_given_up_can_go_on(manage: Open, clock: Clock) -> None:
    """A laptop that slept: its outcome is lost, its next claims are its own."""
    first, second = manage(), manage()
    late = begin(first, clock, FAN)
    (old,) = late.take()
    clock.now_ms += LEASE_MS + 1
    second.close_session(second.open_session("second", serves(FAN)))
    late.exchange(report(old), capacity=0)
    status = late.work(root=numbers(2), work=give({"n": 0}))

    assert status == "SUCCESS"


def test_sessions_of_one_file_have_different_leases_for_ever(manage: Open, clock: Clock) -> None:
    """A runtime that is given up must not share a token with one that comes later."""
    manager = manage()
    begun = begin(manager, clock, FAN)
    leases = []
    for _ in range(3):
        (claim,) = begun.take()
        leases.append(claim.lease)
        manager.close_session(begun.session)
        begun = resume(manager, clock, begun.run_id)

    assert len(set(leases)) == 3


def test_a_crash_between_the_parts_of_a_very_wide_fanout_loses_none(manage: Open, file: Path, clock: Clock) -> None:
    begun = begin(manage(), clock, FAN)
    (root,) = begun.take()
    begun.tell(report(root, numbers(5_000)), capacity=0)
    begun.take(3)
    there = begun.progress("work").total
    clock.now_ms += LEASE_MS + 1
    again = resume(manage(crashed(file)), clock, begun.run_id)
    status = again.work(work=lambda i: give(i))

    assert 0 < there < 5_000
    assert (status, again.inputs("end")) == ("SUCCESS", {"all": list(range(5_000))})


@pytest.mark.parametrize("after", range(0, 9, 2))
def test_a_run_goes_on_from_any_moment_at_which_it_was_cut_off(
    manage: Open, file: Path, clock: Clock, after: int
) -> None:
    begun = begin(manage(), clock, FAN)
    for _ in range(after):
        for claim in begun.held[:1] or begun.take(2):
            begun.tell(report(claim, _answer(claim.identifier, claim.path)), capacity=1)
    done = {s.state_id for s in begun.states() if s.status == "SUCCESS"}
    clock.now_ms += LEASE_MS + 1
    again = resume(manage(crashed(file)), clock, begun.run_id)
    ran: set[int] = set()
    while again.status == "RUNNING":
        for claim in again.held or again.take():
            ran.add(claim.state_id)
            again.tell(report(claim, _answer(claim.identifier, claim.path)))

    assert (again.status, again.inputs("end")) == ("SUCCESS", {"all": [0, 1, 2]})
    assert not ran & done


def _answer(identifier: str, path: bytes) -> Result:
    return numbers(3) if identifier == "root" else give({"n": path[-1] if path else None})


def test_two_managers_on_one_file_share_the_work_and_do_all_of_it_once(manage: Open, clock: Clock) -> None:
    template = draw("root* > work, work > end", unites={"end": "root"}, keep_store=True,
                    store_config={"default_values": {"n": 0}})  # fmt: skip
    managers = [manage(), manage()]
    run_id = begin(managers[0], clock, template).run_id
    managers[0].close_session(1)
    hands = [ByHand(m, clock, template, run_id, m.open_session("one", serves(template))) for m in managers]
    ran: list[int] = []
    for turn in range(60):
        hand = hands[turn % 2]
        for claim in hand.held or hand.take(3):
            ran.append(claim.state_id)
            result = numbers(20) if claim.identifier == "root" else give({}, writes=[add("n", 1)])
            hand.tell(report(claim, result), capacity=1)

    assert hands[1].status == "SUCCESS"
    assert len(ran) == len(set(ran)) == 22
    assert hands[0].store == {"n": 21}


def test_a_manager_sees_what_another_stored(manage: Open, clock: Clock) -> None:
    first, second = manage(), manage()
    session = second.open_session("second", serves(FAN))
    second.exchange(session, [], 1)
    begin(first, clock, FAN)

    assert [claim.identifier for claim in second.exchange(session, [], 1).claims] == ["root"]


def test_a_reader_sees_a_run_that_another_process_works_on(manage: Open, clock: Clock) -> None:
    first, second = manage(), manage()
    begun = begin(first, clock, FAN)
    before = second.run(begun.run_id).status
    begun.work(root=numbers(2), work=give({"n": 1}))

    assert (before, second.run(begun.run_id).status) == ("RUNNING", "SUCCESS")
    assert second.progress(begun.run_id) == first.progress(begun.run_id)


def test_closing_a_manager_gives_back_what_its_sessions_held(manage: Open, clock: Clock) -> None:
    first = manage()
    begun = begin(first, clock, FAN)
    begun.take()
    first.close()
    second = manage()

    assert [s.status for s in second.states(begun.run_id).items] == ["CREATED"]


def test_a_claim_after_a_failed_commit_is_not_lost(manage: Open, file: Path, clock: Clock) -> None:
    """The database refuses once, as a full disk does; the next exchange makes it good."""
    manager = manage()
    begun = begin(manager, clock, FAN)
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("CREATE TRIGGER full BEFORE UPDATE ON state BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    with pytest.raises(OSError, match="full"):
        begun.take()
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("DROP TRIGGER full")
    other.close()

    assert [claim.identifier for claim in begun.take()] == ["root"]


def test_an_outcome_that_could_not_be_written_can_be_told_again(manage: Open, file: Path, clock: Clock) -> None:
    manager = manage()
    begun = begin(manager, clock, FAN)
    (root,) = begun.take()
    told = Report(root.state_id, root.lease, numbers(2))
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON state BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    with pytest.raises(OSError, match="full"):
        begun.exchange(told)
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("DROP TRIGGER full")
    other.close()

    assert len(begun.exchange(told).claims) == 2


def test_a_lease_is_renewed_even_if_the_first_try_was_rolled_back(manage: Open, file: Path, clock: Clock) -> None:
    first, second = manage(), manage()
    begun = begin(first, clock, FAN)
    (root,) = begun.take()
    clock.now_ms += LEASE_MS - 10
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("CREATE TRIGGER full BEFORE UPDATE ON state BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    with pytest.raises(OSError, match="full"):
        begun.exchange(report(root, numbers(1)))
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("DROP TRIGGER full")
    other.close()
    begun.exchange()
    clock.now_ms += 20
    second.open_session("second", serves(FAN))

    assert begun.exchange(report(root, numbers(1))).refused == ()


def test_a_claim_that_was_rolled_back_is_made_good(file: Path, clock: Clock) -> None:
    """A part of a wide fanout cannot be written; what was claimed beside it is due as before."""
    database = Sqlite(file)
    with closing(EmbeddedManager(database, clock=clock)) as manager:
        begun = begin(manager, clock, FAN)
        (root,) = begun.take()
        begun.tell(report(root, numbers(2_001)), capacity=0)
        manager.trigger([Trigger("default", "fan")])
        database.connection.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON state BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
        with pytest.raises(OSError, match="full"):
            begun.take()
        database.connection.execute("DROP TRIGGER full")

        assert "root" in [claim.identifier for claim in begun.take()]


def test_what_a_gone_runtime_held_goes_to_whoever_serves_it(manage: Open, clock: Clock) -> None:
    """The runtime that finds it out may be another one of the same process."""
    first, second = manage(), manage()
    begin(first, clock, FAN).take()
    roots = second.open_session("roots", Serves({("default", "fan"): frozenset({"root"})}))
    second.exchange(roots, [], 1)
    clock.now_ms += LEASE_MS + 1
    second.open_session("others", Serves({("default", "fan"): frozenset({"work"})}))

    assert [claim.identifier for claim in second.exchange(roots, [], 1).claims] == ["root"]
