"""The runtime of an SDK program, over exodsl's engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exodsl import dsl
from exodsl.api import Runtime as Engine
from exodsl.dsl.body import Body
from exodsl.dsl.nodes import as_node
from exodsl.exosphere.nodes import spec_of
from exodsl.manager.protocol import Serves, StateManager


class Runtime(Engine):
    """Registers class nodes, and works on every state of a graph of the namespace that has them.

    :param namespace: where the nodes are registered.
    :param name: what it is called in logs.
    :param nodes: classes whose fields are texts.
    :param state_manager_uri: `sqlite:///path`, a path, `postgresql://user@host/database`, the `http://` address of
        `exodsl serve`, or `None` for the environment's or the default database.
    :param key: of a server; `None` for that of the environment. A database needs none.
    :param batch_size: claimed states that may wait here for a worker, 16 by default.
    :param workers: bodies that run at once, 4 by default.
    :param state_manage_version: only `v0` is known.
    :param poll_interval: seconds after which it looks for work at the latest, although nothing woke it, 1 by default.
    :raises SettingInvalid: when a number is out of its range, a field is no text, or there is nothing to serve.
    :raises DefinitionError: when two classes have one name, or one is no node.
    """

    def __init__(
        self,
        namespace: str,
        name: str,
        nodes: Sequence[type[dsl.BaseNode]],
        state_manager_uri: str | None = None,
        key: str | None = None,
        batch_size: int = 16,
        workers: int = 4,
        state_manage_version: str = "v0",
        poll_interval: float = 1,
    ) -> None:
        self._specs = [spec_of(as_node(kind, "served").body) for kind in nodes]
        super().__init__(
            namespace, name, nodes, state_manager_uri, key, batch_size, workers, state_manage_version, poll_interval
        )

    def _take_up(self, manager: StateManager) -> tuple[Serves, Mapping[str, Body]]:
        manager.register_nodes(self.namespace, self.name, self._specs)
        return super()._take_up(manager)
