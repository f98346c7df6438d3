"""Two namespaces full of data in one database, for tests that try to reach from one into the other."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from exodsl.engine.notes import Line, Notes
from exodsl.engine.reports import Claim, Report
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.opening import open_embedded
from exodsl.manager.protocol import Serves, Trigger
from exodsl.manager.sealing import KEY_VARIABLE, new_key
from exodsl.server.bodies import Node
from exodsl.server.keys import Key, Scope, key_of
from exodsl.template.models import GraphTemplate
from tests.manager.byhand import Clock, fail, give, report
from tests.server.conftest import Client, Manage, Serve, managing, node

OURS, THEIRS = "ours", "theirs"
SEAL = new_key()
MIXED = "mixed"
"""A graph in each namespace with a node of the other; the key without limits stored it."""
NODES = frozenset({"Split", "Work", "Total"})


def scope(*namespaces: str) -> Scope:
    """Return what a key may touch that is limited to these."""
    return Scope(f"for {' and '.join(namespaces)}", frozenset(namespaces))


OURS_ONLY = scope(OURS)


def key(*namespaces: str) -> Key:
    """Return a key whose text is that of its namespaces."""
    return key_of(" ".join(namespaces), scope(*namespaces))


@dataclass(frozen=True)
class Space:
    """What there is in one namespace; each text in it has the name of it.

    :param failed: a run that failed, with a fanout, a gate, logs, a store and a large value.
    :param broken: its state that failed.
    :param running: a run whose first state is on loan.
    :param lent: that state.
    """

    namespace: str
    failed: str
    broken: int
    running: str
    lent: int
    paused: str
    mixed: str
    mixed_state: int
    schedule: int
    resting: int

    @property
    def serves(self) -> Serves:
        """What a runtime of this namespace serves."""
        return Serves({(self.namespace, "graph"): NODES})


def template(namespace: str, name: str = "graph", home: str | None = None, **parts: Any) -> GraphTemplate:
    """Return a graph; its last node is at home elsewhere if that is said."""
    retrying = {"max_retries": 0}
    return GraphTemplate.model_validate(
        {
            "name": name,
            "namespace": namespace,
            "keep_store": True,
            "secrets": {"key": True},
            "retry_policy": retrying,
            "store_config": {"default_values": {"kept": f"in the store of {namespace}"}},
            "triggers": [
                {"type": "CRON", "value": {"expression": f"{minute} 0 1 1 *", "overlap": "allow"}} for minute in (1, 2)
            ],
            "nodes": [
                place("split", "Split", "work", fans_out=True, secrets=["key"]),
                place("work", "Work", "total", inputs={"x": "${{ split.outputs.x }}"}),
                place("total", "Total", unites={"identifier": "split"}, namespace=home),
            ],
            **parts,
        }
    )


def place(identifier: str, node_name: str, *following: str, **parts: Any) -> dict[str, Any]:
    """Return a node of a template."""
    return {"identifier": identifier, "node_name": node_name, "next_nodes": following, "fans_out": False, **parts}


@contextmanager
def opened(file: Path, clock: Clock) -> Iterator[EmbeddedManager]:
    """Open the state manager of a test."""
    with closing(open_embedded(str(file), durability="normal", clock=clock, seed=1)) as manager:
        yield manager


def furnish(manager: EmbeddedManager) -> dict[str, Space]:
    """Fill two namespaces alike, each with a key as its only secret."""
    for namespace, other in ((OURS, THEIRS), (THEIRS, OURS)):
        nodes = [node("Split", "x", "x", secrets="key"), node("Work", "x", "y"), node("Total")]
        manager.register_nodes(namespace, f"runtime of {namespace}", [Node.model_validate(one).spec() for one in nodes])
        for graph in (template(namespace), template(namespace, MIXED, other, triggers=[])):
            manager.upsert(graph)
            manager.set_secret(namespace, graph.name, "key", SecretStr(f"secret of {namespace}"))
    return {namespace: _space(manager, namespace) for namespace in (OURS, THEIRS)}


def _space(manager: EmbeddedManager, namespace: str) -> Space:
    failed, mixed = _fail(manager, namespace, "graph"), _fail(manager, namespace, MIXED)
    (running,) = manager.trigger([_trigger(namespace, "graph")])
    (loan,) = manager.lend(namespace, {"Split"}, 1, 20_000)
    (paused,) = manager.trigger([_trigger(namespace, "graph")])
    manager.pause(paused)
    schedule, resting = manager.schedules(namespace=namespace)
    manager.pause_schedule(resting.schedule_id)
    return Space(
        namespace,
        failed=failed,
        broken=_broken(manager, failed),
        running=running,
        lent=loan.ref.key,
        paused=paused,
        mixed=mixed,
        mixed_state=_broken(manager, mixed),
        schedule=schedule.schedule_id,
        resting=resting.schedule_id,
    )


def _fail(manager: EmbeddedManager, namespace: str, graph: str) -> str:
    """Run a graph until one of its two branches has failed."""
    (run_id,) = manager.trigger([_trigger(namespace, graph)])
    session = manager.open_session(f"runtime of {namespace}", Serves({(namespace, graph): NODES}))
    (first,) = manager.exchange(session, [], 1).claims
    branches = [{"x": f"small in {namespace}"}, {"x": f"large in {namespace} " + "x" * 300_000}]
    works = manager.exchange(session, [report(first, give(*branches))], 9, [_log(first, namespace)]).claims
    told: list[Report] = [report(works[0], give({"y": namespace})), report(works[1], fail(f"broken in {namespace}"))]
    manager.exchange(session, told, 9)
    manager.close_session(session)
    assert manager.run(run_id).status == "FAILED"
    return run_id


def _log(claim: Claim, namespace: str) -> Notes:
    return Notes(claim.state_id, claim.lease, [Line(1, 20, f"logged in {namespace}")])


def _broken(manager: EmbeddedManager, run_id: str) -> int:
    (state,) = manager.states(run_id, status="ERRORED").items
    return state.state_id


def _trigger(namespace: str, graph: str) -> Trigger:
    return Trigger(namespace, graph, {"x": f"given in {namespace}"})


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Space]]:
    """A database in which two namespaces have the same: made once, and copied for each test."""
    file = tmp_path_factory.mktemp("furnished") / "exodsl.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_VARIABLE, SEAL)
        with opened(file, Clock()) as manager:
            return file, furnish(manager)


@pytest.fixture(autouse=True)
def sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of the secrets."""
    monkeypatch.setenv(KEY_VARIABLE, SEAL)


@pytest.fixture
def file(furnished: tuple[Path, dict[str, Space]], tmp_path: Path) -> Path:
    """The database of a test."""
    return Path(shutil.copy(furnished[0], tmp_path / "exodsl.db"))


@pytest.fixture
def manage(file: Path, clock: Clock) -> Iterator[Manage]:
    """Open one more state manager over it, as another server process would."""
    with managing(str(file), clock) as manage:
        yield manage


@pytest.fixture
def ours(furnished: tuple[Path, dict[str, Space]]) -> Space:
    """What the key is for."""
    return furnished[1][OURS]


@pytest.fixture
def theirs(furnished: tuple[Path, dict[str, Space]]) -> Space:
    """What it is not for."""
    return furnished[1][THEIRS]


@pytest.fixture
def client(serve: Serve) -> Client:
    """A caller of a server that knows a key for each of the namespaces, beside the one without limits."""
    return serve(keys=(key(OURS), key(THEIRS)))


def dump(file: Path) -> str:
    """Return all that a database has."""
    with closing(sqlite3.connect(file)) as connection:
        return "\n".join(connection.iterdump())
