"""The pitfalls that a DSL of this kind has, by the numbers they have in its design."""

# Much here is wrong on purpose, for checkers too.
# mypy: disable-error-code="empty-body,misc,no-untyped-def,type-var,name-defined,call-overload,unused-ignore"
# pyright: reportReturnType=false, reportInvalidTypeForm=false

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest
from pydantic import BaseModel, SecretStr

from exodsl import BaseNode, Context, Graph, Prune, Store, any_of_nodes, current_run, inject, node, secret
from exodsl.errors import DefinitionError, GraphInvalid, NodeRefused, ReferenceMisuse
from exodsl.template.findings import Finding

Run = Callable[..., list[Any]]
Write = Callable[[str, str], Path]
Findings = Callable[[Graph[Any, Any]], list[Finding]]
T = TypeVar("T")
NONE = SecretStr("")


class Page(BaseModel):
    url: str
    text: str = ""


class Box(BaseModel, Generic[T]):
    item: T


@node
def fetch(url: str) -> Page:
    return Page(url=url)


@node
def show(text: str) -> str:
    return text


def test_pitfall_1_postponed_annotations_may_name_types_local_to_a_function(run: Run) -> None:
    class Local(BaseModel):
        x: int

    @node
    def make(x: int) -> list[Local]:
        return [Local(x=x)]

    assert run(make, x=1) == [{"x": 1}]


def test_pitfall_1_types_may_be_defined_after_the_node(run: Run) -> None:
    @node
    def make(x: int) -> Later:
        return Later(x=x)

    class Later(BaseModel):
        x: int

    assert run(make, x=1) == [{"x": 1}]


def test_pitfall_1_class_nodes_may_postpone_their_annotations_too(run: Run) -> None:
    class Local(BaseNode):
        class Inputs(BaseModel):
            x: int

        class Outputs(BaseModel):
            y: int

        async def execute(self, inputs: Inputs) -> list[Outputs]:
            return [self.Outputs(y=inputs.x)]

    assert run(node(Local), x=1) == [{"y": 1}]


def test_pitfall_1_a_failed_look_is_not_remembered(run: Run) -> None:
    @node
    def make(x: int) -> Later:
        return Later(x=x)

    with pytest.raises(NodeRefused, match=r"names `Later`, which is not defined"):
        str(make.outputs)

    class Later(BaseModel):
        x: int

    assert str(make.outputs) == "${{ make.outputs }}"


def test_pitfall_2_connect_resolves_nothing_and_compile_names_what_is_missing(findings: Findings) -> None:
    @node
    def make(url: Nowhere) -> str:  # type: ignore[name-defined]  # noqa: F821
        return url

    graph = Graph("forward")
    graph.connect(fetch, make)

    (found,) = findings(graph)

    assert (found.code, found.identifiers) == ("E145", ("make",))
    assert "names `Nowhere`, which is not defined" in found.message


def test_pitfall_2_an_import_for_checkers_only_is_named(write: Write, findings: Findings) -> None:
    path = write(
        "typeonly.py",
        """
        from __future__ import annotations
        from typing import TYPE_CHECKING
        from exodsl.dsl import Graph, node
        if TYPE_CHECKING:
            from decimal import Decimal

        @node
        def price(amount: Decimal) -> str:
            return str(amount)

        graph = Graph("prices")
        graph.start(price)
        """,
    )
    sys.path.insert(0, str(path.parent))

    (found,) = findings(importlib.import_module("typeonly").graph)

    assert "move `from decimal import Decimal` out of `if TYPE_CHECKING:`" in found.message


def test_pitfall_3_a_reference_decides_nothing_and_is_nothing() -> None:
    with pytest.raises(ReferenceMisuse, match=r"^E151"):
        bool(fetch.outputs.url)
    with pytest.raises(ReferenceMisuse, match=r"^E150"):
        _ = "" + fetch.outputs.url


def test_pitfall_4_takes_is_the_model_of_references() -> None:
    with pytest.raises(ValueError, match=r"fetch\.outputs\.url"):
        Page(url=fetch.outputs.url)

    assert str(show.takes(text=fetch.outputs.url).mapping["text"]) == "${{ fetch.outputs.url }}"


@pytest.mark.filterwarnings("ignore:Field name")
@pytest.mark.parametrize("field", ["copy", "json", "model_fields_set"])
def test_pitfall_5_output_fields_that_hide_an_attribute_are_refused(field: str) -> None:
    from pydantic import create_model

    fields: Any = {field: (str, "")}
    hiding: Any = create_model("Hiding", **fields)

    with pytest.raises(NodeRefused, match=f"output field `Hiding.{field}` hides an attribute"):

        @node
        def make() -> hiding:
            return hiding()


