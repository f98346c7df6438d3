"""A graph as boxes with lines between them; what a box says changes, where it stands does not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from exodsl.template.drawings import Scene
from exodsl.template.drawings.strokes import Pen
from exodsl_tui.layout.boxes import Box, Picture, picture
from exodsl_tui.signs import Pieces, Signs, Tone
from exodsl_tui.standing import Stand, progress, sign_of, width_of
from exodsl_tui.themes import over
from exodsl_tui.widgets.painted import Painted
from exodsl_tui.words import fitted, piece_width, plain

INSIDE, WIDEST = 14, 24
"""Columns inside a box, at least and at most."""
_BORDERS = {False: "╭─╮│╰╯┴┬", True: "+-+|++++"}
"""Upper left, level, upper right, upright, lower left and right, where lines come in, where they leave."""


class Boxes(Painted):
    """The boxes of a graph; the cursor goes along the lines."""

    DEFAULT_CSS = """
    Boxes { height: 1fr; background: $background; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1; }
    """
    HELP = (
        "The graph as boxes. Up and down follow the lines, left and right go to the neighbours in a layer."
        " Enter opens the states of the node, or the gate of a unite; double lines stand for many states."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "pick", "Open", key_display="enter", id="boxes.open"),
        Binding("up,k", "along(-1)", "To what leads here", show=False, id="boxes.before"),
        Binding("down,j", "along(1)", "To what follows", show=False, id="boxes.behind"),
        Binding("left", "beside(-1)", "To the left", show=False, id="boxes.left"),
        Binding("right", "beside(1)", "To the right", show=False, id="boxes.right"),
        Binding("g,home", "first", "First node", show=False, id="boxes.first"),
        Binding("G,end", "last", "Last node", show=False, id="boxes.last"),
        Binding("n", "failure(1)", "Next failure", show=False, id="boxes.next-failure"),
        Binding("N", "failure(-1)", "Previous failure", show=False, id="boxes.previous-failure"),
    ]

    class Picked(Message):
        """A box was opened."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class Moved(Message):
        """The cursor is on another box."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, *, signs: Signs, id: str | None = None) -> None:
        super().__init__(id=id)
        self.signs = signs
        self.cursor = ""
        self._picture = Picture(0, 0, {}, {})
        self._scene: Scene | None = None
        self._stands: Mapping[str, Stand] = {}
        self._wires: dict[int, list[tuple[int, str, frozenset[str]]]] = {}
        self._rows: dict[int, list[Box]] = {}

    # What is shown

    def lay_out(self, scene: Scene) -> None:
        """Take over a graph: the one costly step, once for each version of it."""
        self._scene = scene
        structure = scene.structure
        names = structure.shape.order
        followers = {name: structure.nodes[name].next_nodes for name in names}
        widths = {name: min(max(cell_len(plain(name)) + 2, INSIDE), WIDEST) + 2 for name in names}
        self._picture = picture(followers, widths, {name for name in names if scene.many(name)})
        self._wires = _runs(self._picture, Pen(self.signs.ascii, gap=False))
        self._rows = defaultdict(list)
        for box in self._picture.boxes.values():
            for y in range(box.y, box.y + box.height):
                self._rows[y].append(box)
        if self.cursor not in self._picture.boxes:
            self.cursor = names[0]
        self.virtual_size = Size(self._picture.width, self._picture.height)
        self.redraw()

    def show(self, stands: Iterable[Stand]) -> None:
        """Show how the nodes stand now."""
        self._stands = {stand.name: stand for stand in stands}
        self.repaint()

    # Moving

    def move_to(self, name: str) -> None:
        """Put the cursor on a node, and its box into sight."""
        if name not in self._picture.boxes:
            return
        self.cursor = name
        box = self._picture.boxes[name]
        self.scroll_to_region(Region(box.x, box.y, box.width, box.height), animate=False, immediate=True)
        self.repaint()
        self.post_message(self.Moved(name))

    def action_along(self, by: int) -> None:
        """Follow a line: up to what leads here, or down to what follows; the nearest of several."""
        if self._scene is None:
            return
        shape = self._scene.structure.shape
        ahead = shape.nodes[self.cursor].next_nodes if by > 0 else shape.parents[self.cursor]
        self._nearest(ahead)

    def action_beside(self, by: int) -> None:
        """Go to the neighbour in the same layer."""
        here = self._picture.boxes.get(self.cursor)
        if here is not None:
            beside = (b for b in self._picture.boxes.values() if b.y == here.y and (b.x - here.x) * by > 0)
            self._nearest(box.name for box in beside)

    def _nearest(self, names: Iterable[str]) -> None:
        here = self._picture.boxes[self.cursor]
        found = min(names, key=lambda name: abs(_middle(self._picture.boxes[name]) - _middle(here)), default=None)
        if found is not None:
            self.move_to(found)

    def action_first(self) -> None:
        """Go to the root."""
        self.move_to(next(iter(self._picture.boxes), ""))

    def action_last(self) -> None:
        """Go to the last node."""
        self.move_to(list(self._picture.boxes)[-1] if self._picture.boxes else "")

    def action_failure(self, by: int) -> None:
        """Go to the next node with failures, or the one before."""
        names = list(self._picture.boxes)
        at = names.index(self.cursor)
        ahead = names[at + 1 :] if by > 0 else names[:at][::-1]
        found = next((name for name in ahead if name in self._stands and self._stands[name].err), None)
        if found is None:
            self.notify("No more failures below." if by > 0 else "No more failures above.", timeout=2)
        else:
            self.move_to(found)

    def action_pick(self) -> None:
        """Open the node."""
        if self.cursor:
            self.post_message(self.Picked(self.cursor))

    async def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; a double click opens."""
        name = self._picture.at(int(event.x) + self.scroll_offset.x, int(event.y) + self.scroll_offset.y)
        if name is None:
            return
        self.move_to(name)
        if event.chain == 2:
            self.action_pick()

    # Drawing

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Forget what was drawn elsewhere."""
        super().watch_scroll_y(old_value, new_value)
        self._drawn.clear()

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        """Forget what was drawn elsewhere."""
        super().watch_scroll_x(old_value, new_value)
        self._drawn.clear()

    def line(self, y: int) -> Strip:
        """Return one line of the picture."""
        base = self.rich_style
        left, at = self.scroll_offset.x, y + self.scroll_offset.y
        parts = [(x, [Segment(text, base + self._wire(sources))]) for x, text, sources in self._wires.get(at, ())]
        parts += [(box.x, self._slice(box, at - box.y, base)) for box in self._rows.get(at, ())]
        segments: list[Segment] = []
        column = 0
        for x, drawn in sorted(parts, key=lambda part: part[0]):
            segments += [Segment(" " * (x - column), base), *drawn]
            column = x + sum(segment.cell_length for segment in drawn)
        width = left + self.size.width
        return Strip(segments).crop_extend(left, width, base).adjust_cell_length(self.size.width, base)

    def _wire(self, sources: frozenset[str]) -> Style:
        return self._looks["accent" if self.cursor in sources else "dim"]

    def _slice(self, box: Box, row: int, base: Style) -> list[Segment]:
        """Draw one row of a box."""
        stand = self._stands.get(box.name)
        on = box.name == self.cursor
        tone: Tone = "dim" if stand is None or not stand.is_reached else sign_of(stand, self.signs)[1]
        edge = base + self._looks["strong" if on else tone]
        if row in (0, box.height - 1):
            return [Segment(_border(box, upper=row == 0, ascii=self.signs.ascii), edge)]
        side = _BORDERS[self.signs.ascii][3]
        inside = base + Style(reverse=True) if on and self.has_focus else base
        left = ">" if on and row == 1 else side
        return [Segment(left, edge), *self._content(box, row, stand, inside), Segment(side, edge)]

    def _content(self, box: Box, row: int, stand: Stand | None, base: Style) -> list[Segment]:
        width = box.width - 2
        pieces = _title(box.name, stand, self.signs, width) if row == 1 else _numbers(stand, self.signs, width)
        blank = " " * (width - piece_width(pieces))
        return [*(Segment(text, over(base, self._looks[tone])) for text, tone in pieces), Segment(blank, base)]


def _title(name: str, stand: Stand | None, signs: Signs, width: int) -> Pieces:
    shown = fitted(plain(name), width - 2, signs.cut)
    if stand is None or not stand.is_reached:
        return ((f"  {shown}", "dim"),)
    symbol, tone = sign_of(stand, signs)
    return ((f"{symbol} ", tone), (shown, "strong"))


def _numbers(stand: Stand | None, signs: Signs, width: int) -> Pieces:
    """Return the second line of a box: its bar, and how many states there are."""
    if stand is None or not stand.is_reached:
        return ()
    many = width_of(stand)
    room = width - len(many) - 1 if many else width
    return (*progress(stand, signs, room), *(((f" {many}", ""),) if many else ()))


def _border(box: Box, *, upper: bool, ascii: bool) -> str:
    """Draw the upper or lower border of a box, with the place where lines meet it."""
    drawn = _BORDERS[ascii]
    first, last, joint = (drawn[0], drawn[2], drawn[6]) if upper else (drawn[4], drawn[5], drawn[7])
    cells = [first, *drawn[1] * (box.width - 2), last]
    port = box.inlet if upper else box.outlet
    if port is not None:
        cells[port - box.x] = joint
    return "".join(cells)


def _middle(box: Box) -> float:
    return box.x + box.width / 2


def _runs(shown: Picture, pen: Pen) -> dict[int, list[tuple[int, str, frozenset[str]]]]:
    """Return the lines row by row, in pieces that belong to the same nodes."""
    rows: dict[int, list[int]] = defaultdict(list)
    for x, y in shown.wires:
        rows[y].append(x)
    return {y: list(_pieces(shown, y, sorted(columns), pen.stroke)) for y, columns in rows.items()}


def _pieces(
    shown: Picture, y: int, columns: list[int], stroke: Callable[[int, int, int, int], str]
) -> Iterable[tuple[int, str, frozenset[str]]]:
    numbered = enumerate(columns)
    for (_, sources), group in groupby(numbered, key=lambda at: (at[1] - at[0], shown.wires[at[1], y].sources)):
        run = [x for _, x in group]
        arms = (shown.wires[x, y] for x in run)
        yield run[0], "".join(stroke(arm.up, arm.down, arm.left, arm.right) for arm in arms), sources
