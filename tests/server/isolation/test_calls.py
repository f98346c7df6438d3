"""What each call of the protocol is asked of a namespace, and what lists show a key that is limited to one.

That it reaches nothing of another by any call is shown over HTTP, by `test_own_routes.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from exodsl.errors import NamespaceRefused
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.filters import RunFilter, StateFilter
from exodsl.manager.inspection import Inspection
from exodsl.manager.protocol import Serves, StateManager, Trigger
from exodsl.manager.registration import NodeSpec, Registration
from exodsl.server.scopes import ADMITS
from tests.server.isolation.asking import ask
from tests.server.isolation.conftest import OURS, THEIRS, Space, dump, template


def calls(space: Space, session: int, folder: Path) -> dict[str, dict[str, Any]]:
    """Return for each call of the protocol what it is asked of a namespace."""
    run, graph = {"run_id": space.failed}, {"namespace": space.namespace, "graph": "graph"}
    state = {"state_id": space.broken}
    cluster = {**run, "identifier": "work", "key": "tests.Broken: broken"}
    return {
        "upsert": {"template": template(space.namespace, "new")},
        "accept": {"template": template(space.namespace, "accepted"), "secrets": {}},
        "begin": {**graph, "inputs": {"x": space.namespace}, "store": {}, "start_delay_ms": 0},
        "register_nodes": {"namespace": space.namespace, "runtime_name": "new", "nodes": [NodeSpec("New", {}, {})]},
        **dict.fromkeys(("template", "graph_record"), graph),
        "trigger": {"triggers": [Trigger(space.namespace, "graph", {"x": space.namespace})]},
        "open_session": {"name": "new", "serves": space.serves},
        "close_session": {"session": session},
        "hurry": {"session": session, "seconds": 0},
        "exchange": {"session": session, "reports": [], "capacity": 9},
        "wake_on_work": {"sessions": [session]},
        "cancel": {"run_id": space.running},
        "pause": {"run_id": space.running},
        "resume": {"run_id": space.paused},
        "retry": run,
        "rerun": {**run, "state_id": space.broken},
        "secrets": {"namespace": space.namespace},
        "read_secrets": {**graph, "names": ["key"]},
        "set_secret": {**graph, "name": "key", "value": SecretStr("another")},
        "clean": {"older_than": timedelta(0), "namespace": space.namespace},
        "schedules": {"namespace": space.namespace},
        "pause_schedule": {"schedule_id": space.schedule},
        "resume_schedule": {"schedule_id": space.resting},
        "runs": {"namespace": space.namespace},
        **dict.fromkeys(("run", "states", "gates", "progress", "read_store", "activity", "clusters", "history"), run),
        **dict.fromkeys(("cluster_states", "contrast"), cluster),
        **dict.fromkeys(("state", "notes", "relatives"), state),
        "find_states": {**run, "filter": StateFilter()},
        "cursor_at": {**run, "position": 1},
        "gate": {**run, "identifier": "total"},
        "slowest": {**run, "identifier": "work"},
        "export_run": {**run, "path": folder / f"{space.namespace}.db"},
    }


LISTS: dict[str, dict[str, Any]] = {
    "runs": {"limit": 2},
    "find_runs": {"filter": RunFilter(), "limit": 2},
    "graphs": {"limit": 1},
    "runtimes": {},
    "secrets": {},
    "schedules": {},
}
"""What lists without a namespace are asked."""
OF_NOTHING = ("read_only", "snapshot", "hears_others", "mark")
REFUSED = ("rotate_secrets", "close")
IN_STEAD = {
    "clean_some": "clean",
    "close_hosted": "close_session",
    "exchange_hosted": "exchange",
    "host_session": "open_session",
    "wait": "wake_on_work",
}
"""What is asked over HTTP in place of some calls, and judged as they are."""
CALLS = sorted(calls(Space(OURS, "", 0, "", 0, "", "", 0, 0, 0), 0, Path()))


def test_every_call_of_the_protocol_has_a_case() -> None:
    protocol = {
        name for part in (StateManager, Inspection, Registration) for name in vars(part) if not name.startswith("_")
    }

    assert protocol == {*CALLS, *LISTS, *OF_NOTHING, *REFUSED}
    assert set(ADMITS) == {*protocol, *IN_STEAD}
    assert {name: ADMITS[name] for name in IN_STEAD} == {name: ADMITS[other] for name, other in IN_STEAD.items()}


def pages(manager: EmbeddedManager, call: str) -> Iterator[Any]:
    """Give each page of a list."""
    arguments = dict(LISTS[call])
    while True:
        page = ask(manager, call, **arguments)
        yield page
        arguments["cursor"] = getattr(page, "next_cursor", None)
        if arguments["cursor"] is None:
            return


@pytest.mark.parametrize("call", LISTS)
def test_lists_have_only_what_is_of_the_key(manager: EmbeddedManager, ours: Space, theirs: Space, call: str) -> None:
    """Every page of them is full, so that its length and its cursor tell nothing of what was left out."""
    both = Serves({**ours.serves.node_names, **theirs.serves.node_names})
    for serves in (theirs.serves, both):
        manager.exchange(manager.open_session("a runtime", serves), [], 9)
    found = list(pages(manager, call))
    items = [item for page in found for item in getattr(page, "items", page)]

    assert items
    assert THEIRS not in repr(found)
    assert {getattr(item, "namespace", OURS) for item in items} == {OURS}
    assert [len(page.items) for page in found[:-1]] == [LISTS[call].get("limit")] * (len(found) - 1)


def test_a_runtime_of_several_namespaces_is_seen_by_what_it_does_for_ones_own(
    manager: EmbeddedManager, ours: Space, theirs: Space
) -> None:
    both = manager.open_session("both", Serves({**ours.serves.node_names, **theirs.serves.node_names}))
    for space in (ours, theirs, theirs):
        manager.trigger([Trigger(space.namespace, "graph", {"x": "1"})])
    assert len(manager.exchange(both, [], 9).claims) == 3

    (seen,) = (one for one in ask(manager, "runtimes") if one.name == "both")
    assert (set(seen.serves), seen.held) == ({f"{OURS}/graph"}, 1)


@pytest.mark.parametrize("call", OF_NOTHING)
def test_what_is_of_no_namespace_may_be_asked(manager: EmbeddedManager, call: str) -> None:
    assert not isinstance(ask(manager, call), str)


@pytest.mark.parametrize("call", [*REFUSED, "unheard_of"])
def test_what_is_of_all_namespaces_and_what_nobody_knows_is_refused(
    manager: EmbeddedManager, file: Path, call: str
) -> None:
    before = dump(file)
    with pytest.raises(NamespaceRefused, match="beyond them"):
        ask(manager, call)

    assert dump(file) == before
