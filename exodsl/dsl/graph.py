"""Graphs: the declarations that compile to a template (semantics 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, ParamSpec, cast, overload

from pydantic import BaseModel, SecretStr
from typing_extensions import TypeVar

from exodsl.dsl.base_node import BaseNode
from exodsl.dsl.compiling import compile_graph
from exodsl.dsl.declaration import Declaration
from exodsl.dsl.edges import Connection, Connector, Edge, Kind, read_sources
from exodsl.dsl.nodes import AnyNode, Bound, Node, as_node, is_bound
from exodsl.dsl.options import check_name, check_retry
from exodsl.dsl.places import caller, here
from exodsl.dsl.references import Origin, Reference
from exodsl.dsl.returns import is_model
from exodsl.dsl.schedules import Schedule, declared
from exodsl.dsl.secrets import SecretGiven, given_secrets, source_of
from exodsl.errors import DefinitionError
from exodsl.template.models import GraphTemplate
from exodsl.template.policies import RetryPolicy
from exodsl.template.triggers import CatchUp, Overlap


class NoModel(BaseModel):
    """The type of a graph's inputs or store where no model says it."""


P = ParamSpec("P")
I = TypeVar("I", bound=BaseModel, default=NoModel)  # noqa: E741
S = TypeVar("S", bound=BaseModel, default=NoModel)
Source = AnyNode | type[BaseNode]


