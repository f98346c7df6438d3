"""A long list in pages: which are known, which to ask for next, and how they fit together as the list changes.

Pure but for `fetch`, which runs in the reader's thread. A page starts at a cursor, so rows keep their place on the
screen while others are added before them; where two pages do not meet any more, the later one is asked for again.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from exodsl.manager.protocol import StateManager

Row = TypeVar("Row")
PAGE = 128
KEPT = 64
"""Pages in memory; the least recently seen give way."""
WALK = 8
"""Pages that are asked for at once on the way to a far one."""
PATIENCE = 0.15
"""Seconds after which a search says how far it is, and is asked to go on."""


@dataclass(frozen=True, slots=True)
class Chunk(Generic[Row]):
    """What one question gave: rows, where to go on (`None` at the end), how many were looked at."""

    rows: tuple[Row, ...]
    cursor: str | None
    searched: int = 0


class Source(Protocol[Row]):
    """A list that a state manager gives piece by piece; its methods run in the reader's thread."""

    @property
    def jumps(self) -> bool:
        """Whether `cursor_at` and `total` know any position; else pages come one after the other."""
        ...

    def total(self, manager: StateManager) -> int | None:
        """Return how many rows there are, or could be found, if that is known."""
        ...

    def chunk(self, manager: StateManager, cursor: str | None, limit: int) -> Chunk[Row]:
        """Return the rows after a cursor."""
        ...

    def cursor_at(self, manager: StateManager, position: int) -> str | None:
        """Return the cursor after which the row at a position comes; asked only of a source that jumps."""
        ...


class Sequential:
    """The half of a source whose pages come one after the other, as nobody knows how many there are."""

    __slots__ = ()

    @property
    def jumps(self) -> bool:
        """No position but the next is at hand."""
        return False

    def total(self, manager: StateManager) -> int | None:
        """How many there are is not known."""
        return None

    def cursor_at(self, manager: StateManager, position: int) -> str | None:
        """Refuse: only a source that jumps is asked."""
        raise LookupError(f"No position but the next is at hand, and {position} was asked for.")


@dataclass(frozen=True, slots=True)
class Wanted(Generic[Row]):
    """Pages to ask for.

    :param cursor: where the first begins, or goes on after `rows`.
    :param jump: the cursor is not known, but that of its position can be.
    :param fresh: what else is known is outdated.
    """

    page: int
    count: int
    cursor: str | None = None
    jump: bool = False
    start: str | None = None
    rows: tuple[Row, ...] = ()
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Fetched(Generic[Row]):
    """The answer: pages in order, and how many rows there are in all."""

    wanted: Wanted[Row]
    pages: tuple[_Page[Row], ...]
    total: int | None
    searched: int


@dataclass(frozen=True, slots=True)
class _Page(Generic[Row]):
    start: str | None
    rows: tuple[Row, ...]
    next: str | None

    @property
    def whole(self) -> bool:
        return len(self.rows) >= PAGE or self.next is None


def fetch(manager: StateManager, source: Source[Row], wanted: Wanted[Row]) -> Fetched[Row]:
    """Ask for pages; the last may be unfinished when the search takes long."""
    until = time.monotonic() + PATIENCE
    total = source.total(manager)
    if wanted.jump and total is not None and wanted.page * PAGE >= total:
        return Fetched(wanted, (), total, 0)
    cursor = source.cursor_at(manager, wanted.page * PAGE) if wanted.jump else wanted.cursor
    start = wanted.start if wanted.rows else cursor
    rows, pages, searched = list(wanted.rows), list[_Page[Row]](), 0
    while len(pages) < wanted.count:
        chunk = source.chunk(manager, cursor, PAGE - len(rows))
        rows += chunk.rows
        searched += chunk.searched
        cursor = chunk.cursor
        late = time.monotonic() > until
        if len(rows) < PAGE and cursor is not None and not late:
            continue
        pages.append(_Page(start, tuple(rows), cursor))
        if cursor is None or late:
            break
        start, rows = cursor, []
    return Fetched(wanted, tuple(pages), total, searched)


