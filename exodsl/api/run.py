"""A run as a program reads and controls it: its status, its states, and what its nodes gave."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self, TypeVar, overload

from pydantic_core import to_json

from exodsl.api.redaction import Redactions
from exodsl.api.transcript import Story, told
from exodsl.dsl.base_node import BaseNode
from exodsl.dsl.body import Body
from exodsl.dsl.graph import Graph
from exodsl.dsl.nodes import AnyNode, Node, as_node
from exodsl.engine.reports import StoreWrite
from exodsl.errors import InputInvalid, NotFound, RunFailed, StoreUnavailable
from exodsl.manager.protocol import Retried, StateManager
from exodsl.manager.views import GateView, Page, RunStatus, RunView, StateNotes, StateStatus, StateView

T = TypeVar("T")
AnyPlace = Node[..., Any, Any] | type[BaseNode] | str
_PAGE = 1000
_SHOWN_INPUTS = 2000


class Run:
    """One run of a graph.

    :param manager: where it is kept.
    :param graph: types the outputs; without it they are plain JSON values.
    """

    def __init__(self, manager: StateManager, run_id: str, graph: Graph[Any, Any] | None = None) -> None:
        self.manager, self.run_id = manager, run_id
        self._graph = graph
        self._ended: RunView | None = None
        self._close = weakref.finalize(self, _nothing)

    def __repr__(self) -> str:
        return f"<run {self.run_id} {self.status}>"

    @property
    def view(self) -> RunView:
        """The run as it stands now."""
        if self._ended is not None and not self._close.alive:
            return self._ended  # the state manager may be closed, and what has ended can still be read
        view = self.manager.run(self.run_id)
        self._ended = view if view.finished_at is not None else None
        return view

    @property
    def status(self) -> RunStatus:
        """RUNNING, PAUSED, SUCCESS, FAILED or CANCELLED."""
        return self.view.status

    @property
    def error(self) -> str | None:
        """The first cause of a FAILED run."""
        return self.view.error

    @overload
    def outputs(self, node: Node[..., T, Any]) -> list[T]: ...
    @overload
    def outputs(self, node: type[BaseNode] | str) -> list[Any]: ...
    def outputs(self, node: AnyPlace) -> list[Any]:
        """Return what every successful state of a node gave, in fanout order.

        :param node: the node, or its identifier.
        :raises NotFound: when the run's graph has no such node.
        """
        identifier, body = self._place(node)
        found = (state.outputs for state in self._pages(identifier, "SUCCESS"))
        return [_typed(body, outputs) for outputs in found if outputs is not None]

    @overload
    def output(self, node: Node[..., T, Any]) -> T: ...
    @overload
    def output(self, node: type[BaseNode] | str) -> Any: ...
    def output(self, node: AnyPlace) -> Any:
        """Return the one output of a node.

        :param node: the node, or its identifier.
        :raises RunFailed: when it has none because the run failed; names node, inputs and traceback.
        :raises NotFound: when it has none for another reason, or several.
        """
        identifier, _ = self._place(node)
        found = self.outputs(node)
        if len(found) == 1:
            return found[0]
        if found:
            raise NotFound(f'"{identifier}" gave {len(found)} outputs: `run.outputs({identifier})` has them all.')
        raise self._without_output(identifier)

    def raise_if_failed(self) -> Self:
        """Return the run; :raises RunFailed: when it failed, with the first cause."""
        if self.view.status == "FAILED":
            raise self._failure()
        return self

    def states(self, node: AnyPlace | None = None, status: StateStatus | None = None) -> list[StateView]:
        """Return the states, all of them: of one node in fanout order, or in topological order of the nodes.

        :param node: only those of this node, or identifier.
        :param status: only those with this status.
        """
        return list(self._pages(None if node is None else self._place(node)[0], status))

    def gates(self) -> list[GateView]:
        """Return the gates, all of them: unites in topological order, each in fanout order (semantics 4)."""
        return list(_all_pages(lambda cursor: self.manager.gates(self.run_id, limit=_PAGE, cursor=cursor)))

    def transcript(self, *, redact: Mapping[str, str] | Iterable[str] = (), fold: int | None = 10) -> str:
        """Return what happened as text, a line for each fact, that is the same whenever the same happened.

        It has no times, ids, tracebacks or places in files. Branches of a fanout stand below it.

        :param redact: fields whose values are not shown, by name or by the end of the way to them
            (`"token"`, `"fetch.outputs.token"`), or a mapping to what is shown instead.
        :param fold: how many branches of one fanout are shown, 10 by default, `None` for all; of the others it is
            said how they ended.
        """
        view = self.view
        template = self.manager.template(view.namespace, view.graph, view.version)
        try:
            store = self.store()
        except StoreUnavailable:
            store = {}
        story = Story(view, self.states(), self.gates(), store, self._store_writes())
        return "\n".join(told(template, story, Redactions(redact), fold))

    def notes(self, state: StateView | int) -> StateNotes:
        """Return what the body of a state told: lines of its log, and how far it is; also while it runs.

        :param state: a state of any run, or its id.
        """
        return self.manager.notes(state if isinstance(state, int) else state.state_id)

    def store(self) -> dict[str, Any]:
        """Return the committed values of the run's store; :raises StoreUnavailable: when it was cleaned up."""
        return self.manager.read_store(self.run_id)

    def cancel(self) -> Self:
        """End the run where it stands (semantics 4): nothing of it is recorded or created any more.

        Bodies that run are not stopped; what they give is refused.

        :raises TransitionRefused: when it has ended.
        """
        self.manager.cancel(self.run_id)
        return self

    def pause(self) -> Self:
        """Let nothing more of the run begin until it is resumed; what runs may end (semantics 4).

        :raises TransitionRefused: when it is not RUNNING.
        """
        self.manager.pause(self.run_id)
        return self

    def resume(self) -> Self:
        """Let a paused run go on, where somebody works on it; `exodsl.resume` works on it here.

        :raises TransitionRefused: when it is not PAUSED.
        """
        self.manager.resume(self.run_id)
        return self

    def retry(
        self,
        states: Iterable[StateView | int] | None = None,
        *,
        node: AnyPlace | None = None,
        status: StateStatus | None = None,
        dry_run: bool = False,
    ) -> Retried:
        """Try states again, and take back what came of how they ended (semantics 4); `exodsl.resume` works on them.

        :param states: states of the run or their ids; by default all that are ERRORED or NEXT_CREATED_ERROR.
        :param node: instead, only those of this node, or identifier.
        :param status: instead, only those with this status: ERRORED, PRUNED or NEXT_CREATED_ERROR.
        :param dry_run: find out what would happen, and change nothing.
        :raises TransitionRefused: when a state or the run does not allow it; nothing is changed then.
        :raises StoreUnavailable: when the store of the run was cleaned up.
        """
        if states is not None and (node is not None or status is not None):
            raise InputInvalid("Give states to retry, or choose them by node and status; not both.")
        ids = None if states is None else [one if isinstance(one, int) else one.state_id for one in states]
        identifier = None if node is None else self._place(node)[0]
        return self.manager.retry(self.run_id, ids, identifier=identifier, status=status, dry_run=dry_run)

    def owning(self) -> Self:
        """Let the run close its state manager when it is closed, or not used any more."""
        self._close = weakref.finalize(self, self.manager.close)
        return self

    def close(self) -> None:
        """Close the state manager behind, if it was opened for this run only."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _store_writes(self) -> Mapping[int, Iterable[StoreWrite]]:
        """What states wrote to the store, where that is known: it is not kept."""
        return {}

    def _pages(self, identifier: str | None, status: StateStatus | None) -> Iterator[StateView]:
        return _all_pages(
            lambda cursor: self.manager.states(
                self.run_id, identifier=identifier, status=status, limit=_PAGE, cursor=cursor, whole=True
            )
        )

    def _place(self, node: AnyPlace) -> tuple[str, Body | None]:
        """Return the identifier that is meant, and the body that types its outputs."""
        nodes = {} if self._graph is None else {known.identifier: known for known in self._graph.nodes}
        if isinstance(node, str):
            known = nodes.get(node)
            return node, None if known is None else known.body
        wanted = as_node(node, "asked for")
        if nodes and wanted.identifier not in nodes:
            raise stands_elsewhere(wanted, nodes)
        return wanted.identifier, wanted.body

    def _without_output(self, identifier: str) -> Exception:
        ended = self.states(identifier)
        failed = [state for state in ended if state.status in ("ERRORED", "NEXT_CREATED_ERROR")]
        if failed:
            return _failed(self.run_id, failed[0])
        if self.view.status == "FAILED":
            return self._failure()
        why = f"it is {ended[-1].status}" if ended else f"it never ran; the run is {self.view.status}"
        return NotFound(f'"{identifier}" has no output in run "{self.run_id}": {why}.')

    def _failure(self) -> RunFailed:
        view = self.view
        if view.failed_state_id is None:
            return RunFailed(self.run_id, f'Run "{self.run_id}" failed: {view.error}')
        return _failed(self.run_id, self.manager.state(view.failed_state_id))


def _all_pages(page: Callable[[str | None], Page[T]]) -> Iterator[T]:
    cursor: str | None = None
    while True:
        found = page(cursor)
        yield from found.items
        cursor = found.next_cursor
        if cursor is None:
            return


def _failed(run_id: str, state: StateView) -> RunFailed:
    error = state.error
    said = "no reason was recorded" if error is None else f"{error.name}: {error.message}"
    inputs = to_json(state.inputs).decode()
    if len(inputs) > _SHOWN_INPUTS:
        inputs = f"{inputs[:_SHOWN_INPUTS]}… ({len(inputs)} characters)"
    lines = [f'Run "{run_id}" failed at "{state.identifier}": {said}', f"Inputs: {inputs}"]
    if error is not None and error.traceback:
        lines.append(error.traceback.rstrip())
    return RunFailed(run_id, "\n".join(lines), identifier=state.identifier)


def _typed(body: Body | None, outputs: dict[str, Any]) -> Any:
    return outputs if body is None else body.load_output(outputs)


def stands_elsewhere(wanted: AnyNode, nodes: Mapping[str, AnyNode]) -> NotFound:
    """Return the error for a node that a graph does not have, or has under other identifiers."""
    named = [name for name, known in nodes.items() if known.body.same_code(wanted.body)]
    if named:
        return NotFound(f'"{wanted.identifier}" stands in this graph as {", ".join(named)}: ask for one of them.')
    return NotFound(f'There is no node "{wanted.identifier}" in this graph. It has: {", ".join(nodes)}.')


def _nothing() -> None:
    """Close nothing: the state manager is somebody else's."""
