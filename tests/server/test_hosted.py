"""Nodes of ours that Exosphere's own SDK runs, for a state manager that knows nothing of exodsl: a server of ours."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import exodsl.exosphere as ours
from exodsl.manager.sealing import KEY_VARIABLE, new_key
from tests.docs.fenced import fenced_blocks
from tests.server.conftest import KEY, ROOT, Caller, Outside
from tests.server.sdk import NEEDS_SDK, sdk, started, until_ended, until_registered

pytestmark = NEEDS_SDK

ORDERS = """
import asyncio
from datetime import timedelta
from pydantic import BaseModel, SecretStr
from exodsl import Graph, Prune, Requeue, RetryPolicy, env, node, secret

class Order(BaseModel):
    number: int
    customer: str

seen = set()

@node
def orders(day: str, most: int = 3) -> list[Order]:
    return [Order(number=number, customer=f"{day} {number}") for number in range(most)]

@node
async def ship(number: int, customer: str, key: SecretStr = secret("carrier")) -> str:
    if number == 1:
        raise Prune("nothing to ship", customer=customer)
    if number == 2 and "later" not in seen:
        seen.add("later")
        raise Requeue(after=timedelta(milliseconds=20))
    if number == 3:
        raise ValueError(f"no way to {key.get_secret_value()}")
    await asyncio.sleep(0)
    return f"{number} to {customer} by {len(key.get_secret_value())}"

@node
def log(result: str, number: int) -> None:
    assert isinstance(number, int)

graph = Graph("orders", secrets={"carrier": env("CARRIER")}, retry=RetryPolicy(max_retries=0))
graph.connect(orders, ship)
graph.connect(ship, log)
"""

SERVE = """
import sys
sys.path.insert(0, {folder!r})
from exodsl.exosphere import runtime
from orders import graph
runtime(graph, poll_interval=0.1).start()
"""


@pytest.fixture
def exported(tmp_path: Path) -> dict[str, Any]:
    """The graph as `exodsl export` writes it, with what it says to fill in."""
    (tmp_path / "orders.py").write_text(ORDERS)
    command = [sys.executable, "-c", "from exodsl.cli import main; main()", "export", "orders.py"]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True)
    document: dict[str, Any] = json.loads(done.stdout)
    return {**document, "secrets": {"carrier": "hunter2"}}


@pytest.fixture
def caller(outside: Outside, exported: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    """A caller of a server for which the SDK runs our nodes."""
    monkeypatch.setenv(KEY_VARIABLE, new_key())
    server = outside.start()
    monkeypatch.setenv("EXOSPHERE_STATE_MANAGER_URI", server.url)
    monkeypatch.setenv("EXOSPHERE_API_KEY", KEY)
    caller = server.caller("default")
    with (
        (tmp_path / "said").open("w") as said,
        sdk(SERVE.format(folder=str(tmp_path)), stdout=said, stderr=subprocess.STDOUT) as runtime,
    ):
        until_registered(caller, runtime)
        yield caller
        still_there = runtime.poll() is None
        runtime.kill()
    assert still_there, (tmp_path / "said").read_text()


def test_an_exported_graph_runs_on_our_nodes(caller: Caller, exported: dict[str, Any], tmp_path: Path) -> None:
    graph = caller.upsert(*exported.pop("nodes"), name="orders", **exported)
    assert graph["validation_status"] == "VALID", graph["validation_errors"]
    run_id = caller.trigger("orders", day="7", most="4")
    assert until_ended(caller, run_id) == "FAILED"

    states = caller.get(f"states/run/{run_id}/graph")["nodes"]
    outcomes = sorted((state["identifier"], state["status"]) for state in states)
    assert outcomes == [
        ("log", "SUCCESS"),
        ("log", "SUCCESS"),
        *[("orders", "SUCCESS")] * 4,
        ("ship", "ERRORED"),
        ("ship", "PRUNED"),
        ("ship", "SUCCESS"),
        ("ship", "SUCCESS"),
    ]
    shipped = [details(caller, run_id, state) for state in states if state["identifier"] == "ship"]
    outputs = [state["outputs"] for state in shipped if state["status"] == "SUCCESS"]
    assert sorted(output["result"] for output in outputs) == ["0 to 7 0 by 7", "2 to 7 2 by 7"]
    (error,) = [state["error"] for state in shipped if state["status"] == "ERRORED"]
    assert error.startswith("builtins.ValueError: no way to ")
    assert "Traceback" in error
    assert "orders.py" in error
    assert "hunter2" not in error + (tmp_path / "said").read_text()


def details(caller: Caller, run_id: str, state: dict[str, Any]) -> dict[str, Any]:
    """Return a state in full."""
    found: dict[str, Any] = caller.get(f"graph/orders/run/{run_id}/node/{state['id']}")
    return found


def test_an_empty_fanout_prunes_its_branch(caller: Caller, exported: dict[str, Any]) -> None:
    caller.upsert(*exported.pop("nodes"), name="orders", **exported)
    run_id = caller.trigger("orders", day="7", most="0")

    assert until_ended(caller, run_id) == "SUCCESS"
    assert caller.states(run_id) == [("orders", "PRUNED")]


def test_the_programs_of_the_page_work(outside: Outside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "exosphere.md").read_text("utf-8")
    orders, serve = (block.text for block in fenced_blocks(page) if block.language == "py")
    (tmp_path / "orders.py").write_text(orders)
    server = outside.start()
    monkeypatch.setenv("EXOSPHERE_STATE_MANAGER_URI", server.url)
    monkeypatch.setenv("EXOSPHERE_API_KEY", KEY)
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{serve}"
    caller = server.caller("default")
    with sdk(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as runtime:
        until_registered(caller, runtime)
        runtime.kill()

    assert [node["name"] for node in caller.get("nodes/")["nodes"]] == ["orders", "ship"]


PARAMETERS = """
import inspect, json
import exospherehost as sdk

def told(value):
    found = value.model_fields if hasattr(value, "model_fields") else inspect.signature(value).parameters
    return list(found)

names = [name for name in sdk.__all__ if name != "VERSION"]
enums = {name: list(getattr(sdk, name).__members__) for name in names if name.endswith("Enum")}
calls = {name: told(getattr(sdk, name)) for name in names if name not in enums}
methods = {name: told(getattr(sdk.StateManager, name)) for name in ("trigger", "get_graph", "upsert_graph")}
print(json.dumps([enums, calls, methods]))
"""


def told(value: Any) -> list[str]:
    """Return the names of the parameters of a class or a function, or the fields of a model."""
    return list(value.model_fields if hasattr(value, "model_fields") else inspect.signature(value).parameters)


def test_our_names_are_the_sdks_with_the_same_parameters() -> None:
    enums, calls, methods = json.loads(started(PARAMETERS))

    assert {*enums, *calls} == {*ours.__all__} - {"runtime"}
    assert {name: list(getattr(ours, name).__members__) for name in enums} == enums
    assert {name: told(getattr(ours, name)) for name in calls} == calls
    assert {name: told(getattr(ours.StateManager, name)) for name in methods} == methods
