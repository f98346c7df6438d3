"""The trigger form: fields from the schema of a graph, what is typed into them, and the command that does the same."""

from __future__ import annotations

import json
import shlex
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field
from syrupy.assertion import SnapshotAssertion
from typer.testing import CliRunner

from exodsl import Graph, env, node
from exodsl.cli.app import app
from exodsl.errors import InputInvalid
from exodsl.manager.protocol import StateManager
from exodsl.template.models import GraphTemplate
from exodsl_tui.actions.fields import input_fields, secret_names, store_fields
from exodsl_tui.actions.form import Asked, Filled, Form, command_line, prefilled, read_inputs_file
from exodsl_tui.screens.base import InspectorScreen
from exodsl_tui.screens.trigger_form import TriggerForm
from tests.tui.conftest import Drive, Tui

SIZES = [(80, 24), (120, 40)]


class Box(BaseModel):
    """Something with parts."""

    width: int
    height: int = 1


class Kept(BaseModel):
    """A store."""

    seed: int
    step: int = 2


class Taken(BaseModel):
    """A value of every kind."""

    pages: Annotated[int, Field(ge=1, le=500, description="how many")]
    title: str
    lang: Literal["de", "en", "th"] = "en"
    deep: bool = False
    ratio: float = 0.5
    since: date | None = None
    tags: list[str] = []
    box: Box | None = None
    either: str | int = "a"


def made() -> GraphTemplate:
    @node
    def begin(title: str) -> str:
        return title

    graph = Graph("kinds", inputs=Taken, store=Kept, secrets={"llm_key": env("LLM_KEY")})
    graph.start(begin, title=graph.inputs.title)
    return graph.compile()


@pytest.fixture
def template() -> GraphTemplate:
    """A graph that takes a value of every kind, with a store and a secret."""
    return made()


@pytest.fixture
def form(template: GraphTemplate) -> Form:
    """Its form."""
    return Form(Asked(template, served=True))


NEEDED = {"pages": "7", "title": "All pages"}
STORE = {"seed": "1"}


def filled(**inputs: str) -> Filled:
    return Filled({**NEEDED, **inputs}, dict(STORE))


def test_fields_are_made_from_the_schema(template: GraphTemplate) -> None:
    found = [(field.name, field.kind, field.required, field.initial) for field in input_fields(template)]

    assert found == [
        ("pages", "integer", True, ""),
        ("title", "text", True, ""),
        ("lang", "choice", False, '"en"'),
        ("deep", "boolean", False, "false"),
        ("ratio", "number", False, "0.5"),
        ("since", "date", False, ""),
        ("tags", "json", False, "[]"),
        ("box", "json", False, ""),
        ("either", "json", False, '"a"'),
    ]
    assert [(field.name, field.required, field.initial) for field in store_fields(template)] == [
        ("seed", True, ""),
        ("step", False, "2"),
    ]


def test_secrets_are_named_and_never_asked_for(template: GraphTemplate) -> None:
    assert secret_names(template) == ("llm_key",)
    assert "llm_key" not in {field.name for field in (*input_fields(template), *store_fields(template))}


def test_only_what_differs_from_the_defaults_is_given(form: Form) -> None:
    wish = form.trigger(filled(lang='"en"', deep="false", ratio="0.5", tags="[]", since="", either='"a"'))

    assert wish.inputs == {"pages": 7, "title": "All pages"}
    assert wish.store == {"seed": 1}


def test_every_kind_is_read(form: Form) -> None:
    typed = {
        "lang": '"th"',
        "deep": "true",
        "ratio": "2",
        "since": "2027-01-31",
        "tags": '["a"]',
        "box": '{"width": 3}',
    }

    wish = form.trigger(Filled({**NEEDED, **typed, "either": "5"}, {"seed": "[1]", "step": "3"}, "10m", " k1 "))

    assert wish.inputs == {
        "pages": 7,
        "title": "All pages",
        "lang": "th",
        "deep": True,
        "ratio": 2,
        "since": "2027-01-31",
        "tags": ["a"],
        "box": {"width": 3},
        "either": 5,
    }
    assert (wish.store, wish.start_delay_ms, wish.idempotency_key) == ({"seed": [1], "step": 3}, 600_000, "k1")


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("pages", "many", "is no int: write a number"),
        ("pages", "501", "`pages`: 501 is greater than the maximum of 500"),
        ("pages", "1.5", "is not of type 'integer'"),
        ("since", "tomorrow", "Write it like 2027-01-31"),
        ("tags", "[1", "is no list[str]"),
        ("tags", "[1]", "is not of type 'string'"),
        ("box", '{"height": 1}', "is not valid under any of the given schemas"),
        ("ratio", "NaN", "is no float"),
    ],
)
def test_what_does_not_fit_is_told_for_the_field_alone(form: Form, name: str, typed: str, said: str) -> None:
    field = next(field for field in form.asked.inputs if field.name == name)

    with pytest.raises(InputInvalid) as caught:
        form.judge(field, typed)

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Filled({"pages": "7"}, dict(STORE)), 'needs the input "title"'),
        (Filled(dict(NEEDED)), 'needs the store key "seed"'),
        (Filled(dict(NEEDED), dict(STORE), "soon"), "is no length of time"),
    ],
)
def test_what_is_missing_is_told(form: Form, given: Filled, said: str) -> None:
    with pytest.raises(InputInvalid, match=said):
        form.trigger(given)


