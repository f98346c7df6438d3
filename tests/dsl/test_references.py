"""References stand for values, format into placeholders, and refuse all else."""

import copy
import json
import math
import os
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from exodsl import Graph, any_of_nodes, collect, node
from exodsl.dsl import Reference
from exodsl.errors import DefinitionError, ReferenceMisuse


class Page(BaseModel):
    url: str
    meta: dict[str, str] = {}


class Site(BaseModel):
    page: Page


@node
def fetch(url: str) -> Page:
    return Page(url=url)


@node
def crawl(url: str) -> list[Site]:
    return []


@node
def size(url: str) -> int:
    return len(url)


@node
def length(url: str) -> int:
    return len(url)


url: Any = fetch.outputs.url
USES: dict[str, Callable[[], object]] = {
    "upper": lambda: url.upper(),
    "call": lambda: url(),
    "add": lambda: url + "x",
    "text before": lambda: "x" + url,
    "equal": lambda: url == "x",
    "not equal": lambda: url != "x",
    "less": lambda: url < "x",
    "in a list": lambda: url in ["x"],
    "index": lambda: url[0],
    "length": lambda: len(url),
    "iterate": lambda: list(url),
    "int": lambda: int(url),
    "float": lambda: float(url),
    "math": lambda: math.floor(url),
    "set member": lambda: {url},
    "format": lambda: f"{url:.2f}",
    "assign": lambda: setattr(url, "x", 1),
    "negative": lambda: -url,
    "with": lambda: url.__enter__(),
    "await": lambda: url.__await__(),
    "path": lambda: os.fspath(url),
}


def test_a_reference_formats_into_its_placeholder() -> None:
    assert f"see {url}, {url!r}, {url!s}" == "see " + ", ".join(["${{ fetch.outputs.url }}"] * 3)


def test_nested_fields_and_plain_values_have_their_own_paths() -> None:
    named = [str(crawl.outputs.page.url), str(size.outputs), str(fetch.outputs), str(size.named("s").outputs)]

    assert named == [
        "${{ crawl.outputs.page.url }}",
        "${{ size.outputs.result }}",
        "${{ fetch.outputs }}",
        "${{ s.outputs.result }}",
    ]


def test_the_run_and_its_store_have_references_too() -> None:
    graph = Graph("g", inputs=Page, store=Page)

    assert [str(graph.inputs.url), str(graph.store.meta)] == ["${{ inputs.url }}", "${{ store.meta }}"]


def test_arrivals_have_the_outputs_of_the_previous_state() -> None:
    assert str(any_of_nodes(size, length).outputs) == "${{ previous.outputs.result }}"
    assert str(any_of_nodes(fetch, fetch.named("again")).outputs.url) == "${{ previous.outputs.url }}"


def test_arrivals_that_give_different_kinds_of_outputs_have_none_in_common() -> None:
    untyped: Any = any_of_nodes
    mixed = untyped(size, fetch)

    with pytest.raises(DefinitionError, match=r"`size`, `fetch` give a plain value here and fields there"):
        str(mixed.outputs.url)


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_every_use_as_a_value_is_refused(use: Callable[[], object]) -> None:
    with pytest.raises(ReferenceMisuse, match=r"^E150 .*while declaring.*Do it inside a node.*test_references.py:\d+"):
        use()


def test_the_message_names_the_call_and_the_placeholder_and_shows_how() -> None:
    with pytest.raises(ReferenceMisuse, match=r"E150 `.upper\(\)` on `\$\{\{ fetch.outputs.url \}\}`") as caught:
        url.upper()

    assert "Do it inside a node: pass `fetch.outputs.url` on, and use `url.upper()` in its body." in str(caught.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("output", "fetch.outputs"), ("url", "fetch.outputs.url"), ("urls", "fetch.outputs.url"), ("name", "fetch.named")],
)
def test_an_attribute_that_a_node_does_not_have_gets_the_one_that_was_meant(name: str, meant: str) -> None:
    with pytest.raises(AttributeError, match=rf"`fetch` has no attribute `{name}`\. Did you mean `{meant}`\?"):
        getattr(fetch, name)


def test_a_node_has_no_attributes_but_its_own() -> None:
    assert not hasattr(fetch, "nothing_like_it")
    assert not hasattr(fetch, "__fspath__")
    assert copy.copy(fetch).identifier == "fetch"


@pytest.mark.parametrize(
    "use",
    [lambda: not url, lambda: url and 1, lambda: url or 1, lambda: 1 if url else 2, lambda: "x" in url],
    ids=["not", "and", "or", "if", "in"],
)
def test_decisions_are_refused(use: Callable[[], object]) -> None:
    with pytest.raises(ReferenceMisuse, match=r"^E151 .*do it inside a node"):
        use()


def test_a_reference_is_no_json() -> None:
    with pytest.raises(TypeError):
        json.dumps(url)


def test_collect_takes_a_reference() -> None:
    assert str(collect(url)) == str(url)
    with pytest.raises(DefinitionError, match=r"takes a reference"):
        collect("text")


def test_calling_a_node_with_a_reference_is_refused() -> None:
    with pytest.raises(ReferenceMisuse, match=r"E150 calling `size` runs it now.*graph.connect\(source, size"):
        size(url)


def test_a_model_of_references_names_them() -> None:
    with pytest.raises(ValueError, match=r"fetch.outputs.url.*Reference"):
        Page(url=url)


def test_a_model_with_a_reference_as_its_field_type_says_what_to_do() -> None:
    class Wrong(BaseModel):
        x: Reference

    with pytest.raises(ReferenceMisuse, match=r"E150 .*takes"):
        Wrong(x=url)
