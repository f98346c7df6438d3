"""Ways around the limits of a key: ids in part, guessed numbers, graphs of others, and what ends meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from exodsl.engine.notes import Line, Notes
from exodsl.engine.reports import Report
from exodsl.errors import GraphNotFound, NamespaceRefused, RunNotFound, SessionUnknown, StateNotFound
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.filters import StateFilter, Term
from exodsl.manager.protocol import Serves, Trigger
from exodsl.server.scopes import admit
from tests.manager.byhand import NOTHING, Clock
from tests.server.isolation.asking import ask
from tests.server.isolation.conftest import MIXED, NODES, OURS, OURS_ONLY, THEIRS, Space, dump, template


def test_part_of_an_id_is_looked_up_among_ones_own_runs(manager: EmbeddedManager, ours: Space, theirs: Space) -> None:
    """All ids begin alike here; the message names those that it would fit of ours."""
    with pytest.raises(RunNotFound) as several:
        ask(manager, "run", run_id=ours.failed[:14])
    with pytest.raises(RunNotFound) as none:
        ask(manager, "run", run_id=theirs.failed[-12:])

    assert set(several.value.matches) == {ours.failed, ours.running, ours.paused, ours.mixed}
    assert none.value.matches == ()
    assert ask(manager, "run", run_id=ours.failed[-12:]).run_id == ours.failed


def test_states_of_others_are_not_in_ones_own_runs(
    manager: EmbeddedManager, file: Path, ours: Space, theirs: Space
) -> None:
    before = dump(file)
    retry = {"run_id": ours.failed, "state_ids": [ours.broken, theirs.broken]}
    rerun = {"run_id": ours.failed, "state_id": theirs.broken}
    for call, arguments in (("retry", retry), ("retry", {**retry, "dry_run": True}), ("rerun", rerun)):
        with pytest.raises(StateNotFound):
            ask(manager, call, **arguments)
    searched = StateFilter((Term("id", "=", (theirs.broken,)),))

    assert ask(manager, "find_states", run_id=ours.failed, filter=searched).items == ()
    assert dump(file) == before


def test_no_call_hands_work_to_another_namespace(manager: EmbeddedManager, file: Path, ours: Space) -> None:
    before = dump(file)
    asked: dict[str, dict[str, Any]] = {
        "upsert": {"template": template(OURS, "new", THEIRS)},
        "accept": {"template": template(OURS, "new", THEIRS), "secrets": {}},
        "begin": {"namespace": OURS, "graph": MIXED, "inputs": {"x": "1"}, "store": {}, "start_delay_ms": 0},
        "trigger": {"triggers": [Trigger(OURS, "graph", {"x": "1"}), Trigger(OURS, MIXED, {"x": "1"})]},
        "open_session": {"name": "r", "serves": Serves({(OURS, MIXED): NODES})},
        "retry": {"run_id": ours.mixed},
        "rerun": {"run_id": ours.mixed, "state_id": ours.mixed_state},
    }
    for call, arguments in asked.items():
        with pytest.raises(NamespaceRefused) as refused:
            ask(manager, call, **arguments)
        assert refused.value.namespace == THEIRS

    assert dump(file) == before
    with pytest.raises(GraphNotFound):
        ask(manager, "trigger", triggers=[Trigger(OURS, "none")])


def test_a_runtime_that_serves_one_run_serves_one_of_the_key(
    manager: EmbeddedManager, ours: Space, theirs: Space
) -> None:
    session = ask(manager, "open_session", name="r", serves=Serves(ours.serves.node_names, ours.running[-12:]))
    with pytest.raises(RunNotFound):
        ask(manager, "open_session", name="r", serves=Serves(ours.serves.node_names, theirs.running))
    with pytest.raises(NamespaceRefused):
        ask(manager, "open_session", name="r", serves=Serves({}))

    assert {one.run_id for one in ask(manager, "runtimes") if one.session == session} == {ours.running}


@pytest.mark.parametrize("call", ["exchange", "close_session"])
def test_a_session_is_judged_by_what_is_stored_of_it(
    manage: Callable[[], EmbeddedManager], ours: Space, theirs: Space, call: str
) -> None:
    """Another server may have opened it; one that serves nothing keeps schedules, and is nobody's."""
    opener, server = manage(), manage()
    more = {"reports": [], "capacity": 0} if call == "exchange" else {}
    slashed = Serves({(OURS, "a/b"): NODES})
    for serves in (theirs.serves, Serves({}), Serves({**ours.serves.node_names, **theirs.serves.node_names}), slashed):
        with pytest.raises(NamespaceRefused):
            admit(server, OURS_ONLY, call, {"session": opener.open_session("r", serves), **more})
    for gone in (999, 2**70):
        with pytest.raises(SessionUnknown) if call == "exchange" else nullcontext():
            admit(server, OURS_ONLY, call, {"session": gone, **more})

    own = {"session": opener.open_session("r", ours.serves), **more}
    assert admit(server, OURS_ONLY, call, own)["session"] == own["session"]
    assert admit(opener, OURS_ONLY, call, {"session": opener.open_session("r", slashed), **more})


