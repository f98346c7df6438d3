"""Graphs compile to templates: edges, mappings, unites, joins, arrivals, options, schemas."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr

from exodsl import Context, Graph, Store, any_of_nodes, collect, env, inject, node, secret, stored
from exodsl.errors import DefinitionError
from exodsl.template.models import GraphTemplate, NodeTemplate, Unites
from exodsl.template.policies import RetryPolicy

NONE = SecretStr("")


WRONG: Any = dict


class Part(BaseModel):
    text: str
    number: int


class Customer(BaseModel):
    customer_id: str


class Invoice(BaseModel):
    invoice_id: str
    amount: int


class Bill(BaseModel):
    customer_id: str
    total: int


class CrawlStore(BaseModel):
    cursor: int
    seen: int = 0


@node
def split(document: str) -> list[Part]:
    return [Part(text=text, number=number) for number, text in enumerate(document.split())]


@node
def count_words(text: str) -> int:
    return len(text.split())


@node
def total(counts: list[int]) -> int:
    return sum(counts)


@node
def customers(month: str) -> Iterator[Customer]:
    yield Customer(customer_id=month)


@node
def invoices(customer_id: str) -> list[Invoice]:
    return [Invoice(invoice_id=customer_id, amount=1)]


@node
def tax(amount: int) -> int:
    return amount


@node
def bill(customer_id: str, amounts: list[int]) -> Bill:
    return Bill(customer_id=customer_id, total=sum(amounts))


@node
def report(bills: list[Bill]) -> int:
    return len(bills)


@node
def clean(text: str) -> str:
    return text


@node
def pair(left: str, right: str) -> str:
    return left + right


@node
def load(path: str, limit: int = 10) -> Part:
    return Part(text=path, number=limit)


def mappings(template: GraphTemplate) -> dict[str, dict[str, Any]]:
    """Return every mapping of a template, in its order."""
    return {one.identifier: one.inputs for one in template.nodes}


def test_a_fanout_is_united_and_collected() -> None:
    graph = Graph("word-count")
    graph.connect(split, count_words)
    graph.connect(count_words, total, counts=collect(count_words.outputs)).unites(split)

    template = graph.compile()

    assert mappings(template) == {
        "split": {"document": "${{ inputs.document }}"},
        "count_words": {"text": "${{ split.outputs.text }}"},
        "total": {"counts": "${{ count_words.outputs.result }}"},
    }
    assert template.node("total").unites == Unites(identifier="split")
    assert [one.fans_out for one in template.nodes] == [True, False, False]


def test_nested_fanouts_are_united_level_by_level() -> None:
    graph = Graph("billing")
    graph.connect(customers, invoices)
    graph.connect(invoices, tax)
    graph.connect(tax, bill, customer_id=customers.outputs.customer_id, amounts=collect(tax.outputs)).unites(invoices)
    graph.connect(bill, report, bills=collect(bill.outputs)).unites(customers, strategy="ALL_DONE")

    template = graph.compile()

    assert [one.identifier for one in template.nodes] == ["customers", "invoices", "tax", "bill", "report"]
    assert template.node("report").unites == Unites(identifier="customers", strategy="ALL_DONE")
    assert template.node("report").inputs == {"bills": "${{ bill.outputs }}"}


def test_a_join_waits_within_one_output_of_the_nearest_common_ancestor() -> None:
    left, right = clean.named("left"), clean.named("right")
    graph = Graph("join")
    graph.connect(split, left)
    graph.connect(split, right)
    graph.connect((left, right), pair, left=left.outputs, right=right.outputs)

    template = graph.compile()

    assert template.node("pair").unites == Unites(identifier="split", per="output")
    assert template.node("split").next_nodes == ("left", "right")


def test_a_join_with_unites_waits_for_a_whole_execution() -> None:
    left, right = clean.named("left"), clean.named("right")
    graph = Graph("join")
    graph.connect(split, left)
    graph.connect(split, right)
    graph.connect((left, right), total, counts=[1]).unites(split)

    assert graph.compile().node("total").unites == Unites(identifier="split")


def test_arrivals_stand_in_the_order_given() -> None:
    zeta, alpha = clean.named("zeta"), clean.named("alpha")
    arrived = any_of_nodes(zeta, alpha)
    graph = Graph("arrivals")
    graph.connect(load, zeta)
    graph.connect(load, alpha)
    graph.connect(arrived, count_words, text=arrived.outputs)

    template = graph.compile()

    assert template.node("count_words").arrivals == ("zeta", "alpha")
    assert template.node("count_words").inputs == {"text": "${{ previous.outputs.result }}"}


def test_the_decorator_form_connects_the_node_below_it() -> None:
    graph = Graph("decorated")

    @graph.connect(split, text=split.outputs.text)
    @node
    def shout(text: str) -> str:
        return text.upper()

    @graph.connect(shout, lines=collect(shout.outputs)).unites(split)
    @node
    def join(lines: list[str]) -> str:
        return "".join(lines)

    template = graph.compile()

    assert template.node("shout").inputs == {"text": "${{ split.outputs.text }}"}
    assert template.node("join").unites == Unites(identifier="split")


def test_the_runs_inputs_are_what_start_leaves_open() -> None:
    graph = Graph("open")
    graph.start(load, path="a.txt")

    template = graph.compile()

    assert template.node("load").inputs == {"path": "a.txt", "limit": "${{ inputs.limit }}"}
    assert template.inputs_schema == {
        "type": "object",
        "properties": {"limit": {"type": "integer", "default": 10}},
        "additionalProperties": False,
    }


def test_a_model_types_the_runs_inputs() -> None:
    class Ask(BaseModel):
        path: str = Field(title="A path", description="where from")
        title: str = "none"

    graph = Graph("typed", inputs=Ask)
    graph.start(load)

    template = graph.compile()

    assert template.node("load").inputs == {"path": "${{ inputs.path }}"}
    assert template.inputs_schema == {
        "type": "object",
        "properties": {"path": {"type": "string"}, "title": {"type": "string", "default": "none"}},
        "required": ["path"],
    }


def test_the_store_is_read_by_reference_and_described() -> None:
    @node
    def keep(since: int, ctx: Context = inject(), store: Store[CrawlStore] = inject()) -> None:
        store.add("seen", since)

    graph = Graph("stored", store=CrawlStore, keep_store=True)
    graph.start(keep, since=graph.store.cursor)

    template = graph.compile()

    assert template.node("keep").inputs == {"since": "${{ store.cursor }}"}
    assert template.store_config.required_keys == ("cursor",)
    assert (template.store_config.default_values, template.keep_store) == ({"seen": 0}, True)


def test_secrets_are_names_of_variables_and_no_inputs() -> None:
    @node
    def ask(question: str, key: SecretStr = secret("llm_key"), other: SecretStr = NONE) -> str:
        return question

    graph = Graph("secret", secrets={"llm_key": env("LLM_KEY")})
    graph.start(ask)

    template = graph.compile()

    assert template.secrets == {"llm_key": "env:LLM_KEY"}
    assert template.node("ask").secrets == ("llm_key",)
    assert template.node("ask").inputs == {"question": "${{ inputs.question }}"}


def test_a_template_says_that_a_secret_is_stored_and_never_its_value() -> None:
    graph = Graph(
        "secret",
        secrets={"text": "hunter2", "hidden": SecretStr("hunter3"), "by_hand": stored(), "variable": env("KEY")},
    )
    graph.start(clean)

    template = graph.compile()

    assert template.secrets == {"by_hand": True, "hidden": True, "text": True, "variable": "env:KEY"}
    assert graph.secret_values == {"text": SecretStr("hunter2"), "hidden": SecretStr("hunter3")}
    assert "hunter" not in f"{vars(graph)}{template.canonical_json()}"


def test_another_value_of_a_secret_is_the_same_template() -> None:
    graphs = [Graph("secret", secrets={"key": value}) for value in ("one", "another")]
    for graph in graphs:
        graph.start(clean)

    assert graphs[0].compile().content_hash == graphs[1].compile().content_hash


def test_options_stand_in_the_template_where_they_differ() -> None:
    policy = RetryPolicy(max_retries=1, give_up_on=(ValueError,))

    @node(retry=policy, timeout=timedelta(seconds=1.5), executor="process")
    def slow(path: str) -> Part:
        return Part(text=path, number=1)

    graph = Graph("options", retry=RetryPolicy(strategy="FIXED"))
    graph.connect(slow, count_words.options(executor="thread"))

    first, second = graph.compile().nodes

    assert (first.retry_policy, first.timeout_ms, first.executor) == (policy, 1500, "process")
    assert (second.retry_policy, second.timeout_ms, second.executor) == (None, None, "thread")


def test_options_of_a_target_count_wherever_the_node_stands_without_them() -> None:
    graph = Graph("options")
    graph.connect(split, count_words.options(timeout=timedelta(seconds=1)))
    graph.connect(count_words, total, counts=collect(count_words.outputs)).unites(split)

    assert graph.compile().node("count_words").timeout_ms == 1000


def test_takes_is_a_mapping_of_its_own() -> None:
    graph = Graph("takes")
    graph.connect(split, pair.takes(split.outputs.text, right="!"))

    assert graph.compile().node("pair").inputs == {"left": "${{ split.outputs.text }}", "right": "!"}


def test_inputs_without_a_name_go_by_position() -> None:
    graph = Graph("positions")
    graph.connect(split, pair, split.outputs.text, f"#{split.outputs.number}")

    assert graph.compile().node("pair").inputs == {
        "left": "${{ split.outputs.text }}",
        "right": "#${{ split.outputs.number }}",
    }


def test_parameters_may_have_any_name() -> None:
    @node
    def odd(self_: str, source: str, target: str, graph: str, args: str) -> None:
        return None

    graph = Graph("names")
    graph.connect(split, odd, self_="a", source="b", target="c", graph="d", args="e")

    assert list(graph.compile().node("odd").inputs) == ["self_", "source", "target", "graph", "args"]


def test_literals_are_kept_as_json() -> None:
    @node
    def take(part: Part, numbers: list[int], flag: bool) -> None:
        return None

    graph = Graph("literals")
    graph.connect(split, take, part=Part(text="a", number=1), numbers=(1, 2), flag=True)  # type: ignore[call-overload]

    assert graph.compile().node("take").inputs == {
        "part": {"text": "a", "number": 1},
        "numbers": [1, 2],
        "flag": True,
    }


def test_schemas_lose_their_words_but_no_field_called_title() -> None:
    class Book(BaseModel):
        """A book."""

        title: str = Field(title="The title", description="words")
        description: list[Customer] = []

    @node
    def write(title: str) -> Book:
        return Book(title=title)

    graph = Graph("schemas")
    graph.start(write)

    assert graph.compile().node("write").outputs_schema == {
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "description": {"type": "array", "items": {"$ref": "#/$defs/Customer"}, "default": []},
        },
        "required": ["title"],
        "$defs": {
            "Customer": {
                "type": "object",
                "properties": {"customer_id": {"type": "string"}},
                "required": ["customer_id"],
            }
        },
    }


def test_a_model_that_holds_itself_has_its_fields_at_the_top() -> None:
    class Tree(BaseModel):
        name: str
        children: list["Tree"] = []

    @node
    def grow(name: str) -> Tree:
        return Tree(name=name)

    graph = Graph("trees")
    graph.connect(grow, clean, text=grow.outputs.name)

    schema = graph.compile().node("grow").outputs_schema

    assert schema is not None
    assert set(schema["properties"]) == {"name", "children"}


def test_equal_graphs_have_equal_templates() -> None:
    def made(*, swapped: bool) -> GraphTemplate:
        graph = Graph("same")
        for target in ("b", "a") if swapped else ("a", "b"):
            graph.connect(split, clean.named(target))
        return graph.compile()

    assert made(swapped=True) == made(swapped=False)
    assert made(swapped=True).content_hash == made(swapped=False).content_hash


def test_a_template_survives_json() -> None:
    graph = Graph("json", store=CrawlStore)
    graph.connect(split, clean)

    template = graph.compile()

    assert GraphTemplate.model_validate_json(template.canonical_json()) == template


def test_a_nodes_graph_lists_its_nodes() -> None:
    graph = Graph("nodes")
    graph.connect(split, clean)

    assert [one.identifier for one in graph.nodes] == ["split", "clean"]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda graph: graph.connect(len, split),
        lambda graph: graph.connect("split", clean),
        lambda graph: graph.connect((), clean),
        lambda graph: graph.connect(split, clean.takes(text="a"), text="b"),
        lambda graph: graph.connect(split, clean, "a", "b"),
        lambda graph: graph.connect(split, clean, "a", text="b"),
        lambda graph: graph.connect(split, clean).unites(split, strategy="ANY"),
        lambda graph: graph.connect(split, clean).unites(split).unites(split),
        lambda graph: any_of_nodes(split),
        lambda graph: clean.named("a b"),
        lambda graph: clean.options(timeout=timedelta(0)),
        lambda graph: Graph(" "),
        lambda graph: Graph("g", inputs=WRONG),
        lambda graph: Graph("g", secrets={"key": WRONG}),
        lambda graph: Graph("g", secrets={"key": ""}),
        lambda graph: Graph("g", secrets={"key": secret("key")}),
        lambda graph: Graph("g", secrets={" ": "value"}),
        lambda graph: secret(" "),
        lambda graph: env("A=B"),
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_stands(wrong: Any) -> None:
    with pytest.raises(DefinitionError):
        wrong(Graph("wrong"))


def test_a_described_node_is_what_a_template_by_hand_would_hold() -> None:
    graph = Graph("by-hand")
    graph.start(clean, text="a")

    assert graph.compile().nodes[0].model_dump(exclude_defaults=True) == NodeTemplate(
        node_name="clean",
        identifier="clean",
        inputs={"text": "a"},
        fans_out=False,
        inputs_schema={
            "type": "object",
            "properties": {"text": {"type": "string"}},
            "required": ["text"],
            "additionalProperties": False,
        },
        outputs_schema={
            "type": "object",
            "properties": {"result": {"type": "string"}},
            "required": ["result"],
            "additionalProperties": False,
        },
    ).model_dump(exclude_defaults=True)
