"""Nodes of ours as the SDK runs them; a stand-in has its place here, and `nox -s exosphere` has the SDK itself."""

from __future__ import annotations

import asyncio
import sys
import threading
from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from exodsl import (
    BaseNode,
    Context,
    Fatal,
    Graph,
    Prune,
    Requeue,
    RetryPolicy,
    Store,
    collect,
    current_run,
    inject,
    node,
    secret,
)
from exodsl.errors import BodyFailed, ExtraMissing, NotExpressible
from exodsl.exosphere import runtime


class SdkNode:
    """A node as the SDK has it: it makes one for each state, and gives it inputs and secrets."""

    async def _execute(self, inputs: Any, secrets: Any) -> Any:
        self.inputs, self.secrets = inputs, secrets
        return await self.execute()

    async def execute(self) -> Any:
        raise NotImplementedError


@dataclass
class SdkRuntime:
    """What a runtime of the SDK was made with."""

    namespace: str
    name: str
    nodes: list[Any]
    state_manager_uri: str | None
    key: str | None
    batch_size: int
    workers: int
    poll_interval: int

    def run(self, name: str, secrets: dict[str, str] | None = None, **inputs: str) -> Any:
        """Run a node as a worker of the SDK does."""
        kind = next(kind for kind in self.nodes if kind.__name__ == name)
        given = kind()._execute(kind.Inputs(**inputs), kind.Secrets(**secrets or {}))
        returned = asyncio.run(given)
        return returned if returned is None else [output.model_dump() for output in returned]


class PruneSignal(Exception):
    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data


class ReQueueAfterSignal(Exception):
    def __init__(self, delay: timedelta) -> None:
        self.delay = delay


