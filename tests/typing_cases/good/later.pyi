"""Names that exodsl does not have yet, so that the modules of the DSL's design can be checked whole."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Generic, Literal, ParamSpec, TypeVar, overload

from pydantic import BaseModel
from typing_extensions import TypeVar as TypeVarWithDefault

from exodsl import BaseNode
from exodsl.dsl import Bound, Node, NoModel
from exodsl.dsl.decorator import Decorate
from exodsl.dsl.secrets import SecretGiven

P = ParamSpec("P")
T = TypeVar("T")
V = TypeVar("V")
N = TypeVar("N", bound=Node[..., Any, Any])
I = TypeVarWithDefault("I", bound=BaseModel, default=NoModel)
S = TypeVarWithDefault("S", bound=BaseModel, default=NoModel)
AnyNode = Node[..., Any, Any]
Source = AnyNode | type[BaseNode]
Strategy = Literal["ALL_SUCCESS", "ALL_DONE", "ANY_SUCCESS", "QUORUM"]

class Ok(Generic[T]):
    value: T
    index: int

class Failed:
    error: str
    index: int

class Pruned:
    data: dict[str, Any]
    index: int

Outcome = Ok[T] | Failed | Pruned

def outcomes(node: Node[..., T, Any]) -> list[Outcome[T]]: ...
def wait_for(event: str, model: type[T], *, timeout: timedelta | None = None) -> Node[[], T, T]: ...
def node(*, timeout: timedelta | None = None, max_parallel: int | None = None) -> Decorate: ...

class Edge:
    def when(self, condition: bool) -> Edge: ...
    def unites(
        self,
        source: Source,
        *,
        strategy: Strategy = "ALL_SUCCESS",
        quorum: float | None = None,
        deadline: timedelta | None = None,
    ) -> Edge: ...

class Connector:
    def __call__(self, node: N) -> N: ...
    def when(self, condition: bool) -> Connector: ...

class Graph(Generic[I, S]):
    def __init__(
        self,
        name: str,
        *,
        inputs: type[I] | None = None,
        store: type[S] | None = None,
        secrets: Mapping[str, SecretGiven] | None = None,
    ) -> None: ...
    @property
    def inputs(self) -> I: ...
    @property
    def store(self) -> S: ...
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
    @overload
    def start(self, target: Source | Bound[Any], /) -> None: ...
    @overload
    def start(self, target: Node[P, Any, Any], /, *args: P.args, **kwargs: P.kwargs) -> None: ...
    def route(
        self,
        source: AnyNode,
        by: V,
        cases: Mapping[V, AnyNode | Bound[Any]],
        *,
        otherwise: AnyNode | Bound[Any] | None = None,
    ) -> None: ...
