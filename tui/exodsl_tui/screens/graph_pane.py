"""The graph of a run, as rails or as boxes, now or at any moment of its past."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from exodsl.manager.protocol import StateManager
from exodsl.template.drawings import RailRow, rail_rows
from exodsl_tui.actions.aim import Aim
from exodsl_tui.host import host
from exodsl_tui.layout.chains import MANY_NODES, chains, head_of, lines
from exodsl_tui.looking import Facts, Look, Subject
from exodsl_tui.pace import Pace
from exodsl_tui.replay import Replay, replayed
from exodsl_tui.screens.base import InspectorScreen, Pane
from exodsl_tui.standing import Stand, blocker, note, stands
from exodsl_tui.widgets.boxes import Boxes
from exodsl_tui.widgets.rails import GraphRow, Rails
from exodsl_tui.widgets.scrub import Scrub
from exodsl_tui.widgets.table import Table
from exodsl_tui.words import counted, plain, span, took

Open = Callable[[Stand], object]
"""Opens what there is to see of a node."""


class GraphPane(Pane):
    """Rails or boxes, a line about the node under the cursor, and the strip of time while one scrubs.

    :param open: is called with the node that somebody opens.
    """

    DEFAULT_CSS = """
    GraphPane > .node { height: 1; background: $surface; }
    GraphPane > Scrub, GraphPane > Boxes { display: none; }
    GraphPane.-boxes > Boxes { display: block; }
    GraphPane.-boxes > Rails { display: none; }
    GraphPane.-past > Scrub { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "boxes", "Rails or boxes", id="graph.boxes"),
        Binding("x", "fold", "Fold or expand", id="graph.fold"),
        Binding("o", "blocker", "Oldest blocker", id="graph.blocker"),
        Binding("t", "scrub", "Through time", id="graph.scrub"),
    ]

    def __init__(self, subject: Subject, open: Open) -> None:
        super().__init__()
        self._subject, self._open = subject, open
        self._facts: Facts | None = None
        self._look: Look | None = None
        self._rows: tuple[RailRow, ...] = ()
        self._chains: Mapping[str, tuple[str, ...]] = {}
        self._folded: set[str] = set()
        self._stands: list[Stand] = []
        self._replay: Replay | None = None
        self._pace = Pace()

    def compose(self) -> ComposeResult:
        """Put the graph above, and what is said below it."""
        around = host(self)
        yield Rails(signs=around.signs, now=around.now, id="rails")
        yield Boxes(signs=around.signs, id="boxes")
        yield Scrub()
        yield Static(classes="node", markup=False)

    def on_mount(self) -> None:
        """Follow the run."""
        self.follow("look", self._question, self._take)

    def _question(self, manager: StateManager) -> tuple[Facts, Look]:
        return self._subject.facts(manager), self._subject.look(manager)

    def opened(self) -> None:
        """Give the graph the focus."""
        self._graph.focus()
        self._say_pace()

    @property
    def _graph(self) -> Rails | Boxes:
        return self.query_one(Boxes) if self.has_class("-boxes") else self._rails

    @property
    def _rails(self) -> Rails:
        return self.query_one(Rails)

    # What is shown

    def _take(self, answer: tuple[Facts, Look]) -> None:
        facts, look = answer
        if self._facts is None:
            self._lay_out(facts)
        self._look = look
        self._pace.seen(host(self).now(), sum(node.total - node.live for node in look.progress.values()))
        if not self.has_class("-past"):
            self._show(look)
        self._say_pace()

    def _lay_out(self, facts: Facts) -> None:
        """Lay out the graph: once, as a run stays on its version."""
        self._facts = facts
        self._rows = rail_rows(facts.scene, ascii=host(self).signs.ascii)
        self._chains = chains(self._rows)
        if len(facts.template.nodes) > MANY_NODES:
            self._folded = set(self._chains)
        self._rails.lay_out(facts.scene, lines(self._rows, self._folded))

    def _show(self, look: Look) -> None:
        assert self._facts is not None
        scene, shown = self._facts.scene, lines(self._rows, self._folded)
        self._stands = stands(scene, look, [line.names for line in shown if line.names])
        known = {stand.name: stand for stand in self._stands}
        self._rails.show([GraphRow(line, known.get(line.names[0]) if line.names else None) for line in shown])
        if self.has_class("-boxes"):
            self.query_one(Boxes).show(stands(scene, look, [(name,) for name in look.progress]))
        self._say_node()

    @property
    def current(self) -> Stand | None:
        """The node under the cursor."""
        if self.has_class("-boxes"):
            return self._stand(self.query_one(Boxes).cursor)
        row = self._rails.current
        return None if row is None else row.stand

    @property
    def aim(self) -> Aim:
        """What failed of the node under the cursor."""
        return Aim.of_nodes(() if self.current is None else self.current.names)

    def _stand(self, name: str) -> Stand | None:
        if self._facts is None or self._look is None or name not in self._look.progress:
            return None
        return stands(self._facts.scene, self._shown_look, [(name,)])[0]

    @property
    def _shown_look(self) -> Look:
        assert self._look is not None
        if self._replay is not None and self.has_class("-past"):
            return self._replay.look(self._look.run, self.query_one(Scrub).bucket)
        return self._look

    def _say_node(self) -> None:
        stand = self.current
        if stand is None or self._facts is None:
            return
        said = [" -> ".join(stand.names), *self._facts.scene.notes(stand.name)]
        noted = "".join(text for text, _ in note(stand, host(self).now()))
        self.query_one(".node", Static).update(Text(plain(f" {'; '.join(said)}   {noted}"), no_wrap=True))

    def _say_pace(self) -> None:
        screen = self.screen
        if self.display and self._look is not None and isinstance(screen, InspectorScreen):
            screen.say(self.pace())

    def pace(self) -> str:
        """Return how fast the run goes on, or what became of it."""
        look = self._look
        assert look is not None
        run, now = look.run, host(self).now()
        if run.finished_at is not None:
            total = sum(node.total - node.retry_created for node in look.progress.values())
            return f"{run.status}: {counted(total, 'state')} in {took(run.created_at, run.finished_at, now)}"
        live = sum(node.live for node in look.progress.values())
        said = ["paused"] if run.status == "PAUSED" else self._pace.said(live)
        said += [f"{live:,} live", self._oldest()]
        if run.unserved:
            said.append(f"no runtime has {', '.join(run.unserved)}")
        return "   ".join(word for word in said if word)

    def _oldest(self) -> str:
        running = [(stand.oldest_running, stand.name) for stand in self._stands if stand.oldest_running]
        if not running:
            return ""
        since, name = min(running)
        return f"oldest running {name} {span((host(self).now() - since).total_seconds())}"

    # Keys

    def action_boxes(self) -> None:
        """Show rails as boxes, or boxes as rails; the cursor stays on its node."""
        stand = self.current
        if self._facts is None or stand is None:
            return
        if len(self._facts.template.nodes) > MANY_NODES:
            self.notify(f"A graph of more than {MANY_NODES} nodes is shown as rails only.", timeout=3)
            return
        self.toggle_class("-boxes")
        if self.has_class("-boxes"):
            boxes = self.query_one(Boxes)
            boxes.lay_out(self._facts.scene)
            self._show(self._shown_look)
            self.call_after_refresh(boxes.move_to, stand.name)
        else:
            self._go_to(stand.name)
        self._graph.focus()

    def action_fold(self) -> None:
        """Fold the chain under the cursor into one row, or expand it; without one, all chains."""
        stand = self.current
        if stand is None or self._facts is None or self.has_class("-boxes"):
            return
        head = head_of(stand.name, self._chains)
        if head is not None:
            self._folded ^= {head}
        elif self._chains:
            self._folded = set() if self._folded else set(self._chains)
        else:
            self.notify("No three nodes follow one another alone: there is nothing to fold.", timeout=3)
            return
        self._rails.lay_out(self._facts.scene, lines(self._rows, self._folded))
        self._show(self._shown_look)
        self._go_to(head or stand.name)

    def action_blocker(self) -> None:
        """Go to the node that holds the run up for longest."""
        name = blocker(self._stands)
        if name is None:
            self.notify("Nothing holds this run up.", timeout=2)
        else:
            self._go_to(name)

    def _go_to(self, name: str) -> None:
        if self.has_class("-boxes"):
            self.query_one(Boxes).move_to(name)
        elif (index := self._rails.index_of_node(name)) is not None:
            self._rails.move_to(index)

    def on_table_moved(self, message: Table.Moved) -> None:
        """Say something about the node under the cursor."""
        message.stop()
        self._say_node()

    def on_boxes_moved(self) -> None:
        """Say something about the node under the cursor."""
        self._say_node()

    def on_table_picked(self, message: Table.Picked) -> None:
        """Open the node; a folded chain is expanded."""
        message.stop()
        stand = message.row.stand
        if stand is not None and len(stand.names) > 1:
            self.action_fold()
        elif stand is not None:
            self._open(stand)

    def on_boxes_picked(self, message: Boxes.Picked) -> None:
        """Open the node."""
        stand = self._stand(message.name)
        if stand is not None:
            self._open(stand)

    # Time

    def action_scrub(self) -> None:
        """Go through the run's past, or come back to now."""
        if self.has_class("-past"):
            self.leave_past()
        elif self._facts is not None:
            self.add_class("-past")
            self.ask("replay", self._look_back, self._take_replay)
            self.query_one(Scrub).focus()

    def _look_back(self, manager: StateManager) -> Replay:
        subject = self._subject
        return subject.once_ended(manager, "past", lambda run: replayed(manager, run, len(subject.nodes)))

    def _take_replay(self, replay: Replay) -> None:
        if not self.has_class("-past"):
            return
        self._replay = replay
        self.query_one(Scrub).show(replay)
        self._show(self._shown_look)

    def on_scrub_moved(self) -> None:
        """Show the graph as it was."""
        self._show(self._shown_look)

    def leave_past(self) -> None:
        """Come back to now."""
        self.remove_class("-past")
        self._replay = None
        if self._look is not None:
            self._show(self._look)
        self._graph.focus()

    def clear(self) -> bool:
        """Come back to now, if the past is shown."""
        was_past = self.has_class("-past")
        if was_past:
            self.leave_past()
        return was_past