@pytest.fixture(autouse=True)
def sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package `exospherehost`."""
    package = ModuleType("exospherehost")
    vars(package).update(
        BaseNode=SdkNode, Runtime=SdkRuntime, PruneSignal=PruneSignal, ReQueueAfterSignal=ReQueueAfterSignal
    )
    monkeypatch.setitem(sys.modules, "exospherehost", package)


class Order(BaseModel):
    number: int
    customer: str


@node
def orders(day: str, most: int = 2, tags: list[str] | None = None) -> list[Order]:
    return [Order(number=number, customer=f"{day} {number}") for number in range(most)]


@node
async def ship(number: int, customer: str, key: SecretStr = secret("key")) -> str:
    match number:
        case 0:
            raise Prune("nothing to ship", customer=customer)
        case 1:
            raise Requeue(after=timedelta(microseconds=1))
        case 2:
            raise ValueError(f"no way to {key.get_secret_value()}")
    return f"{number} to {customer} by {key.get_secret_value()}"


class Report(BaseNode):
    class Inputs(BaseModel):
        done: list[str]
        numbers: list[int]

    class Outputs(BaseModel):
        lines: list[str]

    async def execute(self) -> Outputs:
        return self.Outputs(lines=[*self.inputs.done, str(sum(self.inputs.numbers))])


def hosted(graph: Graph[Any, Any], **settings: Any) -> SdkRuntime:
    """Return the runtime for a graph, seen as the stand-in."""
    found = runtime(graph, **settings)
    assert isinstance(found, SdkRuntime)
    return found


@pytest.fixture
def cluster() -> SdkRuntime:
    """A runtime of the SDK for the nodes above."""
    graph = Graph("orders", namespace="shop", secrets={"key": "hunter2"})
    graph.connect(orders, ship)
    report = node(Report)
    mapping = {"done": collect(ship.outputs), "numbers": collect(orders.outputs.number)}
    graph.connect(ship, report, **mapping).unites(orders)
    return hosted(graph, workers=3)


def fields(model: Any) -> dict[str, tuple[Any, bool]]:
    """Return the fields of a model: type, and whether each has to be given."""
    return {name: (field.annotation, field.is_required()) for name, field in model.model_fields.items()}


def test_nodes_are_classes_whose_fields_are_texts(cluster: SdkRuntime) -> None:
    split, one, last = cluster.nodes

    assert [kind.__name__ for kind in cluster.nodes] == ["orders", "ship", "Report"]
    assert fields(split.Inputs) == {"day": (str, True), "most": (str, False), "tags": (str, False)}
    assert fields(split.Outputs) == {"number": (str, True), "customer": (str, True)}
    assert [fields(kind.Secrets) for kind in (split, one)] == [{}, {"key": (str, True)}]
    assert fields(last.Outputs) == {"lines": (str, True)}


def test_the_runtime_has_the_namespace_of_the_graph_and_the_settings_that_were_given(cluster: SdkRuntime) -> None:
    made = (cluster.namespace, cluster.name, cluster.workers, cluster.batch_size, cluster.state_manager_uri)

    assert made == ("shop", "orders", 3, 16, None)


def test_texts_come_as_they_are_and_anything_else_as_json(cluster: SdkRuntime) -> None:
    given = cluster.run("orders", day="7", most="2")

    assert given == [{"number": "0", "customer": "7 0"}, {"number": "1", "customer": "7 1"}]
    assert cluster.run("ship", {"key": "abcd"}, number="5", customer="8") == [{"result": "5 to 8 by abcd"}]


def test_defaults_are_those_of_the_node(cluster: SdkRuntime) -> None:
    assert len(cluster.run("orders", day="7")) == 2


@pytest.mark.parametrize(
    ("done", "numbers", "lines"),
    [
        ('["a","5"]', '["1","2"]', '["a","5","3"]'),
        ('["a"]', "[1]", '["a","1"]'),
        ("5", "7", '["5","7"]'),
        ("[]", "[]", '["0"]'),
    ],
)
def test_lists_of_texts_and_a_single_one_are_read_by_the_type(
    cluster: SdkRuntime, done: str, numbers: str, lines: str
) -> None:
    assert cluster.run("Report", done=done, numbers=numbers) == [{"lines": lines}]


def test_signals_are_the_sdks(cluster: SdkRuntime) -> None:
    with pytest.raises(PruneSignal) as pruned:
        cluster.run("ship", {"key": "x"}, number="0", customer="8")
    with pytest.raises(ReQueueAfterSignal) as requeued:
        cluster.run("ship", {"key": "x"}, number="1", customer="8")
    with pytest.raises(PruneSignal) as empty:
        cluster.run("orders", day="7", most="0")

    assert pruned.value.data == {"reason": "nothing to ship", "customer": "8"}
    assert requeued.value.delay == timedelta(milliseconds=1)
    assert empty.value.data == {"reason": "it gave no outputs"}


def test_a_failure_is_told_with_its_traceback_and_without_secrets(cluster: SdkRuntime) -> None:
    with pytest.raises(BodyFailed) as failed:
        cluster.run("ship", {"key": "hunter2"}, number="2", customer="8")

    head, *trace = str(failed.value).splitlines()
    assert head.startswith("builtins.ValueError: no way to ")
    assert any("test_hosting.py" in line for line in trace)
    assert "hunter2" not in str(failed.value)
    assert failed.value.__cause__ is failed.value.__context__ is None


def test_inputs_that_do_not_fit_are_a_failure_that_names_them(cluster: SdkRuntime) -> None:
    with pytest.raises(BodyFailed, match='Node "ship" cannot take its inputs: `number`'):
        cluster.run("ship", {"key": "x"}, number="many", customer="8")


def test_sync_bodies_hold_up_nobody() -> None:
    here = threading.Event()

    @node
    def waiting() -> str:
        assert here.wait(20)
        return "done"

    graph = Graph("waiting")
    graph.start(waiting)
    (kind,) = hosted(graph).nodes

    async def together() -> tuple[list[Any], None]:
        async def other() -> None:
            here.set()

        return await asyncio.gather(kind()._execute(kind.Inputs(), kind.Secrets()), other())

    (output,), _ = asyncio.run(together())
    assert output.model_dump() == {"result": "done"}


def test_a_node_without_outputs_gives_none() -> None:
    @node
    def quiet() -> None:
        return None

    graph = Graph("quiet")
    graph.start(quiet)

    assert hosted(graph).run("quiet") is None


def test_nothing_is_known_of_the_run() -> None:
    @node
    def curious(what: str) -> str:
        if what == "progress":
            current_run().progress(1)
        return current_run().run_id

    graph = Graph("curious")
    graph.start(curious)

    with pytest.raises(BodyFailed, match="`run_id` of the context is not known"):
        hosted(graph).run("curious", what="id")
    with pytest.raises(BodyFailed, match="Exosphere keeps no progress"):
        hosted(graph).run("curious", what="progress")


class Kept(BaseModel):
    count: int = 0


def test_what_exosphere_has_not_is_refused_with_node_and_cure() -> None:
    @node(timeout=timedelta(seconds=1), executor="process")
    def patient(ctx: Context = inject()) -> str:
        raise Fatal

    @node(retry=RetryPolicy(max_retries=1))
    def counting(result: str, kept: Store[Kept] = inject(), copy: int = 1) -> str:
        return result

    graph = Graph("patient", store=Kept)
    graph.connect(patient, counting)
    with pytest.raises(NotExpressible) as refused:
        runtime(graph)

    assert [misfit.partition(";")[0].partition(",")[0].partition(". ")[0] for misfit in refused.value.misfits] == [
        "patient: it has a timeout of 1000 ms",
        'patient: it asks for executor "process"',
        "counting: it has a retry policy of its own",
        "patient: `ctx` is a `Context`",
        "counting: `kept` is the store",
        "counting: no model of Exosphere's SDK can have input `copy`",
    ]


def test_without_the_sdk_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "exospherehost", None)
    graph = Graph("orders")
    graph.start(orders)

    with pytest.raises(ExtraMissing, match=r'pip install "exodsl\[exosphere\]"') as missing:
        runtime(graph)
    assert ("Python 3.12" in str(missing.value)) == (sys.version_info < (3, 12))
