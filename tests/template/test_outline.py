"""The canonical text of a template: what people review, line by line (semantics 2)."""

from collections.abc import Callable
from difflib import ndiff
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from exodsl import Graph, RetryPolicy, any_of_nodes, collect, env, node, secret
from exodsl.template.models import GraphTemplate
from exodsl.template.outline import as_outline

Draw = Callable[..., GraphTemplate]
Fields = Callable[..., dict[str, Any]]


class Page(BaseModel):
    url: str
    size: int = 0


class Seen(BaseModel):
    cursor: int = 7
    since: str


def rich() -> Graph[Any, Any]:
    """Return a graph that has nearly everything a graph can have."""

    @node
    def pages(since: str, least: int = 1) -> list[Page]:
        raise NotImplementedError

    @node(retry=RetryPolicy(max_retries=0), executor="process")
    def size(page: Page, key: SecretStr = secret("token")) -> int:
        raise NotImplementedError

    @node
    def text(url: str) -> str:
        raise NotImplementedError

    @node
    def either(what: str) -> str | None:
        raise NotImplementedError

    @node
    def report(sizes: list[int], seen: int, title: str) -> str:
        raise NotImplementedError

    graph = Graph(
        "rich",
        namespace="team",
        store=Seen,
        keep_store=True,
        secrets={"token": env("TOKEN")},
        retry=RetryPolicy(max_retries=5, strategy="FIXED", give_up_on=(KeyError,)),
    )
    graph.start(pages)
    graph.connect(pages, size.named("weigh"), page=pages.outputs)
    graph.connect(pages, text)
    graph.connect(any_of_nodes(text, text.named("text_again")), either, what="a literal")
    graph.connect(text, text.named("text_again"), url=pages.outputs.url)
    graph.connect(
        size.named("weigh"),
        report,
        sizes=collect(size.named("weigh").outputs),
        seen=graph.store.cursor,
        title=f"since {graph.store.since}",
    ).unites(pages, strategy="ALL_DONE")
    return graph


def test_everything_that_is_declared_has_its_line() -> None:
    assert as_outline(rich().compile()).splitlines() == [
        "graph team/rich",
        "  input since: str",
        "  input least: int, optional",
        "  retry max_retries=5, strategy=FIXED, give_up_on=(builtins.KeyError)",
        "  store since: required",
        "  store cursor: 7",
        "  keeps its store",
        "  secret token: env:TOKEN",
        "",
        "node pages",
        "  fans out",
        "  input since: str = ${{ inputs.since }}",
        "  input least: int = ${{ inputs.least }}",
        "  output url: str",
        "  output size: int",
        "  next text",
        "  next weigh",
        "",
        "node text",
        "  input url: str = ${{ pages.outputs.url }}",
        "  output result: str",
        "  next either",
        "  next text_again",
        "",
        "node weigh",
        "  runs size",
        "  input page: Page = ${{ pages.outputs }}",
        "  output result: int",
        "  secret token",
        "  retry max_retries=0",
        "  executor process",
        "  next report",
        "",
        "node report",
        "  unites pages (ALL_DONE), collects weigh",
        "  input sizes: list[int] = collect(${{ weigh.outputs.result }})",
        "  input seen: int = ${{ store.cursor }}",
        '  input title: str = "since ${{ store.since }}"',
        "  output result: str",
        "",
        "node text_again",
        "  runs text",
        "  input url: str = ${{ pages.outputs.url }}",
        "  output result: str",
        "  next either",
        "",
        "node either",
        "  once per arrival: text, text_again",
        '  input what: str = "a literal"',
        "  output result: str | None",
    ]


def test_a_template_that_went_through_json_has_the_same_text() -> None:
    template = rich().compile()

    again = GraphTemplate.model_validate_json(template.model_dump_json())

    assert as_outline(again) == as_outline(template)


def test_the_order_in_which_a_mapping_is_written_is_not_seen(draw: Draw, fields: Fields) -> None:
    takes = fields(one="integer", two="integer")
    written = [{"one": 1, "two": 2}, {"two": 2, "one": 1}]

    texts = {as_outline(draw("a > b", parts={"b": {"inputs": inputs, "inputs_schema": takes}})) for inputs in written}

    assert len(texts) == 1


def test_a_changed_mapping_is_one_changed_line(draw: Draw) -> None:
    before, after = (
        as_outline(draw("a > b, b > c", parts={"c": {"inputs": {"x": f"${{{{ {source}.outputs.x }}}}", "y": 1}}}))
        for source in "ab"
    )

    changed = [line for line in ndiff(before.splitlines(), after.splitlines()) if not line.startswith(("  ", "?"))]

    assert changed == ["-   input x = ${{ a.outputs.x }}", "+   input x = ${{ b.outputs.x }}"]


def test_a_default_of_an_input_is_not_told_as_it_may_be_a_path_of_this_machine() -> None:
    @node
    def look(folder: str = "/home/somebody") -> int:
        raise NotImplementedError

    graph = Graph("look")
    graph.start(look)

    assert "somebody" not in as_outline(graph.compile())


def test_what_a_hand_written_template_leaves_open_is_told(draw: Draw) -> None:
    template = draw("split? > work, work > merge", unites={"merge": "split/output"})

    assert as_outline(template).splitlines()[2:] == [
        "node split",
        "  may fan out",
        "  next work",
        "",
        "node work",
        "  next merge",
        "",
        "node merge",
        "  unites each output of split (ALL_SUCCESS), collects work",
    ]


def test_a_schedule_has_its_time_zone_and_what_is_not_the_default(draw: Draw) -> None:
    cron = {"expression": "0 9 * * MON-FRI", "tz": "Europe/Berlin", "overlap": "queue"}

    template = draw("a > b", triggers=[{"type": "CRON", "value": cron}])

    assert "  schedule 0 9 * * MON-FRI (Europe/Berlin): overlap=queue" in as_outline(template).splitlines()


def test_a_timeout_and_a_node_of_another_namespace_are_told(draw: Draw) -> None:
    template = draw("a > b", parts={"b": {"namespace": "theirs", "timeout_ms": 1500}})

    assert as_outline(template).splitlines()[-2:] == ["  runs theirs/b", "  timeout 1500 ms"]


@pytest.mark.parametrize("name", ["a\x1b[2J", "a\nb"])
def test_a_name_cannot_steer_the_terminal_or_break_the_line(draw: Draw, name: str) -> None:
    text = as_outline(draw("a > b", name=name, parts={"b": {"node_name": name}}))

    assert name not in text
    assert len(text.splitlines()) == len(as_outline(draw("a > b", parts={"b": {"node_name": "c"}})).splitlines())
