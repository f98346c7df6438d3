"""Control by hand: what cancelling, pausing and resuming do to a run; a key that finds its run (semantics 4, 9)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from exodsl.errors import InputInvalid, RunNotFound, StoreUnavailable, TransitionRefused
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import Serves, StateManager, Trigger
from tests.manager.byhand import SOON, ByHand, Clock, draw, fail, give, numbers, put, report, serves
from tests.manager.conftest import Begin

FAN: dict[str, Any] = {
    "arrows": "root* > work, work > end",
    "unites": {"end": "root"},
    "inputs": {"work": {"n": "${{ root.outputs.n }}"}, "end": {"all": "${{ work.outputs.n }}"}},
    "store_config": {"default_values": {"k": 1}},
}
WIDE = 2_500
LIVE = {"CREATED", "QUEUED", "EXECUTED"}
CALLS: dict[str, Callable[[StateManager, str], object]] = {
    "cancel": lambda manager, run_id: manager.cancel(run_id),
    "pause": lambda manager, run_id: manager.pause(run_id),
    "resume": lambda manager, run_id: manager.resume(run_id),
}


def half_done(run: Begin, **parts: Any) -> ByHand:
    """Begin a run whose fanout of three is under way: one branch has ended, one is QUEUED, one is CREATED."""
    begun = run(**FAN, **parts)
    (root,) = begun.take()
    (first,) = begun.tell(report(root, numbers(3)), capacity=1)
    begun.tell(report(first, give({"n": 0})), capacity=1)
    return begun


def wide(run: Begin) -> ByHand:
    """Begin a run whose fanout is so wide that it is made into states in several parts; it was recorded just now."""
    begun = run("root* > work")
    (root,) = begun.take()
    begun.tell(report(root, numbers(WIDE)), capacity=0)
    return begun


def seen(begun: ByHand) -> Any:
    """Return all that anyone can see of a run."""
    return begun.manager.run(begun.run_id), begun.states(), begun.manager.progress(begun.run_id)


# --- cancel ---------------------------------------------------------------------------------------


def test_a_cancelled_run_has_ended_and_nothing_of_it_is_live(run: Begin, manager: StateManager) -> None:
    begun = half_done(run)
    before = begun.ends("work")
    view = manager.cancel(begun.run_id)

    assert before == ["SUCCESS", "QUEUED", "CREATED"]
    assert begun.ends("work") == ["SUCCESS", "CANCELLED", "CANCELLED"]
    assert (view, view.status) == (manager.run(begun.run_id), "CANCELLED")
    assert all(state.finished_at for state in begun.states())
    assert view.finished_at is not None


def test_a_cancel_is_counted(run: Begin, manager: StateManager) -> None:
    begun = half_done(run)
    manager.cancel(begun.run_id)
    work = begun.progress("work")

    assert (work.total, work.live, work.success, work.cancelled) == (3, 0, 1, 2)


def test_a_cancel_of_a_node_with_a_single_state_is_counted(run: Begin, manager: StateManager) -> None:
    begun = run("root > leaf")
    begun.reach("leaf")
    manager.cancel(begun.run_id)
    leaf = begun.progress("leaf")

    assert (leaf.total, leaf.live, leaf.cancelled) == (1, 0, 1)


def test_a_late_report_of_a_cancelled_run_is_refused_and_changes_nothing(run: Begin, manager: StateManager) -> None:
    begun = half_done(run, keep_store=True)
    (held,) = begun.held
    manager.cancel(begun.run_id)
    before = seen(begun)
    answer = begun.exchange(report(held, give({"n": 1}, writes=[put("k", 2)])))

    assert (answer.refused, answer.claims, answer.ended_runs) == ((held.state_id,), (), {})
    assert (seen(begun), begun.store) == (before, {"k": 1})


def test_a_late_failure_leaves_no_retry_in_a_cancelled_run(run: Begin, manager: StateManager, clock: Clock) -> None:
    begun = run("root")
    (root,) = begun.take()
    manager.cancel(begun.run_id)
    begun.exchange(report(root, fail(retryable=True)))
    clock.now_ms += 60_000

    assert (begun.take(), begun.ends()) == ([], ["CANCELLED"])


def test_the_last_branch_of_a_cancelled_run_opens_no_unite(run: Begin, manager: StateManager) -> None:
    begun = run(**FAN)
    begun.reach("work", root=numbers(3))
    first, *others = begun.held
    begun.tell(*(report(claim, give({"n": 0})) for claim in others))
    manager.cancel(begun.run_id)
    begun.tell(report(first, give({"n": 0})))

    assert begun.states("end") == []


def test_nothing_of_a_cancelled_run_is_claimed_afterwards(run: Begin, manager: StateManager, clock: Clock) -> None:
    """Not even what waits for its time."""
    begun = run("root > leaf later", retry_policy={"strategy": "FIXED", "backoff_factor": 1_000})
    begun.reach("later")
    (later,) = (claim for claim in begun.held if claim.identifier == "later")
    begun.tell(report(later, fail(retryable=True)))
    manager.cancel(begun.run_id)
    clock.now_ms += 5_000
    answer = begun.exchange()

    assert (answer.claims, answer.next_due_ms) == ((), None)


@pytest.mark.parametrize("parts", [0, 1])
def test_a_wide_fanout_that_is_half_made_is_not_made_any_further(run: Begin, manager: StateManager, parts: int) -> None:
    begun = wide(run)
    for _ in range(parts):
        begun.take(capacity=1)
    manager.cancel(begun.run_id)
    before = len(begun.states())
    answers = [begun.exchange() for _ in range(3)]

    assert [(answer.claims, answer.next_due_ms) for answer in answers] == [((), None)] * 3
    assert len(begun.states()) == before < WIDE
    assert LIVE.isdisjoint(begun.ends())


@pytest.mark.parametrize("keep", [False, True])
def test_a_cancelled_run_loses_its_store_unless_it_is_kept(run: Begin, manager: StateManager, keep: bool) -> None:
    begun = half_done(run, keep_store=keep)
    manager.cancel(begun.run_id)

    if keep:
        assert begun.store == {"k": 1}
    else:
        with pytest.raises(StoreUnavailable):
            manager.read_store(begun.run_id)


def test_a_run_that_waits_for_its_start_can_be_cancelled(run: Begin, manager: StateManager, clock: Clock) -> None:
    begun = run("root", start_delay_ms=60_000)
    manager.cancel(begun.run_id)
    clock.now_ms += 60_000

    assert (begun.take(), begun.ends()) == ([], ["CANCELLED"])


def test_a_paused_run_can_be_cancelled(run: Begin, manager: StateManager) -> None:
    begun = half_done(run)
    manager.pause(begun.run_id)

    assert manager.cancel(begun.run_id).status == "CANCELLED"


def test_a_cancel_leaves_other_runs_alone(run: Begin, manager: StateManager) -> None:
    cancelled, other = run(**FAN), run(**FAN)
    manager.cancel(cancelled.run_id)

    assert other.work(root=numbers(3), work=lambda inputs: give(inputs)) == "SUCCESS"
    assert other.inputs("end") == {"all": [0, 1, 2]}


def test_who_cancels_may_name_a_run_by_its_last_digits(run: Begin, manager: StateManager) -> None:
    begun = run("root")

    assert manager.cancel(begun.run_id[-8:]).run_id == begun.run_id


@pytest.mark.parametrize("ended", ["SUCCESS", "FAILED", "CANCELLED"])
@pytest.mark.parametrize("call", CALLS)
def test_what_has_ended_is_not_controlled_any_more(run: Begin, manager: StateManager, ended: str, call: str) -> None:
    begun = run("root")
    if ended == "CANCELLED":
        manager.cancel(begun.run_id)
    else:
        begun.work(root=fail() if ended == "FAILED" else give({}))
    before = seen(begun)
    with pytest.raises(TransitionRefused, match=f'"{begun.run_id}" is {ended}; only') as refused:
        CALLS[call](manager, begun.run_id)

    assert (refused.value.status, seen(begun)) == (ended, before)


@pytest.mark.parametrize("call", CALLS)
def test_a_run_that_is_not_there_is_said_not_to_be(manager: StateManager, call: str) -> None:
    with pytest.raises(RunNotFound, match='"abcdef"'):
        CALLS[call](manager, "abcdef")


# --- pause and resume -----------------------------------------------------------------------------


def test_nothing_of_a_paused_run_is_handed_out(run: Begin, manager: StateManager) -> None:
    begun = run("root > leaf")
    view = manager.pause(begun.run_id)
    answer = begun.exchange()

    assert (view.status, view.finished_at) == ("PAUSED", None)
    assert (answer.claims, answer.next_due_ms, begun.ends()) == ((), None, ["CREATED"])


def test_what_runs_may_end_in_a_paused_run_and_its_children_wait(run: Begin, manager: StateManager) -> None:
    begun = run(**FAN)
    (root,) = begun.take()
    manager.pause(begun.run_id)
    answer = begun.exchange(report(root, numbers(3)))

    assert (answer.refused, answer.claims, begun.exchange().next_due_ms) == ((), (), None)
    assert (begun.ends("root"), begun.ends("work")) == (["SUCCESS"] * 3, ["CREATED"] * 3)


def test_a_unite_of_a_paused_run_is_created_and_waits(run: Begin, manager: StateManager) -> None:
    begun = run(**FAN)
    begun.reach("work", root=numbers(2))
    manager.pause(begun.run_id)
    begun.tell(*(report(claim, give({"n": 0})) for claim in begun.held))

    assert (begun.take(), begun.ends("end")) == ([], ["CREATED"])


def test_a_wide_fanout_of_a_paused_run_is_created_and_waits(run: Begin, manager: StateManager) -> None:
    begun = wide(run)
    manager.pause(begun.run_id)
    claims = [claim for _ in range(8) for claim in begun.take(capacity=WIDE)]

    assert (claims, begun.ends("work")) == ([], ["CREATED"] * WIDE)


def test_a_retry_of_a_paused_run_waits_although_it_is_due(run: Begin, manager: StateManager, clock: Clock) -> None:
    begun = run("root", retry_policy={"strategy": "FIXED", "backoff_factor": 100})
    (root,) = begun.take()
    manager.pause(begun.run_id)
    begun.tell(report(root, fail(retryable=True)))
    clock.now_ms += 1_000
    waiting = begun.take()
    manager.resume(begun.run_id)

    assert (waiting, [claim.retry_count for claim in begun.take()]) == ([], [1])


def test_a_paused_run_whose_last_body_ends_has_ended(run: Begin, manager: StateManager) -> None:
    begun = run("root")
    (root,) = begun.take()
    manager.pause(begun.run_id)

    assert begun.exchange(report(root)).ended_runs == {begun.run_id: "SUCCESS"}


def test_a_resumed_run_goes_on_where_it_stood(run: Begin, manager: StateManager) -> None:
    begun = half_done(run)
    manager.pause(begun.run_id)
    begun.tell(*(report(claim, give({"n": 1})) for claim in begun.held))
    view = manager.resume(begun.run_id)

    assert view.status == "RUNNING"
    assert begun.work(work=lambda inputs: give(inputs)) == "SUCCESS"
    assert begun.inputs("end") == {"all": [0, 1, 2]}


def test_several_runs_are_paused_each_for_itself(run: Begin, manager: StateManager) -> None:
    runs = [run("root > leaf") for _ in range(4)]
    session = runs[0].session
    for begun in runs[:3]:
        manager.pause(begun.run_id)
    first = manager.exchange(session, [], 10).claims
    manager.resume(runs[1].run_id)
    second = manager.exchange(session, [], 10).claims

    assert [claim.run_id for claim in first] == [runs[3].run_id]
    assert [claim.run_id for claim in second] == [runs[1].run_id]
    assert [begun.status for begun in runs] == ["PAUSED", "RUNNING", "PAUSED", "RUNNING"]


def test_a_runtime_of_this_run_alone_gets_nothing_while_it_is_paused(run: Begin, manager: StateManager) -> None:
    begun = run("root")
    manager.pause(begun.run_id)
    session = manager.open_session("alone", serves(begun.template, run_id=begun.run_id))
    before = manager.exchange(session, [], 1)
    manager.resume(begun.run_id)

    assert (before.claims, before.next_due_ms) == ((), None)
    assert len(manager.exchange(session, [], 1).claims) == 1


def test_a_resume_wakes_those_who_wait(run: Begin, manager: StateManager) -> None:
    begun = run("root")
    manager.pause(begun.run_id)
    begun.take()
    woken = SimpleQueue[int | None]()
    end = manager.wake_on_work(lambda: woken.put(manager.exchange(begun.session, [], 0).next_due_ms))
    manager.resume(begun.run_id)

    assert woken.get(timeout=SOON) == 0
    end()


def test_what_is_paused_cannot_be_paused_and_what_is_running_cannot_be_resumed(
    run: Begin, manager: StateManager
) -> None:
    begun = run("root")
    with pytest.raises(TransitionRefused, match="is RUNNING; only a paused one"):
        manager.resume(begun.run_id)
    manager.pause(begun.run_id)

    with pytest.raises(TransitionRefused, match="is PAUSED; only a running one"):
        manager.pause(begun.run_id)


def test_another_process_controls_a_run_that_this_one_works_on(tmp_path: Path, clock: Clock) -> None:
    """Two managers over one file stand for two processes."""
    template = draw(**FAN)
    here, there = (open_manager(str(tmp_path / "exodsl.db"), clock=clock) for _ in range(2))
    here.upsert(template)
    paused, cancelled = here.trigger([Trigger("default", "graph")] * 2)
    session = here.open_session("here", serves(template))
    (first,) = here.exchange(session, [], 1).claims
    there.pause(cancelled)
    there.pause(paused)
    none = here.exchange(session, [], 10).claims
    there.resume(paused)
    there.cancel(cancelled)
    claims = here.exchange(session, [report(first, numbers(2))], 10).claims
    here.close()
    there.close()

    assert (first.run_id, none) == (paused, ())
    assert [(claim.run_id, claim.identifier) for claim in claims] == [(paused, "work")] * 2


# --- a key that finds its run ---------------------------------------------------------------------


def keyed(manager: StateManager, key: str | None = "k", graph: str = "graph", **inputs: Any) -> str:
    """Trigger a graph with a key."""
    (run_id,) = manager.trigger([Trigger("default", graph, inputs, idempotency_key=key)])
    return run_id


def test_the_same_key_gives_the_same_run_whatever_else_is_given(manager: StateManager) -> None:
    manager.upsert(draw("root"))
    first = keyed(manager, n=1)
    again = keyed(manager, n=2)

    assert first == again
    assert [view.inputs for view in manager.runs().items] == [{"n": 1}]


def test_another_key_or_none_gives_another_run(manager: StateManager) -> None:
    manager.upsert(draw("root"))
    found = {keyed(manager, key) for key in ("a", "b", None, None)}

    assert len(found) == len(manager.runs().items) == 4


def test_a_key_belongs_to_one_graph_of_one_namespace(manager: StateManager) -> None:
    for name, namespace in (("one", "default"), ("two", "default"), ("one", "lab")):
        manager.upsert(draw("root", name=name, namespace=namespace))
    found = {keyed(manager, graph="one"), keyed(manager, graph="two")}
    found.update(manager.trigger([Trigger("lab", "one", idempotency_key="k")]))

    assert len(found) == 3


def test_a_key_finds_its_run_after_that_has_ended_and_on_a_later_version(run: Begin, manager: StateManager) -> None:
    manager.upsert(draw("root"))
    first = keyed(manager)
    session = manager.open_session("any", Serves({("default", "graph"): frozenset({"root"})}))
    manager.exchange(session, [report(claim) for claim in manager.exchange(session, [], 1).claims], 0)
    manager.upsert(draw("root > leaf"))

    assert (keyed(manager), manager.run(first).status) == (first, "SUCCESS")


def test_one_key_twice_in_one_call_is_one_run(manager: StateManager) -> None:
    manager.upsert(draw("root"))
    same = Trigger("default", "graph", idempotency_key="k")
    first, other, again = manager.trigger([same, Trigger("default", "graph"), same])

    assert first == again != other
    assert len(manager.runs().items) == 2


def test_a_key_of_a_refused_trigger_is_free_again(manager: StateManager) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    manager.upsert(draw("root", inputs_schema=schema))
    with pytest.raises(InputInvalid):
        keyed(manager, n="no number")

    assert manager.run(keyed(manager, n=3)).inputs == {"n": 3}


@pytest.mark.parametrize("processes", [1, 2])
def test_those_who_race_with_one_key_get_one_run(tmp_path: Path, clock: Clock, processes: int) -> None:
    managers = [open_manager(str(tmp_path / "exodsl.db"), clock=clock) for _ in range(processes)]
    managers[0].upsert(draw("root"))
    start, found = threading.Barrier(8), list[str]()

    def trigger(manager: StateManager) -> None:
        start.wait()
        found.extend(keyed(manager, f"k{number}") for number in range(10))

    threads = [threading.Thread(target=trigger, args=(managers[n % processes],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    runs = managers[0].runs(limit=100).items
    for manager in managers:
        manager.close()

    assert len(found) == 80
    assert {view.run_id for view in runs} == set(found)
    assert len(runs) == 10
