"""What compiling finds, all at once, each with its place."""

import math
import socket
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr

from exodsl import BaseNode, Graph, Store, any_of_nodes, collect, env, inject, node, secret
from exodsl.errors import GraphInvalid
from exodsl.template.findings import Finding

Findings = Callable[[Graph[Any, Any]], list[Finding]]


class Part(BaseModel):
    text: str
    number: int


@node
def split(document: str) -> list[Part]:
    return []


@node
def count(text: str) -> int:
    return 0


@node
def total(counts: list[int]) -> int:
    return 0


@node
def show(text: str) -> str:
    return text


def codes(found: list[Finding]) -> list[tuple[str, tuple[str, ...]]]:
    """Return the code and the nodes of each finding."""
    return [(one.code, one.identifiers) for one in found]


def test_all_is_said_at_once_with_its_line(findings: Findings) -> None:
    graph = Graph("several")
    graph.connect(split, count, text=split.outputs.txet)  # type: ignore[attr-defined, call-overload]
    graph.connect(count, total, counts=collect(count.outputs), more=1).unites(split)  # type: ignore[call-overload]
    graph.connect(split, show, text=split.outputs.number)  # type: ignore[call-overload]

    found = findings(graph)

    assert codes(found) == [("E101", ("count", "split")), ("E105", ("total",)), ("E102", ("show",))]
    assert all("test_findings.py:" in (one.place or "") for one in found)


def test_two_plain_connects_into_one_node_offer_what_they_could_mean(findings: Findings) -> None:
    other = show.named("other")
    graph = Graph("two")
    graph.connect(split, show)
    graph.connect(split, other)
    graph.connect(show, count, text=show.outputs)
    graph.connect(other, count, text=other.outputs)

    (found,) = findings(graph)

    assert codes([found]) == [("E110", ("count", "show", "other"))]
    assert found.message == "`count` is reached from `show` and from `other`."
    assert found.suggestion == (
        "`connect((show, other), count)` waits for both;"
        " `connect(any_of_nodes(show, other), count)` runs once for each."
    )


def test_one_edge_twice_is_one_too_many(findings: Findings) -> None:
    graph = Graph("twice")
    graph.connect(split, show)
    graph.connect(split, show)

    assert codes(findings(graph)) == [("E110", ("show", "split"))]


def test_a_source_stands_once_in_a_join(findings: Findings) -> None:
    graph = Graph("twice")
    graph.connect(split, show)
    graph.connect((show, show), count, text=show.outputs)

    assert ("E126", ("show", "count")) in codes(findings(graph))


def test_two_nodes_of_one_name_need_two_identifiers(findings: Findings) -> None:
    def made(word: str) -> Any:
        @node
        def clean(text: str) -> str:
            return word + text

        return clean

    graph = Graph("names")
    graph.connect(split, made("a"))
    graph.connect(split, made("b"))

    found = findings(graph)

    assert ("E122", ("clean",)) in codes(found)


def test_many_values_are_taken_only_through_collect(findings: Findings) -> None:
    graph = Graph("collected")
    graph.connect(split, count)
    graph.connect(count, total, counts=count.outputs).unites(split)  # type: ignore[call-overload]

    (found,) = findings(graph)

    assert codes([found]) == [("E111", ("total",))]
    assert found.suggestion == "`counts=collect(count.outputs)` takes the list."


def test_collect_where_there_is_one_value_is_an_error(findings: Findings) -> None:
    graph = Graph("collected")
    graph.connect(split, show, text=collect(split.outputs.text))  # type: ignore[call-overload]

    (found,) = findings(graph)

    assert codes([found]) == [("E127", ("show",))]
    assert found.suggestion == "Take it without `collect(...)`."


def test_collect_of_the_runs_inputs_is_an_error(findings: Findings) -> None:
    graph = Graph("collected", inputs=Part)
    graph.start(show, text=collect(graph.inputs.text))  # type: ignore[call-overload]

    assert ("E127", ("show",)) in codes(findings(graph))


def test_a_list_of_one_value_is_said_once(findings: Findings) -> None:
    graph = Graph("collected", inputs=Part)
    graph.start(total, counts=collect(graph.inputs.number))

    (found,) = findings(graph)

    assert codes([found]) == [("E102", ("total",))]
    assert found.suggestion == "There is only one value of it: let `counts` take an int."


