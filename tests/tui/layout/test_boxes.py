"""Boxes: nothing lies on anything else, and every line leads from a node to what follows it."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from exodsl_tui.layout.boxes import Box, Picture, picture
from exodsl_tui.layout.layers import Layers
from exodsl_tui.layout.wires import Arms, Cell

Followers = dict[str, tuple[str, ...]]
few = settings(max_examples=40, deadline=None)


@st.composite
def graphs(draw: st.DrawFn) -> Followers:
    """Draw a graph without cycles in which everything is reached from the first node."""
    count = draw(st.integers(1, 24))
    followers: dict[str, list[str]] = {f"n{number}": [] for number in range(count)}
    for number in range(1, count):
        sources = draw(st.sets(st.integers(max(0, number - 9), number - 1), min_size=1, max_size=4))
        for source in sorted(sources):
            followers[f"n{source}"].append(f"n{number}")
    return {name: tuple(targets) for name, targets in followers.items()}


def drawn(followers: Followers, width: int = 12) -> Picture:
    return picture(followers, {name: width + len(name) for name in followers})


def inner(box: Box) -> set[Cell]:
    return {(x, y) for x in range(box.x, box.x + box.width) for y in range(box.y, box.y + box.height)}


def led_to(shown: Picture, source: Box) -> set[str]:
    """Follow a box's line by what is seen of it; a line that another one goes over is found behind that."""
    assert source.outlet is not None
    found, seen, ahead = set[str](), set[Cell](), [(source.outlet, source.y + source.height)]
    while ahead:
        at = ahead.pop()
        arms = shown.wires.get(at)
        if at in seen or arms is None or source.name not in arms.sources:
            continue
        seen.add(at)
        below = shown.at(at[0], at[1] + 1)
        if arms.down and below is not None:
            assert shown.boxes[below].inlet == at[0]
            found.add(below)
        ahead += onward(shown.wires, at, arms, source.name)
    return found


def onward(wires: Mapping[Cell, Arms], at: Cell, arms: Arms, name: str) -> list[Cell]:
    x, y = at
    found = [(x, y + 1)] if arms.down else []
    for step, goes in ((-1, arms.left), (1, arms.right)):
        if goes:
            x_behind = x + step
            while (there := wires.get((x_behind, y))) and there.upright and name not in there.sources:
                x_behind += step
            found.append((x_behind, y))
    return found


@few
@given(graphs(), st.integers(1, 30))
def test_boxes_stand_apart_inside_the_picture_and_no_line_lies_under_one(followers: Followers, width: int) -> None:
    shown = drawn(followers, width)
    taken = [cell for box in shown.boxes.values() for cell in inner(box)]

    assert len(taken) == len(set(taken))
    assert not shown.wires.keys() & set(taken)
    assert all(0 <= x < shown.width and 0 <= y < shown.height for x, y in (*taken, *shown.wires))


@few
@given(graphs(), st.integers(1, 30))
def test_the_line_of_a_node_leads_to_exactly_what_follows_it(followers: Followers, width: int) -> None:
    shown = drawn(followers, width)

    led = {name: led_to(shown, box) for name, box in shown.boxes.items() if box.outlet is not None}
    assert led == {name: set(targets) for name, targets in followers.items() if targets}


@few
@given(graphs())
def test_lines_that_share_a_cell_lead_to_one_node(followers: Followers) -> None:
    shown = drawn(followers)

    for arms in shown.wires.values():
        assert set.intersection(*(set(followers[name]) for name in arms.sources))


@few
@given(graphs())
def test_every_node_stands_below_all_that_leads_to_it(followers: Followers) -> None:
    shown = drawn(followers)

    edges = [(source, target) for source, targets in followers.items() for target in targets]
    assert all(shown.boxes[source].y < shown.boxes[target].y for source, target in edges)


@few
@given(graphs())
def test_the_same_graph_gives_the_same_picture(followers: Followers) -> None:
    assert drawn(followers) == drawn(dict(followers))


def test_a_chain_stands_straight() -> None:
    shown = drawn({"a": ("b",), "b": ("longer-name",), "longer-name": ("c",), "c": ()})

    assert all(arms.upright and not arms.left and not arms.right for arms in shown.wires.values())


def test_the_lines_of_many_states_are_double() -> None:
    shown = picture({"split": ("work",), "work": ()}, {"split": 9, "work": 9}, {"split"})

    assert {arms.down for arms in shown.wires.values()} == {2}


def test_the_order_of_a_layer_lets_no_lines_cross_that_need_not() -> None:
    crossed = {"a": ("left", "right"), "left": ("two",), "right": ("one",), "one": (), "two": ()}

    assert Layers.of(crossed).crossings == 0


def test_a_point_of_the_picture_is_that_of_a_box_or_of_none() -> None:
    shown = drawn({"a": ("b",), "b": ()})
    box = shown.boxes["b"]

    assert shown.at(box.x, box.y) == "b"
    assert shown.at(box.x, box.y - 1) is None


def test_an_empty_graph_is_an_empty_picture() -> None:
    assert picture({}, {}) == Picture(0, 0, {}, {})
