"""Drawings: every node once, every edge where it leads, and a picture that people can follow (semantics 4)."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from exodsl.template.checks import HARMLESS, check
from exodsl.template.drawings import as_dot, as_json, as_mermaid, as_text
from exodsl.template.models import GraphTemplate
from tests.template.strategies import templates

Draw = Callable[..., GraphTemplate]
Drawing = Callable[..., str]

PICTURES: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    "word-count": ("split* > count_words, count_words > total", {"total": "split"}, {}),
    "research": (
        "plan* > research, research > write, write > publish revise",
        {"write": "plan!"},
        {"write": {"node_name": "Write"}},
    ),
    "export": ("submit > poll, poll > download", {}, {}),
    "crawl": (
        "list_pages* > fetch, fetch > clean_body clean_title, clean_body clean_title > publish",
        {"publish": "list_pages"},
        {
            "list_pages": {"inputs": {"since": "${{ store.cursor }}"}},
            "fetch": {"inputs": {"url": "${{ list_pages.outputs.url }}"}},
            "clean_body": {"node_name": "clean", "inputs": {"text": "${{ fetch.outputs.html }}"}},
            "clean_title": {"node_name": "clean", "inputs": {"text": "title of ${{ fetch.outputs.url }}"}},
            "publish": {
                "inputs": {
                    "bodies": "${{ clean_body.outputs.result }}",
                    "titles": "${{ clean_title.outputs.result }}",
                    "seen": "${{ store.seen }}",
                }
            },
        },
    ),
    "billing": (
        "customers* > invoices*, invoices > tax, tax > bill, bill > report",
        {"bill": "invoices", "report": "customers"},
        {},
    ),
    "nested-fanouts": (
        "a* > b* aside, b > c*, c > left right, left right > d, d > e, b > also, also > e, e > f, f > g",
        {"d": "c/output", "e": "b", "f": "a!"},
        {},
    ),
    "diamond": (
        "load > left right, left > more, more right > join, join > publish",
        {"join": "load/output"},
        {},
    ),
    "diamond-in-a-fanout": (
        "load* > left right, left right > join, join > publish",
        {"join": "load/output", "publish": "load"},
        {},
    ),
    "per-arrival": (
        "load* > left right, left right > either, either > log keep, keep > total",
        {"total": "load"},
        {"either": {"arrivals": ["right", "left"], "inputs": {"x": "${{ previous.outputs.x }}"}}},
    ),
    "side-branches": ("a* > log b, b > audit trace c, audit > archive, c > metrics d", {}, {}),
    "shortcut": ("a > b d e, b > c, c > d, e > f, f > g g2", {"d": "a"}, {}),
    "two-unites-of-one-fanout": ("x* > a b, a > u, b > v, u v > w", {"u": "x", "v": "x", "w": "x"}, {}),
    "undeclared": ("splitter? > processor?, processor > merger?", {"merger": "splitter"}, {}),
    "nothing-between": ("split* > merge", {"merge": "split"}, {}),
}


@dataclass
class Stand:
    """What became of the states of a node."""

    total: int
    live: int = 0
    errored: int = 0
    next_created_error: int = 0
    pruned: int = 0
    retry_created: int = 0

    @property
    def success(self) -> int:
        """The rest."""
        others = (self.live, self.errored, self.next_created_error, self.pruned, self.retry_created)
        return self.total - sum(others)


CRAWLED = {
    "list_pages": Stand(240),
    "fetch": Stand(244, live=2, errored=6, next_created_error=1, pruned=1, retry_created=4),
    "clean_body": Stand(230, live=30),
    "clean_title": Stand(230),
    "publish": Stand(0),
}


@pytest.fixture
def picture(draw: Draw) -> Draw:
    """Return one of the templates above."""

    def made(name: str) -> GraphTemplate:
        arrows, unites, parts = PICTURES[name]
        return draw(arrows, unites=unites, parts=parts, name=name)

    return made


@pytest.mark.parametrize("name", PICTURES)
def test_the_pictures_are_of_templates_that_pass_the_checks(name: str, picture: Draw) -> None:
    codes = {finding.code for finding in check(picture(name))}

    assert codes - HARMLESS <= {"E131"}


@pytest.mark.parametrize("name", PICTURES)
def test_rails_show_what_runs_many_times_and_what_brings_it_together(
    name: str, picture: Draw, snapshot: SnapshotAssertion
) -> None:
    assert as_text(picture(name)) == snapshot


@pytest.mark.parametrize("name", PICTURES)
def test_the_edges_of_the_pictures_can_be_read_back(name: str, picture: Draw) -> None:
    assert edges_in(as_text(picture(name))) == edges_of(picture(name))


@pytest.mark.parametrize("name", ["crawl", "nested-fanouts", "per-arrival"])
def test_rails_can_be_drawn_in_ascii(name: str, picture: Draw, snapshot: SnapshotAssertion) -> None:
    drawn = as_text(picture(name), ascii=True)

    assert drawn.isascii()
    assert drawn == snapshot


@pytest.mark.parametrize("ascii", [False, True])
def test_counts_stand_beside_the_names_with_a_sign_for_what_did_not_succeed(
    ascii: bool, picture: Draw, snapshot: SnapshotAssertion
) -> None:
    assert as_text(picture("crawl"), CRAWLED, ascii=ascii) == snapshot


@pytest.mark.parametrize("counts", [None, CRAWLED], ids=["template", "run"])
@pytest.mark.parametrize("drawing", [as_mermaid, as_dot, as_json])
def test_other_forms_say_the_same(drawing: Drawing, counts: Any, picture: Draw, snapshot: SnapshotAssertion) -> None:
    assert drawing(picture("crawl"), counts) == snapshot


@pytest.mark.parametrize("name", PICTURES)
def test_mermaid_and_dot_know_the_same_shapes(name: str, picture: Draw, snapshot: SnapshotAssertion) -> None:
    template = picture(name)

    assert f"{as_mermaid(template)}\n{as_dot(template)}" == snapshot


def test_an_edge_in_json_has_the_inputs_that_read_its_source(picture: Draw) -> None:
    edges = json.loads(as_json(picture("per-arrival")))["edges"]
    mapped = {(edge["source"], edge["target"]): edge["mapping"] for edge in edges if edge["mapping"]}

    read = {"x": "${{ previous.outputs.x }}"}
    assert mapped == {("left", "either"): read, ("right", "either"): read}


def test_a_run_that_has_not_begun_is_drawn_without_numbers(picture: Draw) -> None:
    title, _, first, *_ = as_text(picture("export"), {}).splitlines()

    assert title == "export: 3 nodes, 0 of 0 states ended"
    assert first.split() == ["◉", "submit", "-"]


def test_names_that_mean_something_elsewhere_are_escaped(draw: Draw, snapshot: SnapshotAssertion) -> None:
    arrows = 'a > "q"[x](y)<b>&#35;|\\ ключ 日本 \x1b[31m'
    parts = {"a": {"node_name": '%%{init: {"theme": "dark"}}%%\n"'}}
    template = draw(arrows, parts=parts, name='of "names" \\ %%')

    assert as_text(template) == snapshot(name="text")
    assert as_mermaid(template) == snapshot(name="mermaid")
    assert as_dot(template) == snapshot(name="dot")


def test_ascii_holds_for_names_too(draw: Draw) -> None:
    assert "\\u043a" in as_text(draw("a > ключ"), ascii=True)


def test_long_notes_go_on_in_the_next_line_and_leave_the_rails_whole(draw: Draw) -> None:
    many = [f"source_number_{number}" for number in range(6)]
    arrows = f"a > {' '.join(many)} other, {' '.join(many)} > all, all other > end"
    drawn = as_text(draw(arrows, unites={"end": "a"})).splitlines()

    assert max(map(len, drawn)) <= 80
    [at] = [at for at, line in enumerate(drawn) if "once per arrival" in line]
    assert drawn[at + 1].lstrip("║│ ").startswith("source_number")
    assert edges_in("\n".join(drawn)) >= {("all", "end"), ("other", "end")}


def test_a_hundred_parallel_branches_take_one_column_each(draw: Draw) -> None:
    names = " ".join(f"b{number}" for number in range(100))
    template = draw(f"a* > {names}, {names} > all", unites={"all": "a"})
    drawn = as_text(template)

    assert edges_in(drawn) == edges_of(template)
    assert len(drawn.splitlines()) == 2 + 102 + 1


def test_side_branches_take_no_width(draw: Draw) -> None:
    template = draw("a > " + " ".join(f"b{number}" for number in range(100)))

    assert max(map(len, as_text(template).splitlines()[1:])) == len("├─◉  b99")


# --- any valid template ---------------------------------------------------------------------------


@settings(deadline=None)
@given(templates())
def test_every_node_stands_in_exactly_one_row(template: GraphTemplate) -> None:
    drawn = sorted(name for _, _, name in marks(as_text(template)))

    assert drawn == sorted(node.identifier for node in template.nodes)


@settings(deadline=None)
@given(templates())
def test_a_node_stands_below_all_that_lead_to_it(template: GraphTemplate) -> None:
    rows = {name: row for row, _, name in marks(as_text(template))}

    assert all(rows[source] < rows[target] for source, target in edges_of(template))


@settings(deadline=None)
@given(templates())
def test_the_edges_can_be_read_back_from_the_rails(template: GraphTemplate) -> None:
    assert edges_in(as_text(template)) == edges_of(template)


@settings(deadline=None)
@given(templates(), st.booleans())
def test_every_valid_template_can_be_drawn_in_every_form(template: GraphTemplate, begun: bool) -> None:
    counts = {node.identifier: Stand(3, live=1, errored=1) for node in template.nodes[: 3 * begun]}

    assert as_text(template, counts, ascii=True).isascii()
    assert as_mermaid(template, counts).count("\n    n") >= len(template.nodes)
    assert as_dot(template, counts).count(" [label=") == len(template.nodes)
    assert len(json.loads(as_json(template, counts))["nodes"]) == len(template.nodes)


@settings(deadline=None)
@given(templates(), st.randoms(use_true_random=False))
def test_the_order_of_names_in_a_mapping_of_counts_changes_nothing(template: GraphTemplate, random: Any) -> None:
    counts = {node.identifier: Stand(2, pruned=1) for node in template.nodes}
    shuffled = dict(random.sample(sorted(counts.items()), len(counts)))

    assert as_text(template, shuffled) == as_text(template, counts)


# --- a reader of rails, who knows nothing of how they were drawn -------------------------------------

MARKS = "◉⊛⊞"
TURNS = {  # where a line goes on that enters a character from above, from the left, from the right
    **dict.fromkeys("│║", ("d", "r", "l")),
    **dict.fromkeys("─═", ("", "r", "l")),
    **dict.fromkeys("├╠╞╟", ("dr", "", "")),
    **dict.fromkeys("╰╚╘╙", ("r", "", "")),
    **dict.fromkeys("╯╝╛╜", ("l", "", "")),
    **dict.fromkeys("┴╩╧╨", ("l", "", "l")),
    **dict.fromkeys("┬╦╤╥", ("", "dr", "")),
    **dict.fromkeys("╮╗╕╖", ("", "d", "")),
}


def marks(text: str) -> Iterator[tuple[int, int, str]]:
    """Give row, column and identifier of each node."""
    for at, line in enumerate(text.splitlines()):
        for column, char in enumerate(line):
            if char in MARKS:
                yield at, column, next(word for word in line.split() if word.isidentifier())


def edges_in(text: str) -> set[tuple[str, str]]:
    """Follow the lines of a drawing, from each node to those that they end at."""
    lines = text.splitlines()
    names = {(at, column): name for at, column, name in marks(text)}
    found: set[tuple[str, str]] = set()
    for (at, column), name in names.items():
        ahead = [(at + 1, column, "d")]
        while ahead:
            at, column, way = ahead.pop()
            char = lines[at][column] if at < len(lines) and column < len(lines[at]) else " "
            if (at, column) in names:
                tapped = column > 0 and lines[at][column - 1] in "─═├╠╰╚"
                if way != "d" or not tapped:
                    found.add((name, names[at, column]))
                continue
            for turn in TURNS.get(char, ("", "", ""))["drl".index(way)]:
                step = {"d": (1, 0), "r": (0, 1), "l": (0, -1)}[turn]
                ahead.append((at + step[0], column + step[1], turn))
    return found


def edges_of(template: GraphTemplate) -> set[tuple[str, str]]:
    """Return the edges of a template."""
    return {(node.identifier, child) for node in template.nodes for child in node.next_nodes}