class Pages(Generic[Row]):
    """The known part of a list."""

    def __init__(self, *, jumps: bool) -> None:
        self._jumps = jumps
        self._pages: OrderedDict[int, _Page[Row]] = OrderedDict()
        self._starts: dict[int, str | None] = {0: None}
        self._far = 0
        self._end: int | None = None
        self._total: int | None = None
        self.searched = 0

    @property
    def known(self) -> bool:
        """Whether anything was answered yet."""
        return bool(self._pages) or self._end is not None

    @property
    def complete(self) -> bool:
        """Whether the number of rows is known."""
        return self._end is not None or (self._jumps and self._total is not None)

    @property
    def total(self) -> int | None:
        """How many rows there are, or may be, if the source knows."""
        return self._total

    @property
    def height(self) -> int:
        """How many rows are known to be there."""
        if self._end is not None:
            return self._end
        return max(self._far, self._total or 0) if self._jumps else self._far

    def row(self, index: int) -> Row | None:
        """Return a row, if its page is in memory."""
        page = self._pages.get(index // PAGE)
        at = index % PAGE
        return page.rows[at] if page is not None and at < len(page.rows) else None

    def held(self) -> Iterator[tuple[int, Row]]:
        """Give every row in memory with its index."""
        for number in sorted(self._pages):
            yield from enumerate(self._pages[number].rows, number * PAGE)

    def index_of(self, key: Callable[[Row], Hashable], wanted: Hashable) -> int | None:
        """Return where the row of a key is, if it is in memory."""
        return next((index for index, row in self.held() if key(row) == wanted), None)

    def wanted(self, first: int, last: int) -> Wanted[Row] | None:
        """Return what to ask for so that rows `first` to `last` are there; `None` when they are."""
        end = last if self._end is None else min(last, max(0, self._end - 1))
        first, until = min(first, end) // PAGE, end // PAGE
        for number in range(first, until + 1):
            page = self._pages.get(number)
            if page is None:
                return self._missing(number, until)
            self._pages.move_to_end(number)
            if not page.whole:
                return Wanted(number, until - number + 1, page.next, start=page.start, rows=page.rows)
        return None

    def _missing(self, number: int, until: int) -> Wanted[Row]:
        if number in self._starts:
            return Wanted(number, until - number + 1, self._starts[number])
        if self._jumps:
            return Wanted(number, until - number + 1, jump=True)
        near = max(known for known in self._starts if known < number)
        page = self._pages.get(near)
        if page is not None and not page.whole:
            return Wanted(near, 1, page.next, start=page.start, rows=page.rows)
        return Wanted(near, min(WALK, until - near + 1), self._starts[near])

    def again(self, first: int, last: int) -> Wanted[Row]:
        """Return what to ask for when the list may have changed: rows `first` to `last`, where they stand."""
        number, until = first // PAGE, last // PAGE
        while number not in self._starts:
            number -= 1
        return Wanted(number, max(1, until - number + 1), self._starts[number], fresh=True)

    def put(self, fetched: Fetched[Row]) -> None:
        """Take an answer in."""
        self._total = fetched.total
        self.searched = fetched.searched if fetched.wanted.fresh else self.searched + fetched.searched
        if fetched.wanted.fresh:
            self._outdate(fetched.wanted.page)
        for number, page in enumerate(fetched.pages, fetched.wanted.page):
            self._put(number, page)
        self._forget_old()

    def _outdate(self, kept: int) -> None:
        self._pages.clear()
        self._starts = {number: start for number, start in self._starts.items() if number <= kept}
        self._end, self._far = None, 0

    def _put(self, number: int, page: _Page[Row]) -> None:
        self._starts[number] = page.start
        self._pages[number] = page
        self._pages.move_to_end(number)
        reached = number * PAGE + len(page.rows)
        if page.next is None:
            self._cut_after(number)
            self._end = self._far = reached
            return
        if page.whole and self._starts.get(number + 1, page.next) != page.next:
            self._cut_after(number)
            self._end, self._far = None, reached
        if page.whole:
            self._starts[number + 1] = page.next
        self._far = max(self._far, reached)

    def _cut_after(self, number: int) -> None:
        for later in [known for known in self._starts if known > number]:
            del self._starts[later]
        for later in [known for known in self._pages if known > number]:
            del self._pages[later]

    def _forget_old(self) -> None:
        while len(self._pages) > KEPT:
            self._pages.popitem(last=False)
