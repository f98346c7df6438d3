"""Wiring by name: from the source's outputs, else from the other ancestors that give one value."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from exodsl import Graph, any_of_nodes, node
from exodsl.template.findings import Finding

Findings = Callable[[Graph[Any, Any]], list[Finding]]


class Page(BaseModel):
    url: str
    text: str


class Row(BaseModel):
    row: int
    text: str


@node
def fetch(url: str) -> Page:
    return Page(url=url, text="")


@node
def rows(text: str) -> list[Row]:
    return []


@node
def show(url: str, text: str) -> str:
    return text


@node
def reread(url: str) -> Page:
    return Page(url=url, text="")


@node
def count(row: int) -> int:
    return row


@node
def use(result: int, extra: int = 5) -> int:
    return result


@node
def gather(url: str, row: int = 0) -> str:
    return url


def test_the_source_comes_before_other_ancestors() -> None:
    graph = Graph("near")
    graph.connect(fetch, rows)
    graph.connect(rows, show)

    assert graph.compile().node("show").inputs == {
        "url": "${{ fetch.outputs.url }}",
        "text": "${{ rows.outputs.text }}",
    }


def test_two_other_ancestors_are_ambiguous(findings: Findings) -> None:
    graph = Graph("far")
    graph.connect(fetch, reread)
    graph.connect(reread, rows, text=reread.outputs.text)
    graph.connect(rows, show)

    (found,) = findings(graph)

    assert (found.code, found.identifiers) == ("E104", ("show", "fetch", "reread"))
    assert found.suggestion == "Name one: `url=reread.outputs.url`."


def test_two_sources_of_a_join_are_ambiguous(findings: Findings) -> None:
    graph = Graph("join")
    graph.connect(fetch, rows.named("a"), text=fetch.outputs.text)
    graph.connect(fetch, reread)
    other = reread.named("other")
    graph.connect(fetch, other)
    graph.connect((reread, other), show)

    found = findings(graph)

    assert [(one.code, one.identifiers) for one in found] == [
        ("E104", ("show", "reread", "other")),
        ("E104", ("show", "reread", "other")),
    ]


def test_a_plain_value_is_called_result_and_a_default_is_left_out() -> None:
    graph = Graph("plain")
    graph.connect(count, use)

    assert graph.compile().node("use").inputs == {"result": "${{ count.outputs.result }}"}


def test_many_values_do_not_count_behind_a_unite() -> None:
    graph = Graph("unite")
    graph.connect(fetch, rows)
    graph.connect(rows, count)
    graph.connect(count, gather).unites(rows)

    assert graph.compile().node("gather").inputs == {"url": "${{ fetch.outputs.url }}"}


def test_arrivals_are_wired_to_the_previous_state() -> None:
    again = reread.named("again")
    graph = Graph("arrivals")
    graph.connect(fetch, reread)
    graph.connect(fetch, again)
    graph.connect(any_of_nodes(reread, again), show)

    assert graph.compile().node("show").inputs == {
        "url": "${{ previous.outputs.url }}",
        "text": "${{ previous.outputs.text }}",
    }


def test_what_nothing_upstream_is_called_is_a_finding(findings: Findings) -> None:
    @node
    def process(data: str) -> str:
        return data

    graph = Graph("missing")
    graph.connect(fetch, process)

    (found,) = findings(graph)

    assert (found.code, found.identifiers) == ("E103", ("process",))
    assert "`fetch.outputs.url`" in str(found)


def test_types_alone_wire_nothing(findings: Findings) -> None:
    @node
    def only(other: Page) -> None:
        return None

    graph = Graph("types")
    graph.connect(fetch, only)

    assert [found.code for found in findings(graph)] == ["E103"]


def test_a_mapping_is_complete(findings: Findings) -> None:
    graph = Graph("partial")
    graph.connect(fetch, show, url="a")  # type: ignore[call-overload]

    (found,) = findings(graph)

    assert (found.code, found.identifiers) == ("E103", ("show",))
    assert "`text`" in found.message
