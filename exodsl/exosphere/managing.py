"""The state manager of an SDK program, over exodsl's engine: graphs stored, read and started."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from exodsl import api
from exodsl.database.sqlite import MEMORY
from exodsl.dsl.codecs import reasons
from exodsl.errors import GraphNotReady, InputInvalid, SettingInvalid
from exodsl.exosphere.models import CronTrigger, GraphNodeModel, RetryPolicyModel, StoreConfigModel
from exodsl.manager.protocol import StateManager as Manager
from exodsl.manager.registration import GraphRecord
from exodsl.server import bodies, shapes
from exodsl.template.models import GraphTemplate

T = TypeVar("T")


class StateManager:
    """Stores and starts graphs of one namespace; each call opens the state manager, and closes it.

    :param namespace: of the graphs.
    :param state_manager_uri: `sqlite:///path`, a path, `postgresql://user@host/database`, the `http://` address of
        `exodsl serve`, or `None` for the environment's or the default database.
    :param key: of a server; `None` for that of the environment. A database needs none.
    :param state_manager_version: only `v0` is known.
    :raises SettingInvalid: for another version, or a database in memory, which no runtime could share.
    """

    def __init__(
        self,
        namespace: str,
        state_manager_uri: str | None = None,
        key: str | None = None,
        state_manager_version: str = "v0",
    ) -> None:
        if state_manager_version != "v0":
            raise SettingInvalid(f'state_manager_version "{state_manager_version}" is unknown. There is: v0.')
        if state_manager_uri == MEMORY:
            raise SettingInvalid("A database in memory is forgotten after each call. Name a file, or a server.")
        self._namespace, self._uri, self._key = namespace, state_manager_uri, key

    async def trigger(
        self,
        graph_name: str,
        inputs: Mapping[str, str] | None = None,
        store: Mapping[str, str] | None = None,
        start_delay: int = 0,
    ) -> dict[str, Any]:
        """Start a run; return `{"status": "CREATED", "run_id": ...}`.

        :param inputs: of the first node; those that it does not know are left out.
        :param store: values of store keys; those that the graph does not know are left out.
        :param start_delay: milliseconds that hold the first node back.
        :raises GraphNotFound: when there is no such graph.
        :raises GraphNotReady: when it does not fit the nodes that are registered.
        :raises InputInvalid: when something is missing, or is no text.
        """
        start = _checked(bodies.Start, {"start_delay": start_delay, "inputs": inputs or {}, "store": store or {}})

        def begin(manager: Manager) -> str:
            return manager.begin(self._namespace, graph_name, start.inputs, start.store, start.start_delay)

        return {"status": "CREATED", "run_id": await self._ask(begin)}

    async def get_graph(self, graph_name: str) -> dict[str, Any]:
        """Return a graph as Exosphere's API shows it; :raises GraphNotFound: when there is none."""
        return _shown(await self._ask(lambda manager: manager.graph_record(self._namespace, graph_name)))

    async def upsert_graph(
        self,
        graph_name: str,
        graph_nodes: Sequence[GraphNodeModel],
        secrets: Mapping[str, str],
        retry_policy: RetryPolicyModel | None = None,
        store_config: StoreConfigModel | None = None,
        triggers: Sequence[CronTrigger] | None = None,
        validation_timeout: int = 60,
        polling_interval: int = 1,
    ) -> dict[str, Any]:
        """Store a graph in place of the one before; return it as Exosphere's API shows it.

        :param secrets: values by name; they are sealed with `SECRETS_ENCRYPTION_KEY`.
        :param validation_timeout: taken as the SDK's; nothing is waited for, as a graph is checked at once.
        :param polling_interval: likewise.
        :raises GraphInvalid: when it is not sound in itself; nothing is stored then.
        :raises GraphNotReady: when it does not fit the nodes that are registered. It is stored, and is valid by itself
            once they are.
        :raises InputInvalid: when a part of it has another shape.
        :raises SecretUnavailable: when there are secrets, and no key to seal them.
        """
        given = {"retry_policy": retry_policy, "store_config": store_config}
        document = {
            "nodes": [node.model_dump() for node in graph_nodes],
            "secrets": dict(secrets),
            "triggers": [{"type": "CRON", "value": {"expression": one.expression}} for one in triggers or ()],
            **{name: model.model_dump() for name, model in given.items() if model is not None},
        }
        body = _checked(bodies.Graph, document)
        _check_texts(body)
        template = _checked(GraphTemplate, shapes.template_of(body, self._namespace, graph_name))
        values = shapes.secrets_of(body)
        record = await self._ask(lambda manager: manager.accept(template, values))
        if record.misfits:
            raise GraphNotReady(graph_name, record.misfits)
        return _shown(record)

    async def _ask(self, call: Callable[[Manager], T]) -> T:
        return await asyncio.to_thread(self._asked, call)

    def _asked(self, call: Callable[[Manager], T]) -> T:
        manager = api.StateManager.open(self._uri, key=self._key)
        try:
            return call(manager)
        finally:
            manager.close()


def _shown(record: GraphRecord) -> dict[str, Any]:
    return shapes.graph(record).model_dump(mode="json")


M = TypeVar("M", bodies.Start, bodies.Graph, GraphTemplate)


def _checked(model: type[M], document: Mapping[str, Any]) -> M:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise InputInvalid(f"This cannot be taken: {reasons(error)}.") from None  # it may have values of secrets


def _check_texts(graph: bodies.Graph) -> None:
    if not all(name.strip() for name in graph.secrets):
        raise InputInvalid("The name of a secret must not be blank.")
    for node in graph.nodes:
        for name, value in node.inputs.items():
            if not isinstance(value, str):
                raise InputInvalid(f'Input "{name}" of node "{node.identifier}" is {value!r}. Write it as a text.')