@pytest.mark.filterwarnings("ignore:Field name")
def test_pitfall_5_class_nodes_may_have_such_fields(run: Run) -> None:
    class Copier(BaseNode):
        class Outputs(BaseModel):
            copy: str  # type: ignore[assignment]

        async def execute(self) -> Outputs:
            return self.Outputs(copy="a")

    assert run(node(Copier)) == [{"copy": "a"}]


def test_pitfall_6_a_call_of_an_async_node_is_a_coroutine() -> None:
    @node
    async def double(x: int) -> int:
        return 2 * x

    assert asyncio.run(double(2)) == 4
    assert (double.body.style, show.body.style) == ("async", "sync")


def test_pitfall_7_signals_pass_through_except_exception(run: Run) -> None:
    @node
    def careless() -> None:
        try:
            raise Prune("gone")
        except Exception:
            return

    with pytest.raises(Prune):
        run(careless)


def test_pitfall_8_a_sequence_receives_a_collection(run: Run) -> None:
    @node
    def mean(values: Sequence[float]) -> float:
        return sum(values) / len(values)

    assert run(mean, values=[1, 2]) == [{"result": 1.5}]


def test_pitfall_9_generic_functions_are_refused_and_generic_models_are_not(run: Run) -> None:
    with pytest.raises(NodeRefused, match=r"`return: T` has an open type variable"):

        @node
        def same(x: T) -> T:
            return x

    @node
    def unpack(box: Box[int]) -> Box[str]:
        return Box[str](item=str(box.item))

    assert run(unpack, box={"item": 1}) == [{"item": "1"}]


def test_pitfall_10_methods_are_refused() -> None:
    with pytest.raises(NodeRefused, match=r"it is a method: .*`BaseNode`"):

        class Tool:
            @node
            def use(self, x: int) -> int:
                return x


def _star(*args: int) -> int: ...
def _stars(**kwargs: int) -> int: ...
def _positional(x: int, /) -> int: ...
def _untyped(x) -> int: ...
def _unsaid(x: int): ...


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (_star, r"`\*args"),
        (_stars, r"`\*\*kwargs"),
        (_positional, "remove the `/`"),
        (_untyped, "parameter `x` has no annotation"),
        (_unsaid, "no return annotation"),
    ],
)
def test_pitfall_10_parameters_without_a_name_or_type_are_refused(function: Any, said: str) -> None:
    with pytest.raises(NodeRefused, match=rf"Node `{function.__name__}` cannot be understood: .*{said}"):
        node(function)


def _sequence() -> Sequence[int]: ...
def _open_tuple() -> tuple[int, ...]: ...
def _set() -> set[int]: ...
def _iterable() -> Iterable[int]: ...
def _maybe_list() -> list[int] | None: ...
def _bare_list() -> list: ...
def _not_async() -> AsyncIterator[int]: ...
def _yields() -> list[int]:
    yield 1


async def _async_yields() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize(
    "function",
    [_sequence, _open_tuple, _set, _iterable, _maybe_list, _bare_list, _not_async, _yields, _async_yields],
)
def test_return_annotations_that_could_mean_one_or_many_are_refused(function: Any) -> None:
    with pytest.raises(NodeRefused, match=r"cannot be understood: .*(list|Iterator|AsyncIterator)"):
        node(function)


def test_pitfall_11_a_nullable_output_is_one_value(run: Run) -> None:
    @node
    def find(url: str) -> Page | None:
        return Page(url=url) if url else None

    assert run(find, url="") + run(find, url="a") == [{"result": None}, {"result": {"url": "a", "text": ""}}]
    assert str(find.outputs) == "${{ find.outputs.result }}"


def test_pitfall_12_a_union_is_one_value(run: Run) -> None:
    class Bug(BaseModel):
        bug: str

    @node
    def sort(text: str) -> Bug | Page:
        return Bug(bug=text)

    assert run(sort, text="a") == [{"result": {"bug": "a"}}]


def test_pitfall_13_injected_names_take_no_part_in_wiring_by_name() -> None:
    class Named(BaseModel):
        ctx: str
        store: str
        key: str
        text: str

    @node
    def make() -> Named:
        return Named(ctx="", store="", key="", text="")

    @node
    def use(text: str, key: SecretStr = NONE, ctx: Context = inject(), store: Store[Page] = inject()) -> None:
        return None

    graph = Graph("injected", store=Page)
    graph.connect(make, use)

    assert graph.compile().node("use").inputs == {"text": "${{ make.outputs.text }}"}


def test_pitfall_13_the_context_is_there_without_a_parameter(run: Run) -> None:
    @node
    def where() -> str:
        return current_run().run_id

    assert run(where) == [{"result": "run-1"}]


def test_pitfall_13_a_call_by_hand_gives_what_is_injected_by_hand() -> None:
    @node
    def use(x: int, ctx: Context = inject(), key: SecretStr = secret("key")) -> str:
        return f"{x} {ctx.run_id} {key.get_secret_value()}"

    assert use(1, ctx=Context("r", "use"), key=SecretStr("s")) == "1 r s"
    with pytest.raises(DefinitionError, match=r"`use` called by hand needs `ctx`, `key` given by hand"):
        use(1)


