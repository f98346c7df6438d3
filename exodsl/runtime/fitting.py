"""What has changed in the code since a run was triggered, said where the inputs of a state do not fit (semantics 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from exodsl.engine.reports import Claim
from exodsl.errors import ExodslError, InputInvalid
from exodsl.manager.protocol import StateManager
from exodsl.runtime.desk import Kit
from exodsl.runtime.judging import Raised
from exodsl.template.policies import qualified_name

_KEPT = 1024
_MISFIT = qualified_name(InputInvalid)


class Fitting:
    """Compares the code of a runtime with the versions of graphs that its runs are of; only when a state failed.

    :param kit: gives what a claimed state is run with.
    """

    def __init__(self, manager: StateManager, kit: Callable[[Claim], Kit]) -> None:
        self._manager, self._kit = manager, kit
        self._read = lru_cache(_KEPT)(self._read_node)

    def explained(self, claim: Claim, failure: Raised) -> Raised:
        """Return a failure; if inputs did not fit as the code has changed since, with what has changed."""
        if failure.error.type != _MISFIT:
            return failure
        try:
            version, then = self._read(claim.run_id, claim.identifier)
        except ExodslError:  # the run was removed, or the database is gone: neither is what failed here
            return failure
        changes = "; ".join(_changes(then, self._kit(claim).body.code.inputs.schema()))
        if then is None or not changes:
            return failure
        said = failure.error.message
        told = (
            f'{said} The run is of version {version} of graph "{claim.graph}", and the inputs of'
            f' "{claim.identifier}" have changed since: {changes}.'
        )
        trace = failure.error.traceback.replace(said, told)
        return replace(failure, error=replace(failure.error, message=told, traceback=trace))

    def _read_node(self, run_id: str, identifier: str) -> tuple[int, Mapping[str, Any] | None]:
        """Return a run's version of its graph, and the schema that a node's inputs had there."""
        run = self._manager.run(run_id)
        template = self._manager.template(run.namespace, run.graph, run.version)
        return run.version, template.node(identifier).inputs_schema


def _changes(then: Mapping[str, Any] | None, now: Mapping[str, Any]) -> Iterator[str]:
    """Say how the fields of a schema have changed, field by field."""
    before: Mapping[str, Any] = {} if then is None else then["properties"]
    after: Mapping[str, Any] = now["properties"]
    for name in before:
        if name not in after:
            yield f"`{name}` has gone"
        elif before[name] != after[name]:
            yield f"`{name}` is declared otherwise"
    for name in after:
        if name not in before:
            yield f"`{name}` is new"
