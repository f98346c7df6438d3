"""Secrets where bodies run: variables are read each time, stored values once for each graph (semantics 8)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from exodsl.dsl.body import Body
from exodsl.errors import SecretUnavailable
from exodsl.manager.protocol import StateManager
from exodsl.template.models import GraphTemplate
from exodsl.template.secrets import variable_of


class Secrets:
    """Hands out the values of secrets, and keeps the stored ones at hand: a new value is seen by a new runtime.

    :param manager: opens what is stored.
    """

    def __init__(self, manager: StateManager) -> None:
        self._manager = manager
        self._kept: dict[tuple[str, str], dict[str, str]] = {}

    def of(self, template: GraphTemplate, declared: Mapping[str, bool]) -> dict[str, str]:
        """Return the values of secrets that a node declares.

        :param declared: their names, and whether the node can do without.
        :raises SecretUnavailable: when one is not given, or cannot be had.
        """
        names = template.stored_secrets.intersection(declared)
        return read_variables(template, declared) | (self._stored(template, names) if names else {})

    def _stored(self, template: GraphTemplate, names: frozenset[str]) -> dict[str, str]:
        kept = self._kept.setdefault((template.namespace, template.name), {})
        missing = names - kept.keys()
        if missing:
            read = self._manager.read_secrets(template.namespace, template.name, missing)
            kept.update((name, value.get_secret_value()) for name, value in read.items())
        return {name: kept[name] for name in names}


def read_variables(template: GraphTemplate, declared: Mapping[str, bool]) -> dict[str, str]:
    """Return the values of those secrets of a node that stand in the environment.

    :param declared: the names of all its secrets, and whether it can do without.
    :raises SecretUnavailable: when the graph does not give one, or its variable is not set.
    """
    found: dict[str, str] = {}
    for name in declared.keys() - template.stored_secrets:
        variable = variable_of(template.secrets.get(name))
        value = None if variable is None else os.environ.get(variable)
        if value is not None:
            found[name] = value
        elif not declared[name]:
            raise _missing(template, name, variable)
    return found


def check_stored(manager: StateManager, template: GraphTemplate, bodies: Mapping[str, Body]) -> None:
    """Open the stored secrets that bodies declare; :raises SecretUnavailable: when one cannot be had."""
    used = bodies.keys() & {node.node_name for node in template.nodes}
    names = template.stored_secrets & _declared(bodies[name] for name in used)
    if names:
        manager.read_secrets(template.namespace, template.name, names)


def check_all_stored(manager: StateManager, namespace: str, bodies: Mapping[str, Body]) -> None:
    """Open the stored secrets that bodies declare, of every graph that uses them and has values.

    :raises SecretUnavailable: when no key opens one.
    """
    if not _declared(bodies.values()):
        return
    for graph in {view.graph for view in manager.secrets(namespace=namespace) if view.key_id is not None}:
        check_stored(manager, manager.template(namespace, graph), bodies)


def _declared(bodies: Iterable[Body]) -> frozenset[str]:
    return frozenset(name for body in bodies for name in body.code.secrets)


def _missing(template: GraphTemplate, name: str, variable: str | None) -> SecretUnavailable:
    if variable is not None:
        return SecretUnavailable(
            f'The secret "{name}" of graph "{template.name}" is read from the environment variable "{variable}",'
            " which is not set. Set it where the runtime is started."
        )
    return SecretUnavailable(
        f'E130 graph "{template.name}" gives no secret "{name}".'
        f' Write `Graph(..., secrets={{"{name}": env("{name.upper()}")}})`.'
    )
