"""Graphs that come and start over Exosphere's HTTP API: texts throughout, checked against registered nodes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from exodsl.database import registry
from exodsl.errors import GraphNotFound, GraphNotReady, InputInvalid
from exodsl.manager.exosphere.describing import TOLERATED, describe, undescribed
from exodsl.manager.exosphere.registering import Registering, specs
from exodsl.manager.protocol import Trigger
from exodsl.manager.registration import GraphRecord as GraphRecord
from exodsl.manager.views import moment
from exodsl.template.models import GraphTemplate
from exodsl.template.needs import root_of
from exodsl.template.schema_types import ValueType, properties
from exodsl.template.texts import from_text


class Accepting(Registering, ABC):
    """Takes graphs and triggers in Exosphere's terms."""

    @abstractmethod
    def _upsert(
        self,
        template: GraphTemplate,
        secrets: Mapping[str, SecretStr] | None = None,
        *,
        scheduled: bool = True,
        but: Collection[str] = (),
    ) -> int: ...

    @abstractmethod
    def template(self, namespace: str, graph: str, version: int | None = None) -> GraphTemplate: ...

    @abstractmethod
    def trigger(self, triggers: Sequence[Trigger]) -> list[str]: ...

    def accept(self, template: GraphTemplate, secrets: Mapping[str, SecretStr]) -> GraphRecord:
        """Store a template, with what registered nodes say of themselves if it fits them; else it has no schedules.

        :raises GraphInvalid: when it is not sound in itself; nothing is stored then.
        """
        described, misfits = self._described(template)
        self._upsert(template if misfits else described, secrets, scheduled=not misfits, but=TOLERATED)
        return self.graph_record(template.namespace, template.name)

    def graph_record(self, namespace: str, graph: str) -> GraphRecord:
        """Return the newest version of a graph; :raises GraphNotFound: when there is none."""
        for record in self._records(namespace, graph):
            return record
        raise GraphNotFound(namespace, graph)

    def graph_records(self, namespace: str) -> tuple[GraphRecord, ...]:
        """List the newest versions of the graphs of a namespace, by name."""
        return tuple(self._records(namespace, None))

    def _records(self, namespace: str, graph: str | None) -> list[GraphRecord]:
        found: list[GraphRecord] = []
        with self._db.reading() as connection:
            for key, _, updated, created in registry.graphs(connection, namespace, graph):
                template = self._shelf.plan(connection, key)[0].template
                _, misfits = describe(template, specs(connection, undescribed(template)))
                found.append(GraphRecord(template, moment(created), moment(updated), tuple(misfits)))
        return found

    def _described(self, template: GraphTemplate) -> tuple[GraphTemplate, list[str]]:
        with self._db.reading() as connection:
            return describe(template, specs(connection, undescribed(template)))

    def begin(
        self, namespace: str, graph: str, inputs: Mapping[str, str], store: Mapping[str, str], start_delay_ms: int
    ) -> str:
        """Start a run from texts, and return its id.

        Inputs and store keys that the graph does not know are left out; a text that an input does not take is read
        as JSON.

        :raises GraphNotFound: when there is no such graph.
        :raises GraphNotReady: when it does not fit the nodes that are registered.
        :raises InputInvalid: when something is missing.
        """
        stored = self.template(namespace, graph)
        template, misfits = self._described(stored)
        if misfits:
            raise GraphNotReady(graph, misfits)
        missing = [key for key in template.store_config.required_keys if key not in store]
        if missing:
            raise InputInvalid(f"Missing store keys: {', '.join(missing)}")
        if template is not stored:  # its nodes were registered after it was
            self._upsert(template, but=TOLERATED)
        keys = template.store_config.keys
        values = {key: value for key, value in store.items() if key in keys}
        (run_id,) = self.trigger([Trigger(namespace, graph, _taken(template, inputs), values, None, start_delay_ms)])
        return run_id


def _taken(template: GraphTemplate, given: Mapping[str, str]) -> dict[str, Any]:
    """Return those of the given inputs that a run takes."""
    schema = template.inputs_schema or root_of(template).inputs_schema
    types = properties(ValueType.of(schema or {}))
    return {name: from_text(text, types[name]) for name, text in given.items() if name in types}
