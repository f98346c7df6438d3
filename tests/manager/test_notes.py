"""What bodies tell is kept with their states: in order, in bounded size, and only while the lease is theirs."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from exodsl.engine.notes import LONGEST_LINE, MOST_LINES, Line, Notes, Progressed, cut
from exodsl.engine.reports import Claim
from exodsl.errors import StateNotFound
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import StateManager
from exodsl.manager.sessions import LEASE_MS
from exodsl.manager.views import LogLine, StateNotes, StateProgress
from tests.manager.byhand import ByHand, Clock, begin, draw, fail, report, requeue, serves
from tests.manager.conftest import Begin

AT_MS = 1_800_000_000_123
AT = datetime(2027, 1, 15, 8, 0, 0, 123_000, tzinfo=UTC)
NOTHING = StateNotes((), 0, None)


def said(claim: Claim, *messages: str, skipped: int = 0, progress: Progressed | None = None) -> Notes:
    """Return what a body told: some lines, maybe how far it is."""
    return Notes(claim.state_id, claim.lease, [Line(AT_MS, logging.INFO, text) for text in messages], skipped, progress)


def tell(begun: ByHand, *notes: Notes, told: Any = ()) -> None:
    """Exchange with nothing but notes, and what else is told."""
    begun.manager.exchange(begun.session, told, 0, notes)


def kept(begun: ByHand, claim: Claim) -> tuple[list[str], int]:
    """Return the messages that are kept of a state, and how many gave way."""
    found = begun.manager.notes(claim.state_id)
    return [line.message for line in found.lines], found.dropped


def test_a_state_that_told_nothing_has_no_notes(run: Begin) -> None:
    begun = run("root > leaf")
    (claim,) = begun.take()

    assert begun.manager.notes(claim.state_id) == NOTHING


def test_lines_and_progress_are_seen_while_the_state_is_held(run: Begin) -> None:
    begun = run("root > leaf")
    (claim,) = begun.take()

    tell(begun, said(claim, "one", "two", progress=Progressed(AT_MS, 1, 4, "first page")))

    assert begun.state("root").status == "QUEUED"
    assert begun.manager.notes(claim.state_id) == StateNotes(
        (LogLine(AT, "INFO", "one"), LogLine(AT, "INFO", "two")), 0, StateProgress(1, 4, "first page", AT)
    )


def test_later_lines_follow_and_the_latest_progress_counts(run: Begin) -> None:
    begun = run("root > leaf")
    (claim,) = begun.take()

    tell(begun, said(claim, "one", progress=Progressed(AT_MS, 1, 4, "")))
    tell(begun, said(claim, "two", progress=Progressed(AT_MS, 2.5, None, "more")))

    assert kept(begun, claim) == (["one", "two"], 0)
    assert begun.manager.notes(claim.state_id).progress == StateProgress(2.5, None, "more", AT)


def test_the_last_lines_come_along_with_the_outcome(run: Begin) -> None:
    begun = run("root > leaf")
    (claim,) = begun.take()

    tell(begun, said(claim, "done"), told=[report(claim)])

    assert begun.state("root").status == "SUCCESS"
    assert kept(begun, claim) == (["done"], 0)


def test_the_oldest_lines_give_way_and_are_counted(run: Begin) -> None:
    begun = run("root > leaf")
    (claim,) = begun.take()

    for hundred in range(3):
        tell(begun, said(claim, *(str(hundred * 100 + number) for number in range(100))))

    assert kept(begun, claim) == ([str(number) for number in range(100, 300)], 100)


def test_the_lines_of_a_state_are_bounded_in_bytes_as_well(run: Begin) -> None:
    begun = run("root > leaf")
    (claim,) = begun.take()

    for number in range(20):
        tell(begun, said(claim, f"{number:02}" + "é" * ((LONGEST_LINE - 2) // 2)))

    messages, dropped = kept(begun, claim)
    assert [message[:2] for message in messages] == [f"{number:02}" for number in range(4, 20)]
    assert dropped == 4


def test_lines_that_gave_way_before_they_were_told_are_counted(run: Begin) -> None:
    begun = run("root > leaf")
    (claim,) = begun.take()

    tell(begun, said(claim, "first"))
    tell(begun, said(claim, "late", "last", skipped=7))

    assert kept(begun, claim) == (["late", "last"], 8)


def test_what_comes_under_a_lost_lease_is_refused(run: Begin) -> None:
    begun = run("root > leaf")
    (claim,) = begun.take()
    other = begun.manager.open_session("other", serves(begun.template))
    begun.manager.close_session(begun.session)
    (again,) = begun.manager.exchange(other, (), 1).claims

    begun.manager.exchange(other, (), 0, [said(claim, "too late", progress=Progressed(AT_MS, 1, 1, ""))])
    begun.manager.exchange(other, (), 0, [said(again, "mine")])

    assert again.state_id == claim.state_id
    assert kept(begun, claim) == (["mine"], 0)
    assert begun.manager.notes(claim.state_id).progress is None


def test_notes_of_a_stale_runtime_are_refused_although_others_of_the_exchange_are_kept(
    tmp_path: Path, clock: Clock
) -> None:
    here = open_manager(str(tmp_path / "shared.db"), clock=clock)
    there = open_manager(str(tmp_path / "shared.db"), clock=clock)
    begun = begin(here, clock, draw("root > a b"))
    begun.reach("a")
    a, b = begun.held
    there.cancel(begun.run_id)

    answer = here.exchange(begun.session, [report(a)], 0, [said(a, "from a"), said(b, "from b")])

    assert answer.refused == (a.state_id,)
    assert kept(begun, a) == kept(begun, b) == ([], 0)
    here.close()
    there.close()


def test_what_a_state_told_after_its_end_is_refused(run: Begin) -> None:
    begun = run("root > leaf")
    (claim,) = begun.take()
    begun.tell(report(claim), capacity=0)

    tell(begun, said(claim, "behind the end"))

    assert begun.manager.notes(claim.state_id) == NOTHING


def test_each_attempt_has_lines_of_its_own(run: Begin, clock: Clock) -> None:
    begun = run("root > leaf", retry_policy={"max_retries": 1, "backoff_factor": 1})
    (first,) = begun.take()
    tell(begun, said(first, "the first time"), told=[report(first, fail(retryable=True))])
    clock.now_ms += 10
    (second,) = begun.take()
    tell(begun, said(second, "the second time"))

    assert (kept(begun, first), kept(begun, second)) == ((["the first time"], 0), (["the second time"], 0))


def test_a_state_that_comes_back_goes_on_with_its_lines(run: Begin, clock: Clock) -> None:
    begun = run("root > leaf")
    (first,) = begun.take()
    tell(begun, said(first, "asked"), told=[report(first, requeue(5))])
    clock.now_ms += 10
    (again,) = begun.take()
    tell(begun, said(again, "asked again"))

    assert kept(begun, first) == (["asked", "asked again"], 0)


def test_a_rerun_keeps_what_its_states_told(run: Begin, manager: StateManager) -> None:
    begun = run("root > leaf")
    (root,) = begun.take()
    tell(begun, said(root, "kept"), told=[report(root)])
    leaf = begun.reach("leaf")
    begun.tell(report(leaf))

    again = manager.rerun(begun.run_id, leaf.state_id).run_id

    (copied,) = manager.states(again, identifier="root").items
    assert [line.message for line in manager.notes(copied.state_id).lines] == ["kept"]


def test_notes_of_a_state_that_is_not_there_say_so(manager: StateManager) -> None:
    with pytest.raises(StateNotFound, match='No state "7"'):
        manager.notes(7)


def test_a_runtime_that_was_silent_for_too_long_tells_nothing_any_more(tmp_path: Path, clock: Clock) -> None:
    here = open_manager(str(tmp_path / "shared.db"), clock=clock)
    there = open_manager(str(tmp_path / "shared.db"), clock=clock)
    begun = begin(here, clock, draw("root > leaf"))
    (claim,) = begun.take()
    clock.now_ms += LEASE_MS + 1
    (again,) = there.exchange(there.open_session("other", serves(begun.template)), (), 1).claims

    tell(begun, said(claim, "still here"))

    assert again.state_id == claim.state_id
    assert kept(begun, claim) == ([], 0)
    here.close()
    there.close()


def test_a_text_is_cut_to_what_a_line_may_have() -> None:
    texts = [cut("short"), cut("é" * LONGEST_LINE), cut("\ud800 alone")]

    assert texts[0] == "short"
    assert texts[1].endswith("é…")
    assert LONGEST_LINE - 2 < len(texts[1].encode()) <= LONGEST_LINE
    assert texts[2] == "\\ud800 alone"
    assert MOST_LINES == 200
