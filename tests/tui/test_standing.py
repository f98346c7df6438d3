"""How nodes stand, in signs, bars and words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from exodsl.manager.protocol import StateManager
from exodsl_tui.looking import Look, Subject
from exodsl_tui.signs import Signs
from exodsl_tui.standing import Stand, blocker, note, progress, sign_of, stands, width_of
from tests.manager.byhand import ByHand, draw, fail, numbers, prune
from tests.tui import samples

Begin = Callable[..., ByHand]
SIGNS = Signs(ascii=True)


@pytest.fixture
def look(manager: StateManager) -> Callable[[ByHand], tuple[Subject, Look]]:
    """Look at a run."""

    def look(run: ByHand) -> tuple[Subject, Look]:
        subject = Subject(run.run_id)
        return subject, subject.look(manager)

    return look


@pytest.fixture
def said(manager: StateManager, look: Callable[[ByHand], tuple[Subject, Look]]) -> Callable[[ByHand], list[str]]:
    """Say in one line for each node how it stands: sign, width, bar, note."""

    def said(run: ByHand) -> list[str]:
        subject, seen = look(run)
        now = datetime.fromtimestamp(run.clock.now_ms / 1000, UTC)
        found = stands(subject.facts(manager).scene, seen, [(name,) for name in subject.nodes])
        return [line(stand, now) for stand in found]

    return said


def line(stand: Stand, now: datetime) -> str:
    bar, words = (text(pieces) for pieces in (progress(stand, SIGNS, 12), note(stand, now)))
    return f"{sign_of(stand, SIGNS)[0]} {stand.name} {width_of(stand)} {bar} {words}".rstrip()


def text(pieces: tuple[tuple[str, str], ...]) -> str:
    return "".join(piece for piece, _ in pieces)


def test_a_run_that_goes_on_says_of_each_node_what_it_does(start: Begin, said: Callable[[ByHand], list[str]]) -> None:
    assert said(samples.going(start)) == [
        "S ingest  ############",
        "S split x24 ############ 1 -> 24",
        "S fetch x24 ############",
        "E parse x24 #######!~~~. oldest 2.0s, due 1m00s, 2 tried again",
        "Q validate x24 ##########~~ oldest 2.0s",
        "E collect gate ########!~~. 35 arrived of 48, 1 DEAD, 10 moving, 2 waiting  -> enter",
        "C publish  ............ not reached",
    ]


def test_gates_of_several_executions_are_counted(start: Begin, said: Callable[[ByHand], list[str]]) -> None:
    assert said(samples.nested(start))[3:] == [
        "E sum gates ............ 3 gates, 2 open, 1 BLOCKED  -> enter",
        "E total gate !!~~~~~~~~~~ 0 arrived of 3, 1 DEAD, 5 moving  -> enter",
    ]


def test_a_node_says_what_was_pruned(start: Begin, said: Callable[[ByHand], list[str]]) -> None:
    run = start(draw("split* > work, work > end", unites={"end": "split"}))
    run.work(split=numbers(3), work=prune())

    assert said(run) == [
        "S split x3 ############ 1 -> 3",
        "P work x3 ############ 3 pruned",
        "S end  ############",
    ]


def test_a_folded_chain_adds_its_nodes_up(
    start: Begin, manager: StateManager, look: Callable[[ByHand], tuple[Subject, Look]]
) -> None:
    run = start(samples.CHAIN)
    run.work(split=numbers(2), check=fail())
    subject, seen = look(run)
    (chain,) = stands(subject.facts(manager).scene, seen, [("load", "clean", "enrich", "check")])

    assert (chain.places, chain.ok, chain.err, chain.status) == (4, 3, 1, "ERRORED")
    assert width_of(chain) == ""


def test_the_blocker_is_what_failed_else_the_oldest_body_else_what_is_due_first() -> None:
    now = datetime(2027, 1, 15, tzinfo=UTC)
    old = Stand(("old",), oldest_running=now - timedelta(minutes=5))
    young = Stand(("young",), oldest_running=now)
    due = Stand(("due",), next_due=now + timedelta(minutes=1))

    assert blocker([young, old, Stand(("bad",), err=1)]) == "bad"
    assert blocker([young, old, due]) == "old"
    assert blocker([due]) == "due"
    assert blocker([Stand(("done",), places=1, ok=1)]) is None


def test_a_run_that_ended_is_looked_at_once(start: Begin, manager: StateManager) -> None:
    run = samples.done(start)
    subject = Subject(run.run_id)

    assert subject.look(manager) is subject.look(manager)


def test_a_run_that_ended_and_is_retried_is_looked_at_again(start: Begin, manager: StateManager) -> None:
    run = start(draw("a"))
    run.work(a=fail())
    subject = Subject(run.run_id)
    before = subject.look(manager)
    manager.retry(run.run_id)

    assert (before.run.status, subject.look(manager).run.status) == ("FAILED", "RUNNING")
