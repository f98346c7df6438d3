"""What the inspector takes: a real process on a terminal, over a large run, alone and while the run goes on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from statistics import median

from tests.benchmarks.generated import generate
from tests.benchmarks.terminal import ENTER, PAGE_DOWN, Terminal
from tests.benchmarks.writer import Writer, Written

OTHERS = 40
"""Other runs in the database."""
RATE = 500
"""States that are reported a second."""
STILL = 0.12
"""Seconds without anything drawn after which a key counts as answered."""
_COMMAND = (sys.executable, "-c", "import sys; from exodsl.cli import main; sys.exit(main())", "tui", "--read-only")


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing measured, and what it should be at most; `at_least` turns that round."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether it is as good as it should be."""
        if self.goal is None:
            return True
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def __str__(self) -> str:
        goal = "" if self.goal is None else f"{'>=' if self.at_least else '<='} {self.goal:g}"
        return f"  {self.value:9.1f} {self.unit:<7} {goal:<9} {'' if self.met else 'MISSED  '}{self.name}"


@dataclass(frozen=True, slots=True)
class Scale:
    """How long is measured: rounds for what is pressed, seconds for what is watched."""

    rounds: int = 7
    seconds: float = 6.0
    turns: int = 5
    waiting: int = 30_000


QUICK = Scale(rounds=1, seconds=0.4, turns=1, waiting=2_000)


def measured(folder: Path, states: int, scale: Scale) -> list[Figure]:
    """Make a run of so many states among others, and measure looks at it."""
    file = folder / "exodsl.db"
    for _ in range(OTHERS):
        generate(file, 30)
    generate(file, states, waiting=scale.waiting)
    looks = first_paint(file, scale), keys(file, states, scale), live(file, states, scale), slowed(file, states, scale)
    return list(chain.from_iterable(looks))


def _tui(file: Path) -> Terminal:
    return Terminal([*_COMMAND, "--db", str(file)])


def _opened(file: Path) -> Terminal:
    """Open the inspector on the graph of the large run."""
    terminal = _tui(file)
    terminal.until("documents")
    terminal.quiet(STILL)
    terminal.press(ENTER)
    terminal.until("collect")
    terminal.quiet(STILL)
    return terminal


def first_paint(file: Path, scale: Scale) -> Iterator[Figure]:
    """Start it on the list of runs."""
    walls, cpus = list[float](), list[float]()
    for _ in range(scale.rounds + 1):  # the first only writes bytecode
        with _tui(file) as terminal:
            walls.append((terminal.until("documents") - terminal.began) * 1000)
            cpus.append(terminal.cpu * 1000)
    yield Figure("first paint with the list of runs", median(walls[1:]), "ms", 800)
    yield Figure("first paint, processor time", median(cpus[1:]), "ms")


def keys(file: Path, states: int, scale: Scale) -> Iterator[Figure]:
    """Open the large run again and again, then go through its states."""
    with _opened(file) as terminal:
        walls, cpus = list[float](), list[float]()
        for _ in range(scale.rounds):
            terminal.press(b"q")
            terminal.until("Runs")
            terminal.quiet(STILL)
            cpu = terminal.cpu
            pressed = terminal.press(ENTER)
            walls.append((terminal.until("collect") - pressed) * 1000)
            cpus.append((terminal.cpu - cpu) * 1000)
        yield Figure("open the run", median(walls), "ms", 200 if states <= 100_000 else 300)
        yield Figure("open the run, processor time", median(cpus), "ms")
        terminal.press(b"2")
        terminal.until("standing")
        terminal.quiet(STILL)
        pages, jumps = _taken(terminal, [PAGE_DOWN] * 10, scale), _taken(terminal, _drags(terminal), scale)
        yield Figure("a page down, processor time of a frame", median(cpu / frames for cpu, frames in pages), "ms", 20)
        yield Figure("a page down with the state beside it, processor time", median(cpu for cpu, _ in pages), "ms")
        yield Figure("a jump anywhere, processor time", median(cpu for cpu, _ in jumps), "ms", 20)
        yield Figure("memory at its highest", terminal.memory_mb, "MB", 100)


def _taken(terminal: Terminal, keys: list[bytes], scale: Scale) -> list[tuple[float, int]]:
    """Return the processor time of each key, in milliseconds, and how many frames it took."""
    taken: list[tuple[float, int]] = []
    for key in keys * min(scale.rounds, 3):
        cpu, frames = terminal.cpu, terminal.frames
        terminal.press(key)
        terminal.quiet(STILL)
        taken.append(((terminal.cpu - cpu) * 1000, max(1, terminal.frames - frames)))
    return taken


def _drags(terminal: Terminal) -> list[bytes]:
    """Take the thumb of the scrollbar, and return where the mouse goes with it."""
    terminal.press(b"g")
    terminal.quiet(STILL)
    terminal.press(b"\x1b[<0;120;4M")
    return [b"\x1b[<32;120;%dM" % row for row in (30, 9, 22, 14, 33, 18, 26, 11, 28, 16)]


def live(file: Path, states: int, scale: Scale) -> Iterator[Figure]:
    """Watch the graph: of a run that stands still, then of one that goes on."""
    with _opened(file) as terminal:
        cpu = terminal.cpu
        terminal.watch(scale.seconds)
        yield Figure("idle", (terminal.cpu - cpu) / scale.seconds * 100, "% core")
        count = int(RATE * scale.seconds)
        writer = Writer(file, states, count, RATE)
        terminal.quiet(STILL)
        cpu, frames = terminal.cpu, terminal.frames
        writer.start()
        terminal.watch(scale.seconds)
        yield Figure(f"at {RATE} states/s", (terminal.cpu - cpu) / scale.seconds * 100, "% core", 25)
        yield Figure("refreshes", (terminal.frames - frames) / scale.seconds, "/s", 9, at_least=True)
        writer.done()


def slowed(file: Path, states: int, scale: Scale) -> Iterator[Figure]:
    """Let a writer work as fast as it can, alone and watched in turns."""
    count = min(2_000, scale.waiting // 4)

    def alone() -> Written:
        writer = Writer(file, states, count, 0)
        writer.start()
        return writer.done()

    def watched() -> Written:
        with _opened(file) as terminal:
            writer = Writer(file, states, count, 0)
            terminal.quiet(STILL)
            writer.start()
            while writer.works:
                terminal.watch(0.05)
            return writer.done()

    pairs = [(alone(), watched()) for _ in range(scale.turns)]
    cpu = median(after.cpu_ms / before.cpu_ms for before, after in pairs)
    wall = median(after.wall_ms / before.wall_ms for before, after in pairs)
    yield Figure("a writer slowed, processor time", (cpu - 1) * 100, "%", 5)
    yield Figure("a writer slowed, median exchange", (wall - 1) * 100, "%", 5)
