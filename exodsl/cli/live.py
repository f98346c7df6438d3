"""Progress on a terminal: a line for each node, redrawn in place; what bodies say stands above it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from exodsl.cli.counts import done, failed, fraction, notes, places

if TYPE_CHECKING:
    from exodsl.manager.views import NodeProgress

_WIDEST = 100


class LiveScreen:
    """Draws on a terminal.

    :param stream: the terminal.
    :param caught: returns what was written past Python since the last time.
    :param ancestors: of each node; its bar is dim while one of them is at work, as more states may come.
    :param every: seconds between two drawings.
    """

    def __init__(
        self, stream: TextIO, caught: Callable[[], str], ancestors: Mapping[str, frozenset[str]], every: float = 0.1
    ) -> None:
        self.every = every
        self._ancestors = ancestors
        self._console = Console(file=stream)
        self._caught = caught
        self._said = deque[str]()
        self._begun = ""
        self._since = time.monotonic()

    @contextmanager
    def shown(self) -> Generator[None]:
        """Keep the lines of the nodes at the bottom of the screen."""
        live = Live(console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        with live as self._live:
            yield

    def say(self, text: str) -> None:
        """Show lines with the next drawing; from any thread, without waiting for the terminal."""
        self._said.append(text)

    def draw(self, nodes: Sequence[NodeProgress]) -> None:
        """Show what was said, and the counts below it."""
        self._live.update(self._lines(nodes))
        said = self._take()
        if said:
            self._console.print(_Raw(said), soft_wrap=True, end="")
        else:
            self._live.refresh()

    def close(self, nodes: Sequence[NodeProgress]) -> None:
        """Show everything that is left, and the last counts."""
        rest, self._begun = self._begun + self._caught(), ""
        if rest:
            self._said.append(rest if rest.endswith("\n") else f"{rest}\n")
        self.draw(nodes)

    def _take(self) -> str:
        """Return complete lines; what has no end yet waits for it."""
        lines, end, self._begun = (self._begun + self._caught()).rpartition("\n")
        said = [lines + end]
        while self._said:
            said.append(self._said.popleft())
        return "".join(said)

    def _lines(self, nodes: Sequence[NodeProgress]) -> RenderableType:
        chosen = _chosen(nodes, max(1, self._console.height - 3))
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True, overflow="ellipsis")
        table.add_column(width=max(8, min(self._console.width, _WIDEST) - 60))
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis")
        at_work = {node.identifier for node in nodes if node.live}
        for node in chosen:
            grows = not at_work.isdisjoint(self._ancestors[node.identifier])
            table.add_row(node.identifier, _bar(node, grows=grows), _fraction(node), _notes(node))
        hidden = f" · {len(nodes) - len(chosen)} more nodes" if len(chosen) < len(nodes) else ""
        return Group(table, Text(f"{time.monotonic() - self._since:.1f} s{hidden}", style="dim"))


class _Raw:
    """Text that reaches the terminal as it is."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        yield Segment(self._text)


def _chosen(nodes: Sequence[NodeProgress], room: int) -> Sequence[NodeProgress]:
    """Return the nodes that fit, those that are at work before the others."""
    if len(nodes) <= room:
        return nodes
    names = [node.identifier for node in sorted(nodes, key=lambda node: not node.live)[:room]]
    return [node for node in nodes if node.identifier in names]


def _bar(node: NodeProgress, *, grows: bool) -> RenderableType:
    if not node.total:
        return ""
    colour = "red" if failed(node) else "cyan" if node.live or grows else "green"
    colour = f"dim {colour}" if grows else colour
    return ProgressBar(places(node), done(node), complete_style=colour, finished_style=colour)


def _fraction(node: NodeProgress) -> Text:
    return Text(fraction(node)) if node.total else Text("·", style="dim")


def _notes(node: NodeProgress) -> Text:
    return Text(", ".join(notes(node)), style="red" if failed(node) else "yellow")
