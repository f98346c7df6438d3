"""The secrets that a state manager keeps: sealed while they lie there, opened for the nodes that declare them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pydantic import SecretStr

from exodsl.database import secrets
from exodsl.database.again import again
from exodsl.database.secrets import Place
from exodsl.errors import InputInvalid, SecretUnavailable, did_you_mean
from exodsl.manager.protocol import Rotated
from exodsl.manager.sealing import keyring, set_command
from exodsl.manager.viewing import Viewing
from exodsl.manager.views import SecretView
from exodsl.template.models import GraphTemplate
from exodsl.template.secrets import variable_of

Values = Mapping[str, SecretStr]


class SecretKeeping(Viewing):
    """Keeps secrets; see `StateManager` for each call."""

    def secrets(self, *, namespace: str | None = None, graph: str | None = None) -> tuple[SecretView, ...]:
        """List the secrets of graphs; see `StateManager.secrets`."""
        with self._db.reading() as connection:
            found: list[SecretView] = []
            for key in secrets.newest_templates(connection, namespace, graph):
                found += _views(connection, self._shelf.plan(connection, key)[0].template)
        return tuple(found)

    def read_secrets(self, namespace: str, graph: str, names: Collection[str]) -> dict[str, SecretStr]:
        """Open stored secrets of a graph; see `StateManager.read_secrets`."""
        return again(lambda: self._opened(namespace, graph, names))

    def _opened(self, namespace: str, graph: str, names: Collection[str]) -> dict[str, SecretStr]:
        with self._db.reading() as connection:
            return opened(connection, namespace, graph, names)

    def set_secret(self, namespace: str, graph: str, name: str, value: SecretStr) -> None:
        """Store a value; see `StateManager.set_secret`."""
        with self._db.reading() as connection:
            key = self._shelf.find(connection, namespace, graph, None)
            template = self._shelf.plan(connection, key)[0].template
        check_given(template, {name: value})
        place, keys = Place(namespace, graph, name), keyring()
        with self._db.transaction(alone=True) as connection:
            secrets.put(connection, place, keys.seal(place, value))

    def rotate_secrets(self) -> Rotated:
        """Seal everything with the first key; see `StateManager.rotate_secrets`."""
        keys = keyring()
        with self._db.transaction(alone=True) as connection:
            found = secrets.all_sealed(connection)
            old = {place: sealed for place, sealed in found.items() if sealed.key_id != keys.first}
            for place, sealed in old.items():
                secrets.put(connection, place, keys.seal(place, keys.open(place, sealed)))
        return Rotated(keys.first, len(old), len(found) - len(old))


def check_given(template: GraphTemplate, values: Values) -> None:
    """Refuse values of secrets that the template does not let the state manager keep.

    :raises InputInvalid: naming the secrets that it has.
    """
    for name, value in values.items():
        if name not in template.secrets:
            known = ", ".join(f'"{name}"' for name in template.secrets) or "none"
            raise InputInvalid(
                f'Graph "{template.name}" has no secret "{name}". It has: {known}.'
                f"{did_you_mean(name, template.secrets)}"
            )
        variable = variable_of(template.secrets[name])
        if variable is not None:
            raise InputInvalid(
                f'The secret "{name}" of graph "{template.name}" is read from the environment variable "{variable}":'
                " nothing is stored of it."
            )
        if not value.get_secret_value():
            raise InputInvalid(f'The secret "{name}" of graph "{template.name}" is given no value: the text is empty.')


def keep(connection: Any, template: GraphTemplate, values: Values) -> None:
    """Store the values that came with a template, and forget those of secrets that it has no more.

    What is sealed with the first key already, and has not changed, stays as it is.
    """
    before = secrets.of_graph(connection, template.namespace, template.name)
    dropped = [Place(template.namespace, template.name, name) for name in before.keys() - template.stored_secrets]
    if dropped:
        secrets.delete(connection, dropped)
    for name, value in values.items():
        place, keys = Place(template.namespace, template.name, name), keyring()
        if not keys.holds(place, before.get(name), value):
            secrets.put(connection, place, keys.seal(place, value))


def check_stored(connection: Any, template: GraphTemplate) -> None:
    """Find out whether every stored secret that a node declares can be handed to it.

    :raises SecretUnavailable: when one has no value, or no key opens it.
    """
    declared = {name for node in template.nodes for name in node.secrets}
    opened(connection, template.namespace, template.name, declared & template.stored_secrets)


def opened(connection: Any, namespace: str, graph: str, names: Iterable[str]) -> dict[str, SecretStr]:
    """Return the values of stored secrets; :raises SecretUnavailable: when one cannot be had."""
    wanted = sorted(names)
    if not wanted:
        return {}
    sealed = secrets.of_graph(connection, namespace, graph)
    for name in wanted:
        if name not in sealed:
            raise _without_value(Place(namespace, graph, name))
    keys = keyring()
    return {name: keys.open(Place(namespace, graph, name), sealed[name]) for name in wanted}


def _without_value(place: Place) -> SecretUnavailable:
    return SecretUnavailable(
        f'The secret "{place.name}" of graph "{place.graph}" has no value yet. Store one: {set_command(place)}'
    )


def _views(connection: Any, template: GraphTemplate) -> list[SecretView]:
    sealed = secrets.of_graph(connection, template.namespace, template.name)
    return [
        SecretView(
            template.namespace,
            template.name,
            name,
            variable_of(source),
            sealed[name].key_id if name in sealed else None,
        )
        for name, source in template.secrets.items()
    ]
