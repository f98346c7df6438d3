"""`python -m tests.screenshots`: draw the inspector's pictures for the documentation anew, into `docs/screenshots`."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from exodsl_tui.links import GateLink, HomeLink, Link, RunLink, spell
from tests.manager.byhand import Clock
from tests.screenshots.sample import Sample, sample
from tests.tui.conftest import Drive, Tui

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"


@dataclass(frozen=True)
class Picture:
    """One screen of the inspector.

    :param size: columns and lines of the terminal.
    :param keys: what is pressed before it is drawn.
    """

    name: str
    link: Link
    size: tuple[int, int]
    keys: tuple[str, ...] = ()
    light: bool = False


def pictures(runs: Sample) -> tuple[Picture, ...]:
    """Return what is drawn of the sample."""
    going, failed = runs.going, runs.failed
    return (
        Picture("home", HomeLink(), (110, 15)),
        Picture("graph", RunLink(going), (136, 15), ("down",)),
        Picture("boxes", RunLink(going), (90, 27), ("b",), light=True),
        Picture("past", RunLink(going), (110, 18), ("t", *["left"] * 30)),
        Picture(
            "states",
            RunLink(going, "states", "node:fetch"),
            (140, 22),
            (*["down"] * 10, "tab", *["right_square_bracket"] * 3),
        ),
        Picture("timeline", RunLink(going, "timeline"), (120, 30), ("down", "enter")),
        Picture("failures", RunLink(failed, "failures"), (110, 18), ("i",)),
        Picture("gate", GateLink(going, "publish"), (110, 24)),
    )


def draw(runs: Sample, picture: Picture) -> str:
    """Return a picture as SVG, without what differs from process to process, and without fonts from elsewhere."""
    drawn: list[str] = []

    async def look(tui: Tui) -> None:
        await tui.press(*picture.keys)
        drawn.append(tui.app.export_screenshot(title="exodsl tui"))

    clock = Clock()
    clock.now_ms = runs.now_ms
    Drive(runs.database, clock)(look, link=spell(picture.link), size=picture.size, light=picture.light)
    svg = re.sub(r"terminal-\d+", "terminal", drawn[0])
    return re.sub(r',\s*url\("[^"]*"\) format\("\w+"\)', "", svg)


def draw_all() -> Iterator[tuple[str, str]]:
    """Make the sample, and give every picture with its name."""
    with tempfile.TemporaryDirectory(prefix="exodsl-screens-") as folder, sample(Path(folder)) as runs:
        for picture in pictures(runs):
            yield picture.name, draw(runs, picture)


def main() -> None:
    """Write all pictures."""
    FOLDER.mkdir(exist_ok=True)
    for name, svg in draw_all():
        (FOLDER / f"{name}.svg").write_text(svg + "\n")
        sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