@pytest.mark.parametrize("counts", [collect(count.outputs), count.outputs], ids=["collected", "plain"])
def test_where_a_fanout_is_open_a_list_is_taken_behind_a_unite(findings: Findings, counts: Any) -> None:
    graph = Graph("forgotten")
    graph.connect(split, count)
    graph.connect(count, total, counts=counts)

    (found,) = findings(graph)

    assert codes([found]) == [("E102", ("total",))]
    assert found.suggestion == (
        "`total` runs once for each output of `split`, so there is one value. To run it once with all of them:"
        " `connect(..., counts=collect(count.outputs)).unites(split)`."
    )


def test_that_cure_is_one() -> None:
    graph = Graph("mended")
    graph.connect(split, count)
    graph.connect(count, total, counts=collect(count.outputs)).unites(split)

    assert graph.compile().node("total").inputs == {"counts": "${{ count.outputs.result }}"}


def test_a_value_of_another_type_gets_what_fits(findings: Findings) -> None:
    graph = Graph("typed")
    graph.connect(split, count, text=split.outputs.number)  # type: ignore[call-overload]

    (found,) = findings(graph)

    assert codes([found]) == [("E102", ("count",))]
    assert found.suggestion == (
        "Candidates of type str: `split.outputs.text`. Write `text=split.outputs.text`."
        ' As part of a text: `text=f"number {split.outputs.number}"`.'
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (5, 'is given 5, an int. It takes a str, such as `text="5"`.'),
        (None, "is given None. It takes a str."),
        ([1], "is given a list that does not fit. It takes a str."),
    ],
)
def test_a_literal_of_another_type_gets_what_the_input_takes(findings: Findings, value: Any, said: str) -> None:
    graph = Graph("literal")
    graph.connect(split, count, text=value)

    (found,) = findings(graph)

    assert str(found).endswith(said)


class Shout(BaseNode):
    class Outputs(BaseModel):
        loud: str

    async def execute(self) -> Outputs:
        return self.Outputs(loud="!")


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (split, "Write `text=split.outputs.text`."),
        (count, "Write `text=count.outputs`."),
        (Shout, "Write `text=Shout.outputs.loud`."),
        (split.named("cut"), "Write `text=cut.outputs.text`."),
    ],
)
def test_a_node_in_a_mapping_gets_its_outputs(findings: Findings, given: Any, written: str) -> None:
    graph = Graph("node")
    graph.connect(split, show, text=given)

    (found,) = findings(graph)

    assert codes([found]) == [("E106", ("show",))]
    assert found.suggestion == written


def test_a_node_with_several_outputs_offers_them(findings: Findings) -> None:
    graph = Graph("node")
    graph.connect(split, total, counts=split)  # type: ignore[call-overload]

    (found,) = findings(graph)

    assert found.suggestion == "Write `counts=split.outputs.field`, where the field is one of: text, number."


def test_a_method_that_is_not_called_is_a_reference_used_as_a_value(findings: Findings) -> None:
    graph = Graph("method")
    graph.connect(split, count, text=split.outputs.text.upper)  # type: ignore[call-overload]

    (found,) = findings(graph)

    assert codes([found]) == [("E150", ("count", "split"))]
    assert found.message == "in `text` of `count`: `.upper` on `${{ split.outputs.text }}` while declaring."
    assert found.suggestion == (
        "Do it inside a node: pass `split.outputs.text` on, and use `text.upper()` in its body."
    )


def test_a_plain_value_has_no_field_called_result_in_a_module(findings: Findings) -> None:
    graph = Graph("result")
    graph.connect(show, count, text=show.outputs.result)  # type: ignore[attr-defined, call-overload]

    (found,) = findings(graph)

    assert codes([found]) == [("E101", ("count", "show"))]
    assert found.suggestion == "Write `show.outputs`."


def test_a_misspelt_executor_is_found_where_the_node_is_written(findings: Findings) -> None:
    @node(executor="proces")
    def measure(text: str) -> int:
        return len(text)

    graph = Graph("executor")
    graph.connect(split, measure)

    (found,) = findings(graph)

    assert (found.code, found.place) == ("E142", measure.body.place)
    assert found.suggestion == 'Write "process", or give an executor of your own another name.'


