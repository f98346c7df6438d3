"""Runs that a test drives, one exchange at a time."""

from datetime import timedelta

import anyio
import pytest

from exodsl import Fatal, Graph, NotFound, Requeue, RetryPolicy, collect, node
from exodsl.errors import RunStuck, TransitionRefused
from exodsl.testing import fail, run_inline, step_inline

RAN: list[str] = []


@node
def split(text: str) -> list[str]:
    return text.split()


@node
def shout(word: str) -> str:
    RAN.append(word)
    return word.upper()


@node
async def join(words: list[str]) -> str:
    await anyio.sleep(60)
    return " ".join(words)


@pytest.fixture
def graph() -> Graph:
    """Shouts the words of a text."""
    RAN.clear()
    graph = Graph("shouting", retry=RetryPolicy(max_retries=3, strategy="FIXED", backoff_factor=3_600_000))
    graph.connect(split, shout, word=split.outputs)
    graph.connect(shout, join, words=collect(shout.outputs)).unites(split)
    return graph


def test_nothing_runs_before_the_first_exchange(graph: Graph) -> None:
    with step_inline(graph, text="a b") as step:
        assert (step.held, step.run.status, RAN) == ((), "RUNNING", [])


def test_each_exchange_hands_out_what_comes_next(graph: Graph) -> None:
    seen: list[list[str]] = []
    with step_inline(graph, text="a b") as step:
        while step.next():
            seen.append([f"{state.identifier} {state.inputs}" for state in step.held])

    assert seen == [
        ["split {'text': 'a b'}"],
        ["shout {'word': 'a'}"],
        ["shout {'word': 'b'}"],
        ["join {'words': ['A', 'B']}"],
    ]
    assert step.run.output(join) == "A B"


def test_a_held_state_has_not_run_yet(graph: Graph) -> None:
    with step_inline(graph, text="a b") as step:
        held = step.until(shout)

        assert (held.status, held.inputs, RAN) == ("QUEUED", {"word": "a"}, [])


def test_gates_are_seen_as_they_fill(graph: Graph) -> None:
    with step_inline(graph, text="a b") as step:
        step.until(shout)
        before = [(gate.status, gate.pending, gate.arrived) for gate in step.gates()]
        step.until(join)
        after = [(gate.status, gate.pending, gate.arrived) for gate in step.gates()]

    assert (before, after) == ([("OPEN", 2, 0)], [("PASSED", 0, 2)])


def test_the_clock_jumps_with_the_exchange_after_the_one_that_found_nothing(graph: Graph) -> None:
    with step_inline(graph, text="a", fake={split: fail(split)}) as step:
        step.next()
        step.next()
        waiting = (step.held, step.clock.elapsed)
        step.next()

        assert (waiting, step.clock.elapsed, [state.retry_count for state in step.held]) == (((), 0), 3600, [1])


def test_a_start_delay_holds_the_root_back(graph: Graph) -> None:
    with step_inline(graph, text="a", start_delay=timedelta(hours=1)) as step:
        step.next()
        waiting = (step.held, step.clock.elapsed)
        step.next()

        assert (waiting, [state.identifier for state in step.held], step.clock.elapsed) == (((), 0), ["split"], 3600)


def test_more_than_one_state_can_be_held(graph: Graph) -> None:
    with step_inline(graph, text="a b c", workers=2) as step:
        step.until(shout)

        assert [state.inputs for state in step.held] == [{"word": "a"}, {"word": "b"}]


def test_after_a_cancel_what_is_held_runs_and_is_refused(graph: Graph) -> None:
    with step_inline(graph, text="a b") as step:
        step.until(shout)
        step.cancel()

        assert (step.next(), RAN, step.run.outputs(shout), step.run.status) == (False, ["a"], [], "CANCELLED")


def test_a_node_that_is_never_reached_is_said(graph: Graph) -> None:
    with step_inline(graph, text="") as step, pytest.raises(NotFound, match='SUCCESS: it ended before "shout"'):
        step.until(shout)


