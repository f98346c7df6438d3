"""Runtimes, programs, commands and the inspector on a server, as on a database; and those who wait for work."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from exodsl import Graph, Runtime, collect, node
from exodsl.cli.app import app
from exodsl.manager.embedded import EmbeddedManager, system_clock
from exodsl.manager.opening import open_embedded, open_manager
from exodsl.manager.protocol import Serves, Trigger
from exodsl.manager.remote.messages import WAIT
from exodsl.server.own import streams
from exodsl_tui.app import Inspector
from exodsl_tui.launch import name_of
from exodsl_tui.places import Place
from tests.manager.byhand import SOON
from tests.served import KEY, Served
from tests.tui.conftest import Tui


@node
def parts(count: int) -> list[int]:
    return list(range(count))


@node
def square(result: int) -> int:
    return result * result


@node
def total(squares: list[int]) -> int:
    return sum(squares)


def graph() -> Graph[Any, Any]:
    """Return a fanout that comes together again."""
    made = Graph("squares")
    made.connect(parts, square)
    made.connect(square, total, squares=collect(square.outputs)).unites(parts)
    return made


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[EmbeddedManager]:
    """The state manager behind the server, by the machine's clock."""
    with closing(open_embedded(str(tmp_path / "exodsl.db"), durability="normal", clock=system_clock)) as opened:
        yield opened


@pytest.fixture
def address(served: Served, manager: EmbeddedManager, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the server; its key is in the environment."""
    monkeypatch.setenv("EXOSPHERE_API_KEY", KEY)
    with served.over(manager) as address:
        yield address


def test_a_program_runs_its_graph_there(address: str, manager: EmbeddedManager) -> None:
    run = graph().run(count=4, db=address)

    assert run.output(total) == 14
    assert manager.run(run.run_id).status == "SUCCESS"


def test_a_runtime_works_there_for_whoever_triggers(address: str, manager: EmbeddedManager) -> None:
    runtime = Runtime(graphs=[graph()], state_manager_uri=address, key=KEY)
    thread = Thread(target=runtime.start)
    thread.start()
    with closing(open_manager(address)) as remote:
        while not any(one.name == "squares" for one in remote.graphs().items):
            pass
        (run_id,) = remote.trigger([Trigger("default", "squares", {"count": 5})])
        while remote.run(run_id).status == "RUNNING":
            pass
        runtime.stop()
        thread.join()

        assert remote.states(run_id, identifier="total").items[0].outputs == {"result": 30}
        assert remote.runtimes() == ()


def test_who_is_kept_waiting_gets_a_blank_now_and_then(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gateways cut lines on which nothing is said for some seconds, and a dead one must be told from a quiet one."""
    monkeypatch.setattr(streams, "BREATH_SECONDS", 0.01)
    with httpx.Client(base_url=address, headers={"x-api-key": KEY}) as client:
        heard = client.post(WAIT, json={}).json()["heard"]
        waited = client.post(WAIT, json={"heard": heard, "seconds": 0.1})

    assert waited.text.startswith("  ")
    assert waited.json() == {"sessions": [], "heard": heard}


def test_an_idle_runtime_asks_for_nothing_until_it_is_called(address: str, served: Served) -> None:
    woken = Event()
    with closing(open_manager(address)) as remote:
        remote.upsert(graph().compile())
        session = remote.open_session("idle", Serves({("default", "squares"): frozenset({"parts"})}))
        remote.wake_on_work(woken.set)
        asked = -1.0
        while asked != exchanges(served):  # until the server has it wait
            asked = exchanges(served)
            for _ in range(50):
                assert remote.exchange(session, [], 1).claims == ()

        woken.clear()
        remote.trigger([Trigger("default", "squares", {"count": 1})])
        assert woken.wait(SOON)
        assert len(remote.exchange(session, [], 1).claims) == 1


def test_what_went_through_is_counted(address: str, served: Served) -> None:
    names = ("exodsl_runs_triggered_total", "exodsl_states_claimed_total", 'exodsl_reports_total{outcome="executed"}')
    before = [counted(served, name) for name in names]
    graph().run(count=3, db=address)

    assert [counted(served, name) - was for name, was in zip(names, before, strict=True)] == [1, 5, 5]


def counted(served: Served, name: str) -> float:
    """Return what the server has counted under a name."""
    lines = served.app.state.parts.metrics.text().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} "))


def exchanges(served: Served) -> float:
    """Return how many exchanges the server was asked for."""
    counted = (
        line for line in served.app.state.parts.metrics.text().decode().splitlines() if "exchange_hosted" in line
    )
    return sum(float(line.rpartition(" ")[2]) for line in counted if line.startswith("exodsl_http_requests_total"))


@pytest.mark.parametrize("others", [1, 20])
def test_of_those_who_wait_as_many_are_called_as_there_are_states(address: str, served: Served, others: int) -> None:
    with ExitStack() as stack:
        waiting = [stack.enter_context(closing(open_manager(address))) for _ in range(1 + others)]
        waiting[0].upsert(graph().compile())
        sessions = [one.open_session("idle", Serves({("default", "squares"): frozenset({"parts"})})) for one in waiting]
        woken: list[Event] = [Event() for _ in waiting]
        for one, event in zip(waiting, woken, strict=True):
            one.wake_on_work(event.set)
        asked = -1.0
        while asked != (asked := exchanges(served)):
            for one, session in zip(waiting, sessions, strict=True):
                one.exchange(session, [], 1)
        for event in woken:
            event.clear()
        waiting[0].trigger([Trigger("default", "squares", {"count": 1})])
        while not any(event.is_set() for event in woken):
            pass

        assert sum(event.is_set() for event in woken) == 1


def test_commands_work_there(address: str) -> None:
    run = graph().run(count=3, db=address)
    listed = CliRunner().invoke(app, ["states", run.run_id, "--json", "--db", address])
    refused = CliRunner().invoke(app, ["state", "99", "--db", address])

    assert listed.exit_code == 0, listed.output
    assert len(json.loads(listed.stdout)["items"]) == 7
    assert refused.exit_code == 2
    assert address in refused.stderr


def test_the_inspector_shows_what_is_there(address: str) -> None:
    run = graph().run(count=3, db=address)

    async def look() -> None:
        inspector = Inspector(Place(name_of(address), address, read_only=True))
        async with inspector.run_test(size=(100, 24)) as pilot:
            tui = Tui(inspector, pilot)
            await tui.shows(run.run_id[-8:])
            assert address.removeprefix("http://") in tui.text()

    asyncio.run(look())
