"""Exosphere's own SDK, as it is published, against a server of ours: its runtime, and its state manager."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from exodsl.manager.sealing import KEY_VARIABLE, new_key
from tests.docs.fenced import fenced_blocks
from tests.server.conftest import KEY, ROOT, Caller, Outside
from tests.server.sdk import NEEDS_SDK, sdk, started, until_ended, until_registered

pytestmark = NEEDS_SDK

RUNTIME = """
import json
from datetime import timedelta
from exospherehost import BaseNode, PruneSignal, ReQueueAfterSignal, Runtime
from pydantic import BaseModel


class Split(BaseNode):
    class Inputs(BaseModel):
        data: str

    class Outputs(BaseModel):
        chunk: str

    async def execute(self):
        return [self.Outputs(chunk=json.dumps(chunk)) for chunk in json.loads(self.inputs.data)]


class Work(BaseNode):
    seen = set()

    class Inputs(BaseModel):
        data: str
        cursor: str
        unit: str = "pieces"

    class Outputs(BaseModel):
        result: str

    class Secrets(BaseModel):
        api_key: str

    async def execute(self):
        match json.loads(self.inputs.data):
            case "prune":
                raise PruneSignal({"why": "asked to"})
            case "later" if "later" not in self.seen:
                self.seen.add("later")
                raise ReQueueAfterSignal(timedelta(milliseconds=50))
            case "fail once" if "fail" not in self.seen:
                self.seen.add("fail")
                raise ValueError("the first time")
            case "fail":
                raise ValueError("every time")
        said = f"{self.inputs.data} {self.inputs.cursor} {self.secrets.api_key} {self.inputs.unit}"
        return self.Outputs(result=said)


class Merge(BaseNode):
    class Inputs(BaseModel):
        results: str
        data: str

    async def execute(self):
        print(self.inputs.results, self.inputs.data, flush=True)


Runtime(namespace="space", name="tests", nodes=[Split, Work, Merge], poll_interval=0.1).start()
"""

PROGRAM = """
import asyncio, json, sys
from exospherehost import (
    CronTrigger, GraphNodeModel, RetryPolicyModel, RetryStrategyEnum, StateManager, StoreConfigModel, UnitesModel,
    UnitesStrategyEnum,
)


async def main(chunks):
    manager = StateManager(namespace="space")
    graph = await manager.upsert_graph(
        graph_name="chunks",
        graph_nodes=[
            GraphNodeModel(node_name="Split", namespace="space", identifier="split", next_nodes=["work"]),
            GraphNodeModel(
                node_name="Work", namespace="space", identifier="work", next_nodes=["merge"],
                inputs={"data": "${{ split.outputs.chunk }}", "cursor": "at ${{ store.cursor }}"},
            ),
            GraphNodeModel(
                node_name="Merge", namespace="space", identifier="merge",
                inputs={"results": "${{ work.outputs.result }}", "data": "${{ split.outputs.chunk }}"},
                unites=UnitesModel(identifier="split", strategy=UnitesStrategyEnum.ALL_DONE),
            ),
        ],
        secrets={"api_key": "s3cret", "unused": "other"},
        retry_policy=RetryPolicyModel(max_retries=1, strategy=RetryStrategyEnum.FIXED, backoff_factor=10),
        store_config=StoreConfigModel(required_keys=["cursor"], default_values={"page": "1"}),
        triggers=[CronTrigger(expression="0 0 1 1 *")],
    )
    assert graph["validation_status"] == (await manager.get_graph("chunks"))["validation_status"] == "VALID"
    started = await manager.trigger("chunks", inputs={"data": json.dumps(chunks)}, store={"cursor": "7"})
    print(started["run_id"])


asyncio.run(main(sys.argv[1:]))
"""


@pytest.fixture
def sealing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers can keep secrets."""
    monkeypatch.setenv(KEY_VARIABLE, new_key())


@pytest.fixture
def caller(sealing: None, outside: Outside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    """A caller of a server for which a runtime of the SDK works."""
    server = outside.start()
    monkeypatch.setenv("EXOSPHERE_STATE_MANAGER_URI", server.url)
    monkeypatch.setenv("EXOSPHERE_API_KEY", KEY)
    caller = server.caller()
    with (
        (tmp_path / "printed").open("w") as printed,
        sdk(RUNTIME, stdout=printed, stderr=subprocess.DEVNULL) as runtime,
    ):
        until_registered(caller, runtime)
        yield caller
        still_there = runtime.poll() is None
        runtime.kill()
    assert still_there, "the SDK's runtime ended"


def run(caller: Caller, *chunks: str) -> tuple[str, list[tuple[str, str]]]:
    """Run the program with these chunks; return how the run ended, and its states."""
    run_id = started(PROGRAM, *chunks)
    return until_ended(caller, run_id), sorted(caller.states(run_id))


def test_a_fanout_is_worked_on_and_united(caller: Caller, tmp_path: Path) -> None:
    status, states = run(caller, "a", "later")

    assert (status, [status for _, status in states]) == ("SUCCESS", ["SUCCESS"] * 5)
    said = r'["\"a\" at 7 s3cret pieces","\"later\" at 7 s3cret pieces"] ["\"a\"","\"later\""]'
    assert (tmp_path / "printed").read_text() == f"{said}\n"


def test_signals_and_failures_end_branches_as_they_should(caller: Caller) -> None:
    status, states = run(caller, "prune", "fail once", "fail")
    work = [status for identifier, status in states if identifier == "work"]

    assert (status, ("merge", "SUCCESS") in states) == ("SUCCESS", True)
    assert work == ["ERRORED", "PRUNED", "RETRY_CREATED", "RETRY_CREATED", "SUCCESS"]


def test_the_programs_of_the_page_work(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "server.md").read_text("utf-8")
    nodes, start = (block.text for block in fenced_blocks(page) if block.language == "py")
    server = outside.start()
    monkeypatch.setenv("EXOSPHERE_STATE_MANAGER_URI", server.url)
    monkeypatch.setenv("EXOSPHERE_API_KEY", KEY)
    caller = server.caller("docs")
    with sdk(nodes, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as runtime:
        until_registered(caller, runtime)
        run_id = started(start)
        until_ended(caller, run_id)
        runtime.kill()

    (last,) = [state for state in caller.get(f"states/run/{run_id}/graph")["nodes"] if state["identifier"] == "second"]
    assert caller.get(f"graph/twice/run/{run_id}/node/{last['id']}")["outputs"] == {"loud": "HELLO!"}
