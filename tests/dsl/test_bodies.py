"""A body takes JSON text and gives JSON texts: validated once on the way in, once on the way out."""

import logging
import math
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, cast

import pytest
from pydantic import BaseModel, Field, RootModel, SecretStr, computed_field, field_serializer
from typing_extensions import TypedDict

from exodsl import Context, Store, current_run, inject, node, secret
from exodsl.dsl import Injected
from exodsl.errors import DefinitionError, InputInvalid, OutputInvalid

Run = Callable[..., list[Any]]


class Part(BaseModel):
    text: str
    number: float = 0


class Cursor(BaseModel):
    cursor: int = 0


def test_a_plain_value_stands_in_a_field_called_result(run: Run) -> None:
    @node
    def double(x: int) -> int:
        return 2 * x

    assert run(double, x=4) == [{"result": 8}]


def test_a_model_gives_its_fields(run: Run) -> None:
    @node
    async def cut(text: str) -> Part:
        return Part(text=text[:1])

    assert run(cut, text="abc") == [{"text": "a", "number": 0}]


def test_a_dataclass_gives_its_fields_and_comes_back_as_one(run: Run) -> None:
    @dataclass
    class Size:
        width: int

    @node
    def measure() -> Size:
        return Size(3)

    assert run(measure) == [{"width": 3}]
    assert measure.body.load_output({"width": 3}) == Size(3)


def test_a_list_is_a_fanout_in_order(run: Run) -> None:
    @node
    def split(text: str) -> list[Part]:
        return [Part(text=one) for one in text]

    assert [output["text"] for output in run(split, text="abc")] == ["a", "b", "c"]
    assert split.body.fans_out is True


def test_an_iterator_is_a_fanout(run: Run) -> None:
    @node
    def count(to: int) -> Iterator[int]:
        yield from range(to)

    assert run(count, to=2) == [{"result": 0}, {"result": 1}]


def test_an_async_iterator_is_a_fanout(run: Run) -> None:
    @node
    async def count(to: int) -> AsyncIterator[int]:
        for number in range(to):
            yield number

    assert run(count, to=2) == [{"result": 0}, {"result": 1}]
    assert (count.body.style, count.body.fans_out) == ("async", True)


def test_an_empty_fanout_gives_nothing(run: Run) -> None:
    @node
    def none() -> list[int]:
        return []

    assert run(none) == []


def test_none_is_one_output_without_fields(run: Run) -> None:
    @node
    def act(x: int) -> None:
        return None

    assert run(act, x=1) == [{}]


def test_a_nullable_value_a_dict_and_a_typed_dict_are_one_value(run: Run) -> None:
    class Point(TypedDict):
        x: int

    @node
    def maybe() -> Part | None:
        return None

    @node
    def table() -> dict[str, int]:
        return {"a": 1}

    @node
    def point() -> Point:
        return {"x": 1}

    assert run(maybe) + run(table) + run(point) == [
        {"result": None},
        {"result": {"a": 1}},
        {"result": {"x": 1}},
    ]


def test_a_default_applies_where_an_input_is_left_out(run: Run) -> None:
    @node
    def add(x: int, y: int = 10) -> int:
        return x + y

    assert run(add, x=1) + run(add, x=1, y=2) == [{"result": 11}, {"result": 3}]


def test_inputs_become_models_under_the_names_of_their_fields(run: Run) -> None:
    class Item(BaseModel):
        page_url: str = Field(alias="pageUrl")

    @node
    def show(item: Item) -> str:
        return item.page_url

    assert run(show, item={"page_url": "a"}) + run(show, item={"pageUrl": "b"}) == [
        {"result": "a"},
        {"result": "b"},
    ]


@pytest.mark.parametrize(("inputs", "said"), [({"x": "no"}, "`x`"), ({}, "`x`"), ({"x": 1, "z": 1}, "`z`")])
def test_inputs_that_do_not_fit_are_refused_by_name(run: Run, inputs: dict[str, Any], said: str) -> None:
    @node
    def double(x: int) -> int:
        return 2 * x

    with pytest.raises(InputInvalid, match=f'Node "double" cannot take its inputs: {said}'):
        run(double, **inputs)


def _one(value: Any) -> Any:
    def one() -> int:
        return value

    return one


