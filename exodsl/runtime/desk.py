"""What a claimed state needs to run: its body, its context, the store, the secrets it declares."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Literal

from exodsl.dsl.body import Body
from exodsl.dsl.code import Injected
from exodsl.dsl.store import StoreSession
from exodsl.engine.reports import Claim
from exodsl.manager.protocol import StateManager
from exodsl.runtime.frames import Request
from exodsl.runtime.logs import lowest_level, node_logger
from exodsl.runtime.notebook import Notebook
from exodsl.runtime.secrets import Secrets
from exodsl.runtime.served import check_executor, place_elsewhere
from exodsl.runtime.telling import StateContext, kept_from
from exodsl.template.models import GraphTemplate

Way = Literal["loop", "thread", "process"]
_KEPT_RUNS = 1024
_NO_SECRETS: Mapping[str, str] = {}
_NO_STORE = StoreSession(dict)
"""For bodies that do not ask for the store: nobody can reach it, so all may share it."""


class Desk:
    """Lays out what bodies need; its notebook hears what they tell.

    :param bodies: what this runtime can run, by node name.
    """

    def __init__(self, manager: StateManager, bodies: Mapping[str, Body]) -> None:
        self._manager, self._bodies = manager, bodies
        self._declared = {name: body.code.secrets for name, body in bodies.items()}
        self._stores = {name: bool(body.code.signature.stores) for name, body in bodies.items()}
        self._ways: dict[tuple[str, str | None], Way] = {}
        self._kept_secrets = Secrets(manager)
        self.notebook = Notebook()
        self._template = lru_cache(_KEPT_RUNS)(self._read_template)

    def body(self, claim: Claim) -> Body:
        """Return the body of a claimed state."""
        return self._bodies[claim.node_name]

    def way(self, claim: Claim) -> Way:
        """Say where the body runs: in the event loop, on a thread, or in a child process."""
        key = (claim.node_name, claim.executor)
        way = self._ways.get(key)
        if way is None:
            way = self._ways[key] = self._find_way(claim)
        return way

    def _find_way(self, claim: Claim) -> Way:
        body = self._bodies[claim.node_name]
        executor = claim.executor or body.executor
        if executor == "process":
            return "process"
        return "thread" if executor is not None or body.style == "sync" else "loop"

    def timeout(self, claim: Claim) -> float | None:
        """Return the seconds that the body may take: what the template says, else the body."""
        if claim.timeout_ms is not None:
            return claim.timeout_ms / 1000
        limit = self._bodies[claim.node_name].timeout
        return None if limit is None else limit.total_seconds()

    def injected(self, claim: Claim) -> Injected:
        """Return what a body in this process gets beside its inputs.

        :raises DefinitionError: when a secret is missing, or the executor is unknown.
        """
        check_executor(claim.executor, claim.identifier)
        secrets = self._secrets(claim)
        context = StateContext(
            claim.run_id,
            claim.identifier,
            claim.retry_count,
            place_key(claim),
            claim=claim,
            notebook=self.notebook,
            secrets=secrets,
        )
        stores = self._stores[claim.node_name]
        store = StoreSession(partial(self._manager.read_store, claim.run_id)) if stores else _NO_STORE
        return Injected(context, store, secrets)

    def request(self, claim: Claim) -> Request:
        """Return what a body in a child process gets; a store is a snapshot.

        :raises DefinitionError: when a secret is missing, or the node cannot be loaded there.
        """
        body, logger = self.body(claim), node_logger(claim.identifier)
        address = place_elsewhere(body)
        return Request(
            source=address.source,
            qualname=address.qualname,
            inputs=claim.inputs,
            run_id=claim.run_id,
            identifier=claim.identifier,
            retry_count=claim.retry_count,
            idempotency_key=place_key(claim),
            logger=logger.name,
            log_level=lowest_level(logger),
            kept_from=kept_from(logger),
            secrets=dict(self._secrets(claim)),
            store=self._manager.read_store(claim.run_id) if self._stores[claim.node_name] else {},
        )

    def _secrets(self, claim: Claim) -> Mapping[str, str]:
        declared = self._declared[claim.node_name]
        return self._kept_secrets.of(self._template(claim.run_id), declared) if declared else _NO_SECRETS

    def _read_template(self, run_id: str) -> GraphTemplate:
        run = self._manager.run(run_id)
        return self._manager.template(run.namespace, run.graph, run.version)


def place_key(claim: Claim) -> str:
    """Return what is the same for every attempt of one place in a run, and different elsewhere."""
    return f"{claim.run_id}/{claim.identifier}/{claim.path.hex()}"