def test_several_sessions_are_waited_for_if_none_is_of_others(
    manager: EmbeddedManager, ours: Space, theirs: Space
) -> None:
    """What is not there any more is no reason to stop waiting for the others."""
    own, other = manager.open_session("ours", ours.serves), manager.open_session("theirs", theirs.serves)
    with pytest.raises(NamespaceRefused):
        admit(manager, OURS_ONLY, "wait", {"sessions": [own, other]})

    assert admit(manager, OURS_ONLY, "wait", {"sessions": [own, 999]}) == {"sessions": [own, 999]}


def test_a_guessed_lease_tells_nothing_of_states_of_others(
    manager: EmbeddedManager, file: Path, ours: Space, theirs: Space
) -> None:
    """A lease can be guessed, so what comes under one has to come from its session."""
    session = manager.open_session("theirs", theirs.serves)
    manager.trigger([Trigger(THEIRS, "graph", {"x": "1"})])
    (claim,) = manager.exchange(session, [], 1).claims
    own = manager.open_session("ours", ours.serves)
    notes = Notes(claim.state_id, claim.lease, [Line(1, 20, "forged")])
    told = [Report(claim.state_id, claim.lease, NOTHING)]
    answer = ask(manager, "exchange", session=own, reports=told, capacity=0, notes=[notes])

    assert answer.refused == (claim.state_id,)
    assert (manager.state(claim.state_id).status, manager.notes(claim.state_id).lines) == ("QUEUED", ())


def test_runs_of_others_that_end_in_an_exchange_are_not_told(
    manager: EmbeddedManager, clock: Clock, ours: Space
) -> None:
    """Whoever lets a schedule tick ends the run before; here, ours lets theirs tick."""
    trigger = {"type": "CRON", "value": {"expression": "* * * * *", "overlap": "cancel_previous"}}
    for namespace in (OURS, THEIRS):
        manager.upsert(template(namespace, "ticking", triggers=[trigger]))
        manager.set_secret(namespace, "ticking", "key", SecretStr("value"))
    session = manager.open_session("ours", ours.serves)
    ended: list[Any] = []
    for _ in range(2):
        clock.now_ms += 60_000
        ended = list(ask(manager, "exchange", session=session, reports=[], capacity=0).ended_runs)

    assert [manager.run(run_id).namespace for run_id in ended] == [OURS]
    assert {run.namespace for run in manager.runs(status="CANCELLED").items} == {OURS, THEIRS}


def test_a_cleaning_removes_ones_own_runs_and_says_nothing_of_the_size_of_all(
    manager: EmbeddedManager, ours: Space, theirs: Space
) -> None:
    foreseen = ask(manager, "clean", older_than=timedelta(0), dry_run=True)
    cleaned = ask(manager, "clean", older_than=timedelta(0))

    assert (foreseen.runs, cleaned.runs, cleaned.file_bytes, cleaned.free_bytes) == (2, 2, 0, 0)
    assert manager.run(theirs.failed).status == "FAILED"
    with pytest.raises(RunNotFound):
        manager.run(ours.failed)
