"""A graph as boxes in layers, with lines from each to what follows it: the same picture for the same graph."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from exodsl_tui.layout.layers import Layers, Slot
from exodsl_tui.layout.placing import placed
from exodsl_tui.layout.wires import Arms, Cell, Wire, Wiring, tracks

BOX_HEIGHT = 4
BEND_WIDTH = 3
"""A line that passes a layer may choose among so many columns; so may one that enters the narrowest box."""
NARROWEST = BEND_WIDTH + 2


@dataclass(frozen=True, slots=True)
class Box:
    """Where a node stands: its upper left corner, its size with the border.

    :param inlet: the column of its upper border where lines come in; `None` for a root.
    :param outlet: the column of its lower border where its line leaves; `None` for a leaf.
    """

    name: str
    x: int
    y: int
    width: int
    height: int
    inlet: int | None
    outlet: int | None

    def holds(self, x: int, y: int) -> bool:
        """Say whether a cell lies in the box, its border included."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


@dataclass(frozen=True, slots=True)
class Picture:
    """A graph laid out: boxes by name, layer by layer from left to right, and the cells of the lines between them."""

    width: int
    height: int
    boxes: Mapping[str, Box]
    wires: Mapping[Cell, Arms]

    def at(self, x: int, y: int) -> str | None:
        """Return the node whose box lies under a cell."""
        return next((box.name for box in self.boxes.values() if box.holds(x, y)), None)


def picture(
    followers: Mapping[str, Sequence[str]], widths: Mapping[str, int], many: Collection[str] = frozenset()
) -> Picture:
    """Lay out a graph without cycles.

    :param followers: the next nodes of each node; nodes in topological order.
    :param widths: how wide each box is, 5 columns or more.
    :param many: the nodes whose lines stand for many states.
    """
    layers = Layers.of(followers)
    wide = {slot: BEND_WIDTH if layers.is_bend(slot) else max(widths[slot[0]], NARROWEST) for slot in layers.below}
    return _Drawing(layers, wide, placed(layers, wide), many).finish()


class _Drawing:
    """A picture under way, from the first layer down."""

    def __init__(
        self, layers: Layers, widths: Mapping[Slot, int], left: Mapping[Slot, int], many: Collection[str]
    ) -> None:
        self._layers, self._widths, self._left, self._many = layers, widths, left, many
        self._ports: dict[Slot, int] = {}  # where a line leaves, by what it leaves
        self._inlets: dict[Slot, int] = {}
        self._boxes: dict[str, Box] = {}
        self._wiring = Wiring()

    def finish(self) -> Picture:
        """Draw everything."""
        top = 0
        for row in self._layers.rows:
            self._stand(row, top)
            top = self._lead_on(row, top + BOX_HEIGHT)
        width = max((at + self._widths[slot] for slot, at in self._left.items()), default=0)
        return Picture(width, top, self._boxes, self._wiring.cells())

    def _stand(self, row: Iterable[Slot], top: int) -> None:
        for slot in row:
            inlet = self._inlets.get(slot)
            if self._layers.is_bend(slot):
                assert inlet is not None, "a bend continues a line"
                self._ports[slot] = inlet
                self._wiring.down(inlet, top, top + BOX_HEIGHT, slot[0], self._weight(slot))
                continue
            left, width = self._left[slot], self._widths[slot]
            leads_on = bool(self._layers.below[slot])
            if leads_on:
                self._ports[slot] = left + width // 2
            self._boxes[slot[0]] = Box(slot[0], left, top, width, BOX_HEIGHT, inlet, self._ports.get(slot))

    def _lead_on(self, row: Sequence[Slot], top: int) -> int:
        """Draw the channel below a layer; return the first row below it."""
        sources = [slot for slot in row if self._layers.below[slot]]
        if not sources:
            return top
        for target in dict.fromkeys(target for slot in sources for target in self._layers.below[slot]):
            self._inlets[target] = self._inlet(target, sources)
        wires = [self._wire(slot) for slot in sources]
        shared = tracks(wires)
        height = max(1, len(shared))
        self._wiring.channel(wires, shared, top, height)
        return top + height

    def _inlet(self, target: Slot, sources: Iterable[Slot]) -> int:
        """Choose where lines enter: straight below their only source, else near the middle.

        Never below the port of a stranger, or the two lines could lie in one column. There are three columns to
        choose from, and no two ports stand side by side, so one is always free.
        """
        above = self._layers.above[target]
        strange = {self._ports[slot] for slot in sources if slot not in above}
        margin = 0 if self._layers.is_bend(target) else 1
        left, width = self._left[target], self._widths[target]
        wanted = self._ports[above[0]] if len(above) == 1 else left + width // 2
        free = (column for column in range(left + margin, left + width - margin) if column not in strange)
        return min(free, key=lambda column: (abs(column - wanted), column))

    def _wire(self, slot: Slot) -> Wire:
        ends = tuple(sorted(self._inlets[target] for target in self._layers.below[slot]))
        return Wire(slot[0], self._weight(slot), self._ports[slot], ends)

    def _weight(self, slot: Slot) -> int:
        return 2 if slot[0] in self._many else 1
