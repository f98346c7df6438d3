"""What a run is given is judged before the run exists."""

from datetime import date

import pytest
from pydantic import BaseModel, Field

from exodsl import BaseNode, Graph, InputInvalid, node
from exodsl.manager.protocol import StateManager as Manager


class Ask(BaseModel):
    topic: str
    depth: int = Field(default=3, gt=0)
    since: date | None = None


class Shop(BaseModel):
    currency: str
    seen: int = 0


@node
def plan(topic: str, depth: int, since: date | None) -> str:
    return f"{topic} {depth} {since}"


@node
def add(left: int, right: int = 1) -> int:
    return left + right


@node
def reserved(store: str, db: int, workers: int) -> str:
    return f"{store} {db} {workers}"


class Write(BaseNode):
    class Inputs(BaseModel):
        text: str

    class Outputs(BaseModel):
        size: int

    async def execute(self) -> Outputs:
        return self.Outputs(size=len(self.inputs.text))


@pytest.fixture
def ask() -> Graph[Ask]:
    """A graph whose inputs are a model."""
    graph = Graph("ask", inputs=Ask)
    graph.start(plan, topic=graph.inputs.topic, depth=graph.inputs.depth, since=graph.inputs.since)
    return graph


@pytest.fixture
def sums() -> Graph:
    """A graph whose inputs are the parameters of its root."""
    graph = Graph("sums")
    graph.start(add)
    return graph


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        (Ask(topic="tea", since=date(2026, 1, 2)), {}),
        ({"topic": "tea", "since": date(2026, 1, 2)}, {}),
        ({"topic": "tea", "since": "2026-01-02"}, {}),
        (None, {"topic": "tea", "since": date(2026, 1, 2)}),
        ({"topic": "tea"}, {"since": "2026-01-02"}),
    ],
    ids=["model", "mapping", "texts", "fields", "both"],
)
def test_inputs_may_be_a_model_a_mapping_or_fields(
    ask: Graph[Ask], manager: Manager, given: object, fields: dict
) -> None:
    run = ask.run(given, db=manager, **fields)  # type: ignore[arg-type]

    assert run.output(plan) == "tea 3 2026-01-02"


def test_defaults_of_the_model_are_kept_on_the_run(ask: Graph[Ask], manager: Manager) -> None:
    run = ask.run(topic="tea", db=manager)

    assert run.view.inputs == {"topic": "tea", "depth": 3, "since": None}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"topik": "tea"}, r'Graph "ask" has no input "topik"\. It has: topic, depth, since\. Did you mean "topic"\?'),
        ({}, r'Graph "ask" cannot take these inputs: `topic`: Field required'),
        ({"topic": "tea", "depth": 0}, "`depth`: Input should be greater than 0"),
        ({"topic": "tea", "depth": object()}, 'The inputs for graph "ask" cannot be stored as JSON'),
    ],
    ids=["unknown", "missing", "refused", "no JSON"],
)
def test_inputs_that_do_not_fit_the_model_make_no_run(
    ask: Graph[Ask], manager: Manager, fields: dict, message: str
) -> None:
    with pytest.raises(InputInvalid, match=message):
        ask.run(db=manager, **fields)

    assert manager.runs().items == ()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lefft": 1}, r'Graph "sums" has no input "lefft"\. It has: left, right\. Did you mean "left"\?'),
        ({}, "left"),
        ({"left": "many"}, "`left`: Input should be a valid integer"),
        ({"left": float("nan")}, "left"),
    ],
    ids=["unknown", "missing", "wrong type", "no JSON number"],
)
def test_inputs_that_do_not_fit_the_root_make_no_run(sums: Graph, manager: Manager, fields: dict, message: str) -> None:
    with pytest.raises(InputInvalid, match=message):
        sums.run(db=manager, **fields)

    assert manager.runs().items == ()


def test_an_input_of_a_class_node_that_does_not_fit_makes_no_run(manager: Manager) -> None:
    graph = Graph("class")
    graph.start(Write)

    with pytest.raises(InputInvalid, match="text"):
        graph.run(text=["no", "text"], db=manager)

    assert manager.runs().items == ()


def test_an_input_that_start_leaves_open_is_judged_too(manager: Manager) -> None:
    graph = Graph("partly")
    graph.start(add, right=10)  # type: ignore[call-overload]

    with pytest.raises(InputInvalid, match="`left`: Input should be a valid integer"):
        graph.run(left="many", db=manager)
    with pytest.raises(InputInvalid, match="left"):
        graph.run(db=manager)

    assert graph.run(left=1, db=manager).output(add) == 11


def test_the_default_of_a_parameter_applies(sums: Graph, manager: Manager) -> None:
    assert sums.run(left=4, db=manager).output(add) == 5


def test_inputs_called_like_an_option_go_into_the_mapping(manager: Manager) -> None:
    graph = Graph("options")
    graph.start(reserved)

    run = graph.run({"store": "a", "db": 2, "workers": 3}, db=manager)

    assert run.output(reserved) == "a 2 3"


@pytest.mark.parametrize("given", ["a b", 5, ["a"]])
def test_an_input_without_a_name_is_refused_with_how_to_write_it(ask: Graph[Ask], sums: Graph, given: object) -> None:
    with pytest.raises(InputInvalid) as caught:
        sums.run(given, db=":memory:")  # type: ignore[arg-type]
    with pytest.raises(InputInvalid, match=r"`graph\.run\(topic="):
        ask.run(given, db=":memory:")  # type: ignore[arg-type]

    assert str(caught.value) == f'Graph "sums" takes its inputs by name. Write `graph.run(left={given!r})`.'


def test_an_input_given_twice_is_refused(sums: Graph, manager: Manager) -> None:
    with pytest.raises(InputInvalid, match='given the input "left" twice'):
        sums.run({"left": 1}, left=2, db=manager)


@pytest.mark.parametrize("given", [Shop(currency="EUR"), {"currency": "EUR"}], ids=["model", "mapping"])
def test_store_values_may_be_a_model_or_a_mapping(manager: Manager, given: object) -> None:
    graph = Graph("shop", store=Shop, keep_store=True)
    graph.start(add)

    run = graph.run(left=1, store=given, db=manager)  # type: ignore[arg-type]

    assert run.store() == {"currency": "EUR", "seen": 0}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "currency"),
        ({"currency": "EUR", "sene": 1}, r'has no store key "sene"\. It has: currency, seen\. Did you mean "seen"\?'),
        ({"currency": "EUR", "seen": "often"}, "`seen`: Input should be a valid integer"),
    ],
    ids=["missing", "unknown", "wrong type"],
)
def test_store_values_that_do_not_fit_make_no_run(manager: Manager, given: object, message: str) -> None:
    graph = Graph("shop", store=Shop)
    graph.start(add)

    with pytest.raises(InputInvalid, match=message):
        graph.run(left=1, store=given, db=manager)  # type: ignore[arg-type]

    assert manager.runs().items == ()
