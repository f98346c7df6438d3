"""What a claimed state needs to run: its body, its context, the store, the secrets it declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

from exodsl.dsl.body import Body
from exodsl.dsl.code import Injected
from exodsl.dsl.store import StoreSession
from exodsl.engine.reports import Claim
from exodsl.manager.protocol import StateManager
from exodsl.runtime.executors.protocol import Elsewhere
from exodsl.runtime.frames import Request
from exodsl.runtime.logs import lowest_level, node_logger
from exodsl.runtime.notebook import Notebook
from exodsl.runtime.secrets import Secrets
from exodsl.runtime.served import check_executor, place_elsewhere
from exodsl.runtime.telling import StateContext, kept_from, place_key
from exodsl.template.check_executors import THREAD
from exodsl.template.models import GraphTemplate

Way = str
"""Where a body runs: the name of an executor, `THREAD` among them, or `LOOP`."""
LOOP: Final = ""
"""The event loop of the runtime; no executor can be called so."""
_KEPT_RUNS = 1024
_NO_SECRETS: Mapping[str, str] = {}
_NO_STORE = StoreSession(dict)
"""For bodies that do not ask for the store: nobody can reach it, so all may share it."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What is the same for every state of one node in a runtime.

    :param timeout: of the body itself, in seconds; a template may say otherwise.
    :param stores: it asks for the store.
    :param declared: the secrets it asks for, and whether it can do without.
    :param known: its executor is there.
    """

    body: Body
    way: Way
    timeout: float | None
    stores: bool
    declared: Mapping[str, bool]
    known: bool


class Desk:
    """Lays out what bodies need; its notebook hears what they tell.

    :param bodies: what this runtime can run, by node name.
    :param executors: what runs bodies elsewhere, by name.
    """

    def __init__(self, manager: StateManager, bodies: Mapping[str, Body], executors: Mapping[str, Elsewhere]) -> None:
        self._manager, self._bodies, self.executors = manager, bodies, executors
        self._kits: dict[tuple[str, str | None], Kit] = {}
        self._kept_secrets = Secrets(manager)
        self.notebook = Notebook()
        self._template = lru_cache(_KEPT_RUNS)(self._read_template)

    def kit(self, claim: Claim) -> Kit:
        """Return what is laid out once for all states of a node."""
        key = (claim.node_name, claim.executor)
        kit = self._kits.get(key)
        if kit is None:
            kit = self._kits[key] = self._make_kit(claim)
        return kit

    def _make_kit(self, claim: Claim) -> Kit:
        body = self._bodies[claim.node_name]
        return Kit(
            body=body,
            way=self._way(body, claim.executor or body.executor),
            timeout=None if body.timeout is None else body.timeout.total_seconds(),
            stores=bool(body.code.signature.stores),
            declared=body.code.secrets,
            known=claim.executor is None or self._has(claim.executor),
        )

    def _way(self, body: Body, executor: str | None) -> Way:
        if executor is not None and executor in self.executors:
            return executor
        return THREAD if executor is not None or body.style == "sync" else LOOP

    def _has(self, executor: str) -> bool:
        return executor == THREAD or executor in self.executors

    def way(self, claim: Claim) -> Way:
        """Say where the body runs: in the event loop, on a thread, or in which executor."""
        return self.kit(claim).way

    def timeout(self, claim: Claim) -> float | None:
        """Return the seconds that the body may take: what the template says, else the body."""
        return self.kit(claim).timeout if claim.timeout_ms is None else claim.timeout_ms / 1000

    def injected(self, claim: Claim, kit: Kit) -> Injected:
        """Return what a body in this process gets beside its inputs.

        :raises DefinitionError: when a secret is missing, or the executor is not there.
        """
        if not kit.known:
            check_executor(claim.executor, claim.identifier, self.executors)
        secrets = self._secrets(claim, kit) if kit.declared else _NO_SECRETS
        store = StoreSession(partial(self._manager.read_store, claim.run_id)) if kit.stores else _NO_STORE
        return Injected(StateContext(claim, self.notebook, secrets), store, secrets)

    def request(self, claim: Claim) -> Request:
        """Return what a body elsewhere gets; a store is a snapshot.

        :raises DefinitionError: when a secret is missing, or the node cannot be loaded there.
        """
        kit, logger = self.kit(claim), node_logger(claim.identifier)
        address = place_elsewhere(kit.body, kit.way)
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
            secrets=dict(self._secrets(claim, kit)) if kit.declared else {},
            store=self._manager.read_store(claim.run_id) if kit.stores else {},
        )

    def _secrets(self, claim: Claim, kit: Kit) -> Mapping[str, str]:
        return self._kept_secrets.of(self._template(claim.run_id), kit.declared)

    def _read_template(self, run_id: str) -> GraphTemplate:
        run = self._manager.run(run_id)
        return self._manager.template(run.namespace, run.graph, run.version)