@pytest.mark.parametrize("marker", [inject, lambda: secret("key")])
def test_pitfall_13_only_what_can_be_injected_is(marker: Callable[[], Any]) -> None:
    with pytest.raises(NodeRefused, match=r"`x: int` cannot be injected|`x` is a secret, so annotate it"):

        @node
        def use(x: int = marker()) -> None:
            return None


def test_pitfall_14_a_second_candidate_is_an_error_and_no_choice(findings: Findings) -> None:
    @node
    def use(url: str) -> None:
        return None

    graph = Graph("late")
    graph.connect(fetch, fetch.named("again"))
    graph.connect(fetch.named("again"), show)
    graph.connect(show, use)

    (found,) = findings(graph)

    assert str(found).endswith("`url` of `use` could come from `fetch` or `again`. Name one: `url=again.outputs.url`.")


def test_pitfall_15_a_node_is_called_as_its_function_or_as_said() -> None:
    @node(name="other")
    def mine(x: int) -> int:
        return x

    assert (show.node_name, mine.node_name, mine.identifier) == ("show", "other", "other")
    assert mine.named("third").node_name == "other"


CELL = """
from exodsl import Graph, node

@node
def first(x: int) -> int:
    return x
"""
CONNECT = """
@graph.connect(first, x=first.outputs)
@node
def second(x: int) -> int:
    return x + {number}
"""


def test_pitfall_16_a_cell_that_runs_again_replaces_what_it_declared() -> None:
    names: dict[str, Any] = {"__name__": "notebook"}
    exec(compile(CELL + "graph = Graph('g')", "<cell 1>", "exec"), names)
    for number in (1, 1, 2):
        exec(compile(CONNECT.format(number=number), f"<cell 2.{number}>", "exec"), names)

    template = names["graph"].compile()

    assert [one.identifier for one in template.nodes] == ["first", "second"]
    assert names["graph"].nodes[1](1) == 3


def test_pitfall_16_a_compiled_graph_is_frozen() -> None:
    graph = Graph("frozen")
    edge = graph.connect(fetch, show)
    above = graph.connect(show)
    graph.compile()

    for late in (
        lambda: graph.connect(show, fetch),
        lambda: graph.start(fetch),
        lambda: edge.unites(fetch),
        lambda: above(fetch),
    ):
        with pytest.raises(DefinitionError, match=r'Graph "frozen" is compiled and does not change any more'):
            late()


def test_pitfall_17_the_other_order_of_decorators_is_refused() -> None:
    graph = Graph("order")

    with pytest.raises(DefinitionError, match=r"stands above `@node`, not below it: `use` is no node yet"):

        @node
        @graph.connect(fetch)  # type: ignore[type-var]
        def use(url: str) -> None:
            return None


def test_pitfall_17_node_above_a_class_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"use the class as it is, or `write = node\(Write\)`"):

        @node
        class Write(BaseNode):
            async def execute(self) -> None:
                return None


def test_pitfall_17_one_node_is_enough() -> None:
    with pytest.raises(DefinitionError, match=r"`show` is a node already"):
        node(show)


def test_pitfall_19_a_node_is_no_test() -> None:
    assert show.__test__ is False


def test_pitfall_20_references_are_in_no_set_and_equal_to_nothing() -> None:
    for use in (lambda: {fetch.outputs.url}, lambda: fetch.outputs.url == fetch.outputs.url):
        with pytest.raises(ReferenceMisuse, match=r"^E150"):
            use()


def test_pitfall_21_a_template_holds_no_path_time_or_order_of_declaration() -> None:
    def text(*, backwards: bool) -> str:
        graph = Graph("stable")
        names = ["a", "b", "c"]
        for name in reversed(names) if backwards else names:
            graph.connect(fetch, fetch.named(name), url=fetch.outputs.url)
        return graph.compile().canonical_json()

    assert text(backwards=True) == text(backwards=False)
    assert str(Path(__file__).parent) not in text(backwards=False)


def test_pitfall_22_a_function_in_a_mapping_is_refused(findings: Findings) -> None:
    graph = Graph("lambda")
    graph.connect(fetch, show, text=lambda page: page.url)  # type: ignore[call-overload]

    (found,) = findings(graph)

    assert (found.code, found.identifiers) == ("E106", ("show",))


def test_errors_are_one_class_with_all_findings() -> None:
    graph = Graph("wrong")
    graph.connect(any_of_nodes(fetch, fetch.named("b")), show, nothing=1)  # type: ignore[call-overload]

    with pytest.raises(GraphInvalid) as caught:
        graph.compile()

    assert caught.value.graph == "wrong"
    assert len(caught.value.findings) > 1