def test_what_a_killed_runtime_held_runs_again_when_its_lease_is_over(graph: Graph) -> None:
    with step_inline(graph, text="a b") as step:
        step.until(shout)
        step.kill(after_bodies=True)
        lost = (step.held, [state.status for state in step.run.states(shout)])
        step.resume()
        run = step.finish()

    assert lost == ((), ["QUEUED", "CREATED"])
    assert (run.output(join), sorted(RAN)) == ("A B", ["a", "a", "b"])
    assert 30 < run.clock.elapsed - 60 < 60


def test_a_kill_without_bodies_loses_no_work(graph: Graph) -> None:
    with step_inline(graph, text="a b") as step:
        step.until(shout)
        step.kill()
        step.resume()
        step.finish()

    assert sorted(RAN) == ["a", "b"]


def test_a_lost_state_comes_before_a_retry_that_is_due_later(graph: Graph) -> None:
    with step_inline(graph, text="a b", fake={shout: lambda word, ctx=None: _only_b(word)}) as step:
        step.until(shout)
        step.next()
        step.kill()
        step.resume()
        step.until(shout)

        assert (step.held[0].inputs, step.clock.elapsed < 60) == ({"word": "b"}, True)


def _only_b(word: str) -> str:
    if word == "a":
        raise ConnectionError("not yet")
    return word


def test_a_body_that_ends_its_process_three_times_is_given_up(graph: Graph) -> None:
    with step_inline(graph, text="a") as step:
        for _ in range(3):
            step.until(shout)
            step.kill()
            step.resume()
        step.finish()

    assert step.run.states(shout)[0].error is not None
    assert step.run.status == "FAILED"


def test_a_killed_runtime_does_nothing_until_another_one_goes_on(graph: Graph) -> None:
    with step_inline(graph, text="a") as step:
        step.kill()

        with pytest.raises(TransitionRefused, match="killed; `resume` starts another one"):
            step.next()
        step.resume()
        with pytest.raises(TransitionRefused, match="at work; `kill` it before"):
            step.resume()


def test_a_paused_run_goes_on_when_it_is_resumed(graph: Graph) -> None:
    with step_inline(graph, text="a b") as step:
        step.until(shout)
        step.run.pause()
        with pytest.raises(RunStuck, match=r"it is PAUSED, and `run.resume\(\)` was not called"):
            step.finish()
        step.run.resume()

        assert step.finish().output(join) == "A B"


def test_a_run_that_failed_goes_on_when_it_is_retried(graph: Graph) -> None:
    with step_inline(graph, text="a", fake={shout: fail(shout, times=1, error=Fatal("no"))}) as step:
        failed = step.finish().status
        step.run.retry()

        assert (failed, step.finish().status) == ("FAILED", "FAILED")
        assert [state.attempt for state in step.run.states(shout)] == [0, 1]


def test_a_run_can_be_stepped_where_an_event_loop_is_running(graph: Graph) -> None:
    async def inside() -> str:
        with step_inline(graph, text="a b") as step:
            step.until(join)
            return step.finish().output(join)

    assert anyio.run(inside) == "A B"


def test_a_run_that_was_left_in_the_middle_can_be_read(graph: Graph) -> None:
    with step_inline(graph, text="a b") as step:
        step.until(join)

    assert (step.run.outputs(shout), step.run.status) == (["A", "B"], "RUNNING")


def test_stepping_and_running_come_to_the_same(graph: Graph) -> None:
    with step_inline(graph, text="a b c", workers=3) as step:
        stepped = step.finish()

    assert stepped.transcript() == run_inline(graph, text="a b c").transcript()


def test_time_that_a_test_lets_pass_counts(graph: Graph) -> None:
    @node
    def poll() -> None:
        raise Requeue(after=timedelta(minutes=1))

    polling = Graph("polling")
    polling.start(poll)
    with step_inline(polling) as step:
        step.next()
        step.next()
        step.clock.advance(timedelta(hours=1))
        step.next()

        assert (len(step.held), step.clock.elapsed) == (1, 3660)
