"""A program cancels, pauses, resumes and retries its runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exodsl import Graph, InputInvalid, NotFound, Prune, RetryPolicy, Run, StateManager, collect, node, resume
from exodsl.api.running import begin
from exodsl.errors import TransitionRefused
from exodsl.manager.protocol import Retried
from exodsl.manager.protocol import StateManager as Manager

BROKEN: set[str] = set()
"""Words that cannot be counted at the moment."""


@node
def split(document: str) -> list[str]:
    return document.split()


@node
def count(text: str) -> int:
    if text in BROKEN:
        raise ValueError("not countable")
    if text == "skip":
        raise Prune("skipped")
    return len(text)


@node
def total(counts: list[int]) -> int:
    return sum(counts)


@pytest.fixture
def broken() -> Iterator[set[str]]:
    """The words that cannot be counted: `bad`, until a test says otherwise."""
    BROKEN.add("bad")
    yield BROKEN
    BROKEN.clear()


@pytest.fixture
def graph() -> Graph:
    """Splits a text, counts each word, and adds up."""
    graph = Graph("words", retry=RetryPolicy(max_retries=0), keep_store=True)
    graph.connect(split, count, text=split.outputs)
    graph.connect(count, total, counts=collect(count.outputs)).unites(split)
    return graph


@pytest.fixture
def failed(graph: Graph, manager: Manager, broken: set[str]) -> Run:
    """A run that failed at one of its words."""
    return graph.run(document="a bad skip", db=manager)


def test_a_cancelled_run_has_ended(graph: Graph, manager: Manager) -> None:
    run = begin(manager, graph, {"document": "a"})

    assert run.cancel() is run
    assert (run.status, [state.status for state in run.states()]) == ("CANCELLED", ["CANCELLED"])
    with pytest.raises(TransitionRefused, match="is CANCELLED"):
        run.cancel()


def test_a_cancelled_run_has_no_output_and_says_why(graph: Graph, manager: Manager) -> None:
    run = begin(manager, graph, {"document": "a"}).cancel()

    with pytest.raises(NotFound, match=r'"total" has no output .*: it never ran; the run is CANCELLED'):
        run.output(total)


def test_a_paused_run_goes_on_when_it_is_resumed(graph: Graph, manager: Manager) -> None:
    run = begin(manager, graph, {"document": "a"})
    statuses = [run.pause().status, run.resume().status]

    assert statuses == ["PAUSED", "RUNNING"]
    assert resume(run.run_id, graph, db=manager).output(total) == 1


def test_a_run_that_is_running_is_not_resumed(graph: Graph, manager: Manager) -> None:
    run = begin(manager, graph, {"document": "a"})

    with pytest.raises(TransitionRefused, match="is RUNNING; only a paused one"):
        run.resume()


def test_a_failed_run_is_retried_and_worked_on_again(
    graph: Graph, manager: Manager, failed: Run, broken: set[str]
) -> None:
    broken.clear()
    done = failed.retry()
    between = failed.status
    run = resume(failed.run_id, graph, db=manager)

    assert (len(done.retried), between) == (1, "RUNNING")
    assert (run.status, run.output(total), run.outputs(count)) == ("SUCCESS", 4, [1, 3])
    assert (failed.status, failed.error) == ("SUCCESS", None)


def test_a_dry_run_says_what_a_retry_would_do(failed: Run) -> None:
    planned = failed.retry(dry_run=True)

    assert (failed.status, len(planned.retried), planned.superseded) == ("FAILED", 1, 1)
    assert failed.retry() == planned


def test_states_can_be_retried_as_views_or_by_their_ids(failed: Run) -> None:
    (bad,) = failed.states(count, status="ERRORED")
    (skipped,) = failed.states(count, status="PRUNED")

    assert failed.retry([bad, skipped.state_id]) == Retried((bad.state_id, skipped.state_id), 2)


def test_what_to_retry_can_be_chosen_by_node_and_status(failed: Run) -> None:
    (skipped,) = failed.states(count, status="PRUNED")

    assert failed.retry(node=split) == failed.retry(node="total") == Retried((), 0)
    assert failed.retry(node=count, status="PRUNED").retried == (skipped.state_id,)


def test_states_are_given_or_chosen_and_not_both(failed: Run) -> None:
    with pytest.raises(InputInvalid, match="not both"):
        failed.retry(failed.states(), node=count)


def test_no_states_are_none_and_not_all(failed: Run) -> None:
    assert failed.retry([]) == Retried((), 0)
    assert failed.status == "FAILED"


def test_a_run_shows_what_somebody_else_did_to_it(failed: Run, manager: Manager) -> None:
    before = failed.status
    Run(manager, failed.run_id).retry()

    assert (before, failed.status, failed.error) == ("FAILED", "RUNNING", None)


def test_a_run_that_was_closed_still_tells_how_it_ended(graph: Graph, tmp_path: Path) -> None:
    with graph.run(document="a b", db=tmp_path / "own.db") as run:
        assert run.status == "SUCCESS"

    assert run.status == "SUCCESS"


def test_a_run_can_be_controlled_without_its_graph(manager: Manager, failed: Run) -> None:
    run = Run(manager, failed.run_id)
    run.retry(node="count")

    assert run.pause().cancel().status == "CANCELLED"


def test_control_reaches_a_run_through_another_state_manager(graph: Graph, tmp_path: Path) -> None:
    here, there = (StateManager.open(tmp_path / "shared.db") for _ in range(2))
    run = begin(here, graph, {"document": "a"})
    Run(there, run.run_id).pause()
    status = run.status
    here.close()
    there.close()

    assert status == "PAUSED"


def test_resume_goes_on_with_a_paused_run(graph: Graph, manager: Manager) -> None:
    run = begin(manager, graph, {"document": "a"}).pause()

    assert resume(run.run_id, graph, db=manager).status == "SUCCESS"