def test_the_command_line_starts_the_same_run(
    form: Form, manager: StateManager, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLM_KEY", "x")
    manager.upsert(form.asked.template)
    for typed in (
        {"title": "@home 'it is'", "box": '{"width": 3}'},
        {"either": "5", "tags": '["a b"]', "deep": "true"},
    ):
        wish = form.trigger(filled(**typed))
        line = command_line(form.asked, wish, str(database))

        answer = CliRunner().invoke(app, shlex.split(line)[1:], catch_exceptions=False)

        run = manager.run(answer.stdout.strip())
        assert run.inputs == manager.run(manager.trigger([wish])[0]).inputs
        assert run.inputs.items() >= wish.inputs.items()


def test_a_file_holds_the_inputs(form: Form, tmp_path: Path) -> None:
    file = tmp_path / "inputs.json"
    file.write_text(json.dumps({"pages": 3, "title": "x", "tags": ["a"], "since": None}))

    assert prefilled(form.asked.inputs, read_inputs_file(str(file))) == {
        "pages": "3",
        "title": "x",
        "tags": '["a"]',
        "since": "",
    }


@pytest.mark.parametrize(("text", "said"), [("[1]", "must hold a JSON object"), ("{", "is no JSON")])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "inputs.json"
    file.write_text(text)

    with pytest.raises(InputInvalid, match=said):
        read_inputs_file(str(file))


def test_inputs_that_the_graph_does_not_take_are_refused(form: Form) -> None:
    with pytest.raises(InputInvalid, match='There is no input "page"'):
        prefilled(form.asked.inputs, {"page": 1})


# On the screen


@pytest.fixture
def kinds(manager: StateManager, template: GraphTemplate, monkeypatch: pytest.MonkeyPatch) -> GraphTemplate:
    """The graph, stored."""
    monkeypatch.setenv("LLM_KEY", "x")
    manager.upsert(template)
    return template


async def opened(tui: Tui) -> TriggerForm:
    await tui.shows("kinds")
    await tui.press("T")
    await tui.until(lambda: isinstance(tui.app.screen, TriggerForm))
    await tui.shows("needs the input")
    found = tui.app.screen
    assert isinstance(found, TriggerForm)
    return found


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_form(drive: Drive, kinds: GraphTemplate, snapshot: SnapshotAssertion, size: tuple[int, int]) -> None:
    async def look(tui: Tui) -> None:
        await opened(tui)
        assert tui.text() == snapshot

    drive(look, link="graphs", size=size)


def test_the_form_in_plain_characters(drive: Drive, kinds: GraphTemplate, snapshot: SnapshotAssertion) -> None:
    async def look(tui: Tui) -> None:
        await opened(tui)
        assert tui.text().isascii()
        assert tui.text() == snapshot

    drive(look, link="graphs", ascii=True)


def test_a_field_is_judged_when_one_leaves_it(drive: Drive, kinds: GraphTemplate) -> None:
    async def look(tui: Tui) -> None:
        await opened(tui)
        await tui.press("9", "9", "9", "tab")
        await tui.shows("999 is greater than the")
        await tui.press("ctrl+s")
        assert isinstance(tui.app.screen, TriggerForm), "nothing is started while something is wrong"

    drive(look, link="graphs", size=(120, 40))


def test_a_file_is_loaded_with_its_path_completed(
    drive: Drive, kinds: GraphTemplate, manager: StateManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inputs.json").write_text(json.dumps({"pages": 3, "title": "x", "lang": "th", "deep": True}))

    async def look(tui: Tui) -> None:
        form = await opened(tui)
        await tui.press("ctrl+o")
        await tui.type("inp")
        await tui.press("tab", "enter")
        await tui.until(lambda: form.filled.inputs["pages"] == "3")
        assert {"title": "x", "lang": '"th"', "deep": "true"}.items() <= form.filled.inputs.items()
        await tui.shows("needs the store key")

    drive(look, link="graphs", size=(120, 40))


def test_the_inputs_of_an_earlier_run_are_taken(
    drive: Drive, kinds: GraphTemplate, form: Form, manager: StateManager
) -> None:
    manager.trigger([form.trigger(filled(tags='["a"]'))])

    async def look(tui: Tui) -> None:
        shown = await opened(tui)
        await tui.press("ctrl+e")
        await tui.shows("Inputs of which run?")
        await tui.press("enter")
        await tui.until(lambda: shown.filled.inputs["pages"] == "7")
        assert shown.filled.inputs["tags"] == '["a"]'

    drive(look, link="graphs")


def test_a_run_gives_its_inputs_to_the_next(
    drive: Drive, kinds: GraphTemplate, form: Form, manager: StateManager
) -> None:
    (before,) = manager.trigger([form.trigger(filled())])

    async def look(tui: Tui) -> None:
        await tui.shows("kinds")
        await tui.press("T")
        await tui.shows("All pages")
        assert "No runtime serves this graph" in tui.text()
        shown = tui.app.screen
        assert isinstance(shown, TriggerForm)
        next(shown._of("store")).typed = "1"
        await tui.press("ctrl+s")
        await tui.shows("is on its way")
        runs = [run.run_id for run in manager.runs().items]
        assert isinstance(tui.app.screen, InspectorScreen)
        assert len(runs) == 2
        assert manager.run(runs[0]).inputs == manager.run(before).inputs

    drive(look, size=(120, 40))


def test_without_a_graph_under_the_cursor_one_is_chosen(drive: Drive, kinds: GraphTemplate) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("T")
        await tui.shows("Trigger which graph?")
        await tui.press("enter")
        await tui.shows("Trigger default/kinds")

    drive(look)