def _many(value: Any) -> Any:
    def many() -> list[int]:
        return value

    return many


def _nothing(value: Any) -> Any:
    def nothing() -> None:
        return value

    return nothing


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (
            _one([1, 2, 3]),
            (
                "declared one output, `int`, returned a list of 3. For a fanout, annotate `-> list[int]`;"
                " for one value, put the list in a field of a model."
            ),
        ),
        (
            _one(None),
            "declared one output, `int`, returned None. Is a `return` missing? What may be missing is `-> int | None`.",
        ),
        (_one("5"), "declared one output, `int`, returned a str. Return an int, or annotate `-> str`."),
        (
            _many(1),
            "declared a fanout, `list[int]`, returned an int. Write `return [value]`, or annotate `-> int`.",
        ),
        (_many((1, 2)), "declared a fanout, `list[int]`, returned a tuple. Write `return list(value)`."),
        (
            _many(None),
            "declared a fanout, `list[int]`, returned None. Is a `return` missing? An empty fanout is `[]`.",
        ),
        (
            _many([1, "2"]),
            (
                "declared a fanout, `list[int]`, gave a str as one of its outputs:"
                " `result`: Input should be a valid integer."
            ),
        ),
        (_nothing(5), "declared no output, returned an int. Annotate `-> int`, or return nothing."),
        (_nothing([5]), "declared no output, returned a list of 1. Annotate `-> list[int]`, or return nothing."),
    ],
)
def test_an_output_that_is_not_declared_is_refused_with_place_and_cure(run: Run, function: Any, said: str) -> None:
    made = node(function)

    with pytest.raises(OutputInvalid) as caught:
        run(made)

    assert str(caught.value) == f'Node "{function.__name__}" {said} ({made.body.place})'
    assert "test_bodies.py:" in made.body.place


def test_a_part_of_another_type_is_named(run: Run) -> None:
    @node
    def cut() -> Part:
        return {"text": 5}  # type: ignore[return-value]

    with pytest.raises(
        OutputInvalid, match=r"`Part`, returned a dict: `text`: Input should be a valid string\. \(.*:\d+\)"
    ):
        run(cut)


def test_what_is_no_json_is_named_with_its_key(run: Run) -> None:
    @dataclass
    class Tool:
        use: Any

    @node
    def deep() -> dict[str, Any]:
        return {"set": {1, 2}, "list": ["a", Tool(use=lambda: 1)]}

    with pytest.raises(
        OutputInvalid, match=r"gave a function at `result\.list\.1\.use`, which cannot be stored as JSON"
    ):
        run(deep)


def test_a_value_that_holds_itself_is_refused(run: Run) -> None:
    @node
    def turn() -> dict[str, Any]:
        ring: dict[str, Any] = {}
        ring["again"] = ring
        return ring

    with pytest.raises(OutputInvalid, match=r'Node "turn" declared .*(?i:circular)'):
        run(turn)


class Narrow(Part):
    """Holds what is written in a way of its own."""

    @field_serializer("text")
    def _spell(self, text: str) -> int:
        return text  # type: ignore[return-value]


@pytest.mark.parametrize(("kind", "text"), [(Part, 5), (Narrow, "five")])
def test_a_model_changed_into_what_it_does_not_allow_is_refused(run: Run, kind: Any, text: Any) -> None:
    @node
    def cut() -> kind:  # pyright: ignore[reportInvalidTypeForm] - one test for several types
        return kind.model_construct(text=text)

    with pytest.raises(OutputInvalid, match=f"`{kind.__name__}`"):
        run(cut)


class Open(BaseModel, extra="allow"):
    """Has fields that nobody declared."""


class Inner(BaseModel):
    type: Literal["inner"] = "inner"
    numbers: dict[str, list[float | None]]