def test_a_reference_inside_a_list_is_an_error(findings: Findings) -> None:
    graph = Graph("hidden")
    graph.connect(split, total, counts=[split.outputs.number])

    (found,) = findings(graph)

    assert codes([found]) == [("E150", ("total",))]
    assert "`${{ split.outputs.number }}`" in found.message


@pytest.mark.parametrize("value", [math.nan, {"a": [math.inf]}, object(), socket.socket])
def test_a_literal_that_is_no_json_is_an_error(findings: Findings, value: Any) -> None:
    @node
    def take(value: Any) -> None:
        return None

    graph = Graph("literal")
    graph.connect(split, take, value=value)

    assert codes(findings(graph)) == [("E106", ("take",))]


def test_arrivals_cannot_unite(findings: Findings) -> None:
    other = show.named("other")
    graph = Graph("both")
    graph.connect(split, show)
    graph.connect(split, other)
    graph.connect(any_of_nodes(show, other), total, counts=[1]).unites(split)

    assert ("E118", ("total",)) in codes(findings(graph))


def test_a_secret_that_the_graph_does_not_give_is_named(findings: Findings) -> None:
    @node
    def ask(text: str, key: SecretStr = secret("llm_key")) -> str:
        return text

    graph = Graph("secrets", secrets={"llm_kye": env("LLM_KEY")})
    graph.connect(split, ask)

    (found,) = findings(graph)

    assert codes([found]) == [("E130", ("ask",))]
    assert "llm_kye" in str(found)


def test_a_store_key_that_the_graph_does_not_have_is_named(findings: Findings) -> None:
    class Mine(BaseModel):
        curser: int = 0

    class Theirs(BaseModel):
        cursor: int = 0

    @node
    def keep(text: str, store: Store[Mine] = inject()) -> None:
        return None

    graph = Graph("store", store=Theirs)
    graph.connect(split, keep)

    (found,) = findings(graph)

    assert codes([found]) == [("E131", ("keep", "curser"))]
    assert 'Did you mean "cursor"?' in str(found)


def test_an_output_that_cannot_be_json_is_named_with_its_field(findings: Findings) -> None:
    class Page(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        body: socket.socket

    @node
    def connect(text: str) -> Page:
        return Page(body=socket.socket())

    graph = Graph("socket")
    graph.connect(split, connect)

    (found,) = findings(graph)

    assert codes([found]) == [("E141", ("connect",))]
    assert "output `Page.body` of type `socket` cannot be stored as JSON" in found.message
    assert found.message.endswith("Give what is in it: text, numbers, lists, dictionaries, or a model of these.")


def test_a_parameter_that_cannot_be_json_is_named(findings: Findings) -> None:
    @node
    def take(text: str, line: socket.socket) -> None:
        return None

    graph = Graph("socket")
    graph.connect(split, take)

    (found,) = findings(graph)

    assert codes([found]) == [("E141", ("take",))]
    assert "parameter `line` of type `socket`" in found.message
    assert "Take what it is made of" in found.message
    assert "test_findings.py" not in found.message


def test_a_graph_needs_a_node(findings: Findings) -> None:
    assert codes(findings(Graph("empty"))) == [("E121", ())]


def test_the_start_has_nothing_before_it(findings: Findings) -> None:
    graph = Graph("start")
    graph.connect(split, show)
    graph.start(show, text="a")

    assert ("E121", ("show", "split")) in codes(findings(graph))


def test_a_cycle_is_found_and_inputs_that_would_be_wired_are_not(findings: Findings) -> None:
    again = show.named("again")
    graph = Graph("cycle")
    graph.connect(show, again)
    graph.connect(again, show)

    assert {one.code for one in findings(graph)} == {"E120", "E121"}


def test_a_graph_that_failed_may_be_mended() -> None:
    graph = Graph("mended")
    graph.connect(split, show)
    graph.start(split, wrong=1)  # type: ignore[call-overload]

    with pytest.raises(GraphInvalid, match=r"mended"):
        graph.compile()
    graph.connect(show, count, text=show.outputs)
