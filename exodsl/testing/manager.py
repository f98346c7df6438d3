"""The state manager of a test: an embedded one that needs no key, as it stores no secret."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import SecretStr

from exodsl.database import schedules, secrets
from exodsl.database.sqlite import Sqlite
from exodsl.errors import SecretUnavailable
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.exchange import Step
from exodsl.manager.scheduling import tick_view
from exodsl.manager.secrets import Values, check_given, opened
from exodsl.manager.ticking import Schedule
from exodsl.manager.triggering import Starter
from exodsl.manager.views import TickView
from exodsl.template.models import GraphTemplate
from exodsl.testing.clock import FakeClock


class InlineManager(EmbeddedManager):
    """Hands out secrets as a test gives them, and asks for those alone that something will read (semantics 8).

    :param values: the secrets that are known, by name; they stay in memory. Others are opened where the database has
        them.
    :param readers: the identifiers of the nodes that read a secret, by its name; fakes read what they ask for.
    """

    def __init__(
        self,
        database: Sqlite,
        *,
        clock: FakeClock,
        seed: int,
        values: Mapping[str, SecretStr],
        readers: Mapping[str, str],
    ) -> None:
        super().__init__(database, clock=clock, seed=seed)
        self._values, self._readers = values, readers

    def upsert(self, template: GraphTemplate, secrets: Values | None = None) -> int:
        """Store a template, and none of the values that come with it."""
        check_given(template, secrets or {})
        return super().upsert(template)

    def read_secrets(self, namespace: str, graph: str, names: Collection[str]) -> dict[str, SecretStr]:
        """Return the values that are known, and open the others."""
        known = {name: self._values[name] for name in names if name in self._values}
        return known | super().read_secrets(namespace, graph, [name for name in names if name not in known])

    def ensure_secrets(self, template: GraphTemplate) -> None:
        """Find out now what each tick would; :raises SecretUnavailable: when a secret has no value."""
        with self._db.reading() as connection:
            self._check_secrets(connection, template)

    @property
    def next_tick_ms(self) -> int | None:
        """When the next tick of a schedule is due, in milliseconds since the epoch."""
        with self._db.reading() as connection:
            return schedules.outlook(connection)[0]

    def ticks(self, template: GraphTemplate, cron: str | None = None) -> list[TickView]:
        """Return what became of every tick of a graph's schedules, or of one of them; the oldest first."""
        with self._db.reading() as connection:
            found = [Schedule(*row) for row in schedules.listed(connection, template.namespace, template.name)]
            ticks = [
                tick_view(row, one.tz)
                for one in found
                if cron in (None, one.cron)
                for row in schedules.ticks(connection, one.key, -1)
            ]
        return sorted(ticks, key=lambda tick: tick.at)

    def _starter(self, step: Step) -> Starter:
        return Starter(step, self._check_secrets)

    def _check_secrets(self, connection: Any, template: GraphTemplate) -> None:
        """Refuse a run in which a node would ask in vain for a stored secret."""
        names = template.stored_secrets.intersection(self._readers) - self._values.keys()
        kept = secrets.of_graph(connection, template.namespace, template.name) if names else {}
        for name in sorted(names - kept.keys()):
            raise without_value(template, name, self._readers[name], "is stored")
        opened(connection, template.namespace, template.name, names)


def without_value(template: GraphTemplate, name: str, reader: str, source: str) -> SecretUnavailable:
    """Return the error for a secret that a test has to give.

    :param reader: the node that would ask for it.
    :param source: where a runtime would find it.
    """
    return SecretUnavailable(
        f'The secret "{name}" of graph "{template.name}" {source}, and has no value in this test:'
        f' give secrets={{"{name}": "..."}}, or a fake to what asks for it, "{reader}".'
    )