class Outer(BaseModel):
    metadata: tuple[int, Inner]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Open, Open.model_validate({"hidden": math.nan})),
        (Outer, Outer(metadata=(1, Inner(numbers={"a": [None, math.inf]})))),
        (RootModel[list[Any]], RootModel[list[Any]]([1, {"a": math.nan}])),
    ],
)
def test_numbers_that_json_does_not_have_are_found_wherever_they_hide(run: Run, kind: Any, value: Any) -> None:
    @node
    def say() -> kind:  # pyright: ignore[reportInvalidTypeForm] - one test for several types
        return value

    with pytest.raises(OutputInvalid, match="JSON"):
        run(say)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_does_not_have_is_refused_with_its_field(run: Run, number: float) -> None:
    @node
    def cut() -> Part:
        return Part(text="NaN", number=number)

    with pytest.raises(OutputInvalid, match=r'Node "cut" gave .* in output `number`'):
        run(cut)


def test_such_a_number_is_found_inside_of_anything(run: Run) -> None:
    @node
    def deep() -> dict[str, Any]:
        return {"a": [1, {"b": math.nan}]}

    with pytest.raises(OutputInvalid, match=r"in output `result.a.1.b`"):
        run(deep)


def test_text_and_null_are_no_numbers(run: Run) -> None:
    @node
    def say() -> dict[str, str | None]:
        return {"a": "NaN null Infinity", "b": None}

    assert run(say) == [{"result": {"a": "NaN null Infinity", "b": None}}]


def test_a_context_store_and_secret_are_injected(run: Run, injected: Injected) -> None:
    @node
    def use(
        x: int,
        ctx: Context = inject(),
        store: Store[Cursor] = inject(),
        key: SecretStr = secret("llm_key"),
    ) -> str:
        store.add("cursor", x)
        return f"{ctx.run_id} {store.read().cursor} {len(key.get_secret_value())} {key}"

    assert run(use, x=4) == [{"result": "run-1 7 6 **********"}]
    assert injected.store.writes == (("add", "cursor", 4),)


def test_a_secret_without_a_marker_has_the_name_of_its_parameter(run: Run) -> None:
    @node
    def use(llm_key: SecretStr) -> int:
        return len(llm_key.get_secret_value())

    assert run(use) == [{"result": 6}]


def test_a_missing_secret_is_named_with_its_cure(run: Run) -> None:
    @node
    def use(key: SecretStr = secret("other_key")) -> None:
        return None

    with pytest.raises(DefinitionError, match=r'needs the secret "other_key".*env\("VARIABLE"\)'):
        run(use)


def test_current_run_is_the_context_of_the_body_that_runs(run: Run) -> None:
    @node
    async def where() -> str:
        return f"{current_run().identifier} {current_run().retry_count}"

    assert run(where) == [{"result": "here 2"}]
    with pytest.raises(DefinitionError, match=r"only inside a body"):
        current_run()


def test_the_last_progress_can_be_asked_for() -> None:
    ctx = Context("r", "n")
    assert ctx.last_progress is None

    ctx.progress(1, 2, "half")

    assert str(ctx.last_progress) == "Progress(done=1, total=2, note='half')"


def test_progress_takes_any_kind_of_number() -> None:
    ctx, three_halves = Context("r", "n"), cast("float", Fraction(3, 2))

    ctx.progress(three_halves, 10**9)

    assert str(ctx.last_progress) == "Progress(done=1.5, total=1000000000, note='')"


@pytest.mark.parametrize("amount", [-1, math.nan, math.inf, pytest.param(10**400, id="huge"), "3", True, None])
def test_progress_that_is_no_number_from_0_on_is_refused(amount: Any) -> None:
    ctx = Context("r", "n")

    with pytest.raises(DefinitionError, match=r"^ctx\.progress\(done=.* says nothing: give a finite"):
        ctx.progress(amount)
    assert ctx.last_progress is None


def test_the_logger_of_a_unit_test_is_an_ordinary_one() -> None:
    assert Context("r", "n").log is logging.getLogger("exodsl.node")


def test_outputs_come_back_as_what_the_body_gave(run: Run) -> None:
    class Box(BaseModel):
        side: int

        @computed_field  # type: ignore[prop-decorator]
        @property
        def area(self) -> int:
            return self.side**2

        model_config = {"extra": "forbid"}

    @node
    def pack() -> Box:
        return Box(side=2)

    (output,) = run(pack)

    assert output == {"side": 2, "area": 4}
    assert pack.body.load_output(output) == Box(side=2)


def test_an_error_of_the_body_passes_as_it_is(run: Run) -> None:
    @node
    def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        run(fail)