class Graph(Generic[I, S]):
    """A workflow as it is written: nodes, and the edges between them.

    :param namespace: keeps graphs of one name apart, `default` by default.
    :param inputs: types the run's inputs; without it they are the root's parameters that `start` leaves open.
    :param store: types the run's store; its fields with a default need not be given at trigger.
    :param keep_store: keeps the store of a run that ended well (semantics 7).
    :param secrets: where each secret comes from: `{"key": env("KEY")}`; or its value, which is stored encrypted,
        as text or a `SecretStr`; or `stored()`, for a value that is stored by hand.
    :param retry: for every node that has no policy of its own.
    :raises DefinitionError: when one of these cannot be meant.
    """

    def __init__(
        self,
        name: str,
        *,
        namespace: str = "default",
        inputs: type[I] | None = None,
        store: type[S] | None = None,
        keep_store: bool = False,
        secrets: Mapping[str, SecretGiven] | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        self.name, self.namespace = check_name(name, "graph"), check_name(namespace, "namespace")
        self.inputs_model: type[BaseModel] | None = _model(inputs, "inputs")
        self.store_model: type[BaseModel] | None = _model(store, "store")
        self.keep_store = keep_store
        self.secrets = given_secrets(secrets or {})
        self.retry = check_retry(retry)
        self.place = here()
        self.module = str(caller().f_globals.get("__name__", ""))
        self._connections: list[Connection] = []
        self._schedules: list[Schedule] = []
        self._template: GraphTemplate | None = None

    def __repr__(self) -> str:
        return f"<graph {self.name}>"

    @property
    def inputs(self) -> I:
        """The run's inputs, as references."""
        return cast("I", Reference(Origin("inputs", lambda: ("inputs",))))

    @property
    def store(self) -> S:
        """The run's store, as references."""
        return cast("S", Reference(Origin("store", lambda: ("store",))))

    @property
    def nodes(self) -> tuple[AnyNode, ...]:
        """Every node that stands in the graph, in the order of declaration."""
        return tuple(self._declaration().nodes.values())

    @property
    def secret_values(self) -> dict[str, SecretStr]:
        """The values that are to be stored; they are no part of the template."""
        return {name: given for name, given in self.secrets.items() if isinstance(given, SecretStr)}

    @overload
    def connect(self, source: Source | Sequence[Source], target: AnyNode | Bound[Any], /) -> Edge: ...
    @overload
    def connect(
        self,
        source: Source | Sequence[Source],
        target: Node[P, Any, Any],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Edge: ...
    @overload
    def connect(self, source: Source | Sequence[Source], target: type[BaseNode], /, **inputs: Any) -> Edge: ...
    @overload
    def connect(self, source: Source | Sequence[Source], /, **inputs: Any) -> Connector: ...
    def connect(self, source: Any, /, *rest: Any, **inputs: Any) -> Any:
        """Add an edge, with a mapping of the target's inputs, or none to find them all by name.

        Without a target it is a decorator, above `@node`. Several sources are a join:
        `connect((a, b), c)` waits for both, within the branch of one output of their nearest common ancestor.

        :raises DefinitionError: when a source or target is no node, or the graph was compiled.
        """
        self._refuse_frozen()
        kind, sources = read_sources(source)
        if not rest:
            return Connector(self._add, kind, sources, inputs or None)
        connection = self._connection(kind, sources, rest[0], rest[1:], inputs)
        self._add(connection)
        return Edge(connection, self._change)

    @overload
    def start(self, target: Source | Bound[Any], /) -> None: ...
    @overload
    def start(self, target: Node[P, Any, Any], /, *args: P.args, **kwargs: P.kwargs) -> None: ...
    @overload
    def start(self, target: type[BaseNode], /, **inputs: Any) -> None: ...
    def start(self, target: Any, /, *args: Any, **kwargs: Any) -> None:
        """Let runs start at `target`; inputs that are not mapped here are the run's inputs.

        :raises DefinitionError: when the target is no node, or the graph was compiled.
        """
        self._refuse_frozen()
        self._add(self._connection("start", (), target, args, kwargs))

    def schedule(self, cron: str, *, tz: str = "UTC", catch_up: CatchUp = "latest", overlap: Overlap = "skip") -> None:
        """Let the clock start runs, as long as a runtime is there; a graph may have several schedules.

        :param cron: minute, hour, day of month, month and day of week: `"0 9 * * MON-FRI"`.
        :param tz: the time zone that it is read in, UTC by default.
        :param catch_up: which ticks that passed while nothing was running start a run: `none`, the `latest`
            (default), or `all`.
        :param overlap: what becomes of a tick while a run of this schedule goes on: `skip` it (default), `queue`
            it, `allow` both runs, or `cancel_previous`.
        :raises DefinitionError: when an option is none of these, or the graph was compiled.
        """
        self._refuse_frozen()
        self._schedules.append(declared(cron, tz, catch_up, overlap))

    def compile(self) -> GraphTemplate:
        """Check everything and return the template; the graph is frozen from then on.

        :raises GraphInvalid: with all findings at once.
        """
        if self._template is None:
            self._template = compile_graph(self._declaration())
        return self._template

    def _declaration(self) -> Declaration:
        return Declaration(
            name=self.name,
            namespace=self.namespace,
            inputs=self.inputs_model,
            store=self.store_model,
            keep_store=self.keep_store,
            secrets={name: source_of(given) for name, given in self.secrets.items()},
            retry=self.retry,
            place=self.place,
            declared=tuple(self._connections),
            scheduled=tuple(self._schedules),
        )

    def _connection(
        self,
        kind: Kind,
        sources: tuple[AnyNode, ...],
        target: object,
        args: tuple[Any, ...],
        inputs: Mapping[str, Any],
    ) -> Connection:
        if is_bound(target):
            if args or inputs:
                raise DefinitionError(f"Inputs stand in `takes(...)` or in `connect(...)`, not in both. ({here()})")
            return Connection(kind, sources, target.node, target.mapping, here())
        node = as_node(target, "a target")
        return Connection(kind, sources, node, node.mapping(args, inputs) or None, here())

    def _add(self, connection: Connection) -> None:
        self._refuse_frozen()
        self._connections.append(connection)

    def _change(self, old: Connection, new: Connection) -> None:
        self._refuse_frozen()
        at = next(index for index, known in enumerate(self._connections) if known is old)
        self._connections[at] = new

    def _refuse_frozen(self) -> None:
        if self._template is not None:
            raise DefinitionError(
                f'Graph "{self.name}" is compiled and does not change any more. Make a new `Graph("{self.name}")`'
                f" and connect everything again. ({here()})"
            )


def _model(model: Any, what: str) -> type[BaseModel] | None:
    if model is not None and not is_model(model):
        raise DefinitionError(f"Graph({what}=...) takes a pydantic model, not {model!r}. ({here()})")
    return model
