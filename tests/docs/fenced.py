"""The fenced blocks of a Markdown page, in order."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

OPENING = re.compile(r'```(?P<language>\w*)(?:\s+title="(?P<title>[^"]+)")?\s*')


@dataclass(frozen=True)
class Block:
    """One fenced block: what it says it is, what it holds, and where it opens."""

    language: str
    title: str | None
    text: str
    line: int


def fenced_blocks(page: str) -> Iterator[Block]:
    """Give the blocks of `page`; a fence starts at the beginning of a line and has no other inside it."""
    opening: re.Match[str] | None = None
    start, body = 0, list[str]()
    for number, line in enumerate(page.splitlines(), 1):
        if opening is None:
            opening, start, body = OPENING.fullmatch(line), number, []
            assert opening or not line.startswith("```"), f"line {number} opens a block in an unknown way: {line}"
        elif line.rstrip() == "```":
            yield Block(opening["language"], opening["title"], "\n".join(body), start)
            opening = None
        else:
            body.append(line)
    assert opening is None, f"the block that opens in line {start} is not closed"
