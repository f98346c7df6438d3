"""Nodes of exodsl for a cluster of Exosphere's: its SDK runs them, as classes whose fields are texts."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from pydantic import BaseModel, create_model

from exodsl.dsl.graph import Graph
from exodsl.errors import ExtraMissing
from exodsl.exosphere.execution import Hosted
from exodsl.exosphere.limits import refuse_misfits
from exodsl.runtime.served import Served
from exodsl.template.export import as_exosphere
from exodsl.template.export_inputs import described_fields
from exodsl.template.models import GraphTemplate, NodeTemplate
from exodsl.template.schema_types import ValueType, required


class SdkRuntime(Protocol):
    """What the SDK's runtime is started by."""

    def start(self) -> asyncio.Task[None] | None:
        """Serve for ever. Blocks; where an event loop is running, returns a task of it instead."""
        ...

    async def _start(self) -> None:
        """Serve until cancelled: the awaitable form of `start`."""
        ...


def runtime(
    graph: Graph[Any, Any],
    *,
    name: str | None = None,
    state_manager_uri: str | None = None,
    key: str | None = None,
    batch_size: int = 16,
    workers: int = 4,
    poll_interval: int = 1,
) -> SdkRuntime:
    """Return a runtime of Exosphere's SDK that has the nodes of a graph; it registers them when it is started.

    What a node takes and gives travels as text: a text as it is, anything else as JSON. Sync bodies run in threads.

    :param name: what the runtime is called, by default like the graph. Its namespace is that of the graph.
    :param state_manager_uri: the address of Exosphere's state manager, by default `EXOSPHERE_STATE_MANAGER_URI`.
    :param key: its key, by default `EXOSPHERE_API_KEY`.
    :param batch_size: states that it asks for at once, 16 by default.
    :param workers: states that it works on at once, 4 by default.
    :param poll_interval: seconds between two looks for work, 1 by default.
    :raises GraphInvalid: when the graph does not pass its checks.
    :raises NotExpressible: when a node uses what Exosphere has not, naming each and what to do.
    :raises ExtraMissing: when the SDK is not installed.
    :raises ValueError: when address or key is given neither here nor by the environment.
    """
    sdk = _sdk()
    served = Served.graph(graph)
    refuse_misfits(served.template, served.bodies)
    nodes = [_node_class(sdk, hosted, served.template) for hosted in _hosted(served)]
    return sdk.Runtime(  # type: ignore[no-any-return]
        namespace=served.template.namespace,
        name=name or served.template.name,
        nodes=nodes,
        state_manager_uri=state_manager_uri,
        key=key,
        batch_size=batch_size,
        workers=workers,
        poll_interval=poll_interval,
    )


def _sdk() -> Any:
    try:
        return importlib.import_module("exospherehost")
    except ImportError as error:
        here = ".".join(map(str, sys.version_info[:3]))
        condition = f" with Python 3.12 or later; this is {here}" if sys.version_info < (3, 12) else ""
        raise ExtraMissing("Runtimes of Exosphere", "exosphere", condition) from error


def _hosted(served: Served) -> Iterator[Hosted]:
    """Give each node once, with those of its inputs that some place in the graph gives."""
    places = {node["identifier"]: node["inputs"] for node in as_exosphere(served.template).body["nodes"]}
    given: dict[str, set[str]] = {}
    first: dict[str, NodeTemplate] = {}
    for node in served.template.nodes:
        first.setdefault(node.node_name, node)
        given.setdefault(node.node_name, set()).update(places[node.identifier])
    for name, node in first.items():
        fields = described_fields(node.inputs_schema).items()
        inputs = {field: kind for field, kind in fields if field in given[name]}
        yield Hosted(served.bodies[name], inputs, tuple(described_fields(node.outputs_schema)))


def _node_class(sdk: Any, hosted: Hosted, template: GraphTemplate) -> type[Any]:
    """Return a node class of the SDK's."""
    name = hosted.body.node_name
    node = next(one for one in template.nodes if one.node_name == name)
    needed = required(ValueType.of(node.inputs_schema))
    outputs = _model("Outputs", dict.fromkeys(hosted.outputs, ...))

    async def execute(self: Any) -> Any:
        given = self.inputs.model_dump(exclude_unset=True)
        return await hosted.execute(sdk, outputs, given, self.secrets.model_dump())

    parts = {
        "Inputs": _model("Inputs", {field: ... if field in needed else "" for field in hosted.inputs}),
        "Outputs": outputs,
        "Secrets": _model("Secrets", dict.fromkeys(node.secrets, ...)),
        "execute": execute,
    }
    return type(name, (sdk.BaseNode,), parts)


def _model(name: str, defaults: Mapping[str, Any]) -> type[BaseModel]:
    """Return a model of texts; `...` is the default of one that has to be given."""
    fields: dict[str, Any] = {field: (str, default) for field, default in defaults.items()}
    return create_model(name, **fields)
