"""A table over a list that comes in pages: it asks for what is seen, and asks again when something was committed."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import TypeVar

from textual.message import Message

from exodsl.errors import ExodslError
from exodsl.manager.protocol import StateManager
from exodsl_tui.asking import Asking
from exodsl_tui.paging import PAGE, WALK, Fetched, Pages, Source, Wanted, fetch
from exodsl_tui.widgets.table import READING, Table

Row = TypeVar("Row")
MOST_MARKED = 5_000
"""Rows that a range may have; more are marked by a filter and `a`."""
_ENDLESS = 10**12


class PagedTable(Asking, Table[Row]):
    """Rows of a `Source`; see `Table` for the rest."""

    class Loaded(Message):
        """Rows came, or a search went on."""

        def __init__(self, table: PagedTable[Row]) -> None:
            super().__init__()
            self.table = table

    _source: Source[Row] | None = None
    _pages: Pages[Row]
    _seen: tuple[int, int] = (0, PAGE - 1)
    _to_end = False
    _seeking: tuple[int, int] | None = None
    problem: str = ""
    """Why there are no rows, when a question was refused."""

    def browse(self, source: Source[Row]) -> None:
        """Show another list from its beginning."""
        self._source = source
        self._pages = Pages(jumps=source.jumps)
        self._to_end, self._seeking, self.problem = False, None, ""
        self.cursor = 0
        self.scroll_to(y=0, animate=False, immediate=True)
        self.redraw()
        self.follow("rows", partial(self._read_again, source, self._pages), self._take, self._refused)

    @property
    def searching(self) -> bool:
        """Whether rows are still looked for."""
        return self._source is not None and not self._pages.complete

    @property
    def pages(self) -> Pages[Row]:
        """What is known of the list."""
        return self._pages

    # Rows

    @property
    def emptiness(self) -> str:
        """What is said where there are no rows, or none yet."""
        if self.problem:
            return self.problem
        return super().emptiness if self._source is not None and self._pages.known else READING

    @property
    def height(self) -> int:
        """How many rows there are, or are known to be; one more stands for those that were not read yet."""
        if self._source is None:
            return 0
        pages = self._pages
        return pages.height + (0 if pages.complete or not pages.known else 1)

    def row(self, index: int) -> Row | None:
        """Return a row, or `None` while it is not known."""
        return None if self._source is None else self._pages.row(index)

    def index_of(self, key: Hashable) -> int | None:
        """Return where the row of a key is, if it is in memory."""
        at_cursor = self.row(self.cursor)
        if at_cursor is not None and self.key(at_cursor) == key:
            return self.cursor
        return None if self._source is None else self._pages.index_of(self.key, key)

    def need(self, first: int, last: int) -> None:
        """Ask for rows that are seen and not known."""
        self._seen = (first, last)
        if self._source is None or not self._pages.known:
            return
        wanted = self._pages.wanted(first, _ENDLESS if self._to_end else last)
        if wanted is not None:
            self._request(wanted)

    def _request(self, wanted: Wanted[Row]) -> None:
        source, pages = self._source, self._pages
        assert source is not None
        question = partial(fetch, source=source, wanted=wanted)
        self.ask("more", question, partial(self._take_of, pages), self._refused)

    def _read_again(
        self, source: Source[Row], pages: Pages[Row], manager: StateManager
    ) -> tuple[Pages[Row], Fetched[Row]]:
        """Read what is seen again; in the reader's thread."""
        return pages, fetch(manager, source, pages.again(*self._seen))

    def _take(self, answer: tuple[Pages[Row], Fetched[Row]]) -> None:
        self._take_of(*answer)

    def _take_of(self, pages: Pages[Row], fetched: Fetched[Row]) -> None:
        if pages is not self._pages:  # another list is shown by now
            return
        self.problem = ""
        pages.put(fetched)
        if self._seeking is not None:
            self._seek()
        elif self._to_end:
            self.cursor, self._cursor_key = max(0, self.height - 1), None
            self._to_end = not pages.complete
        self.rows_changed()
        if self.cursor >= self._seen[1]:
            self.into_sight()
        self.post_message(self.Loaded(self))
        self.tell_needs()

    def _refused(self, error: ExodslError) -> None:
        self.problem = str(error)
        self.post_message(self.Loaded(self))

    # Far ways

    def action_last(self) -> None:
        """Go to the last row; a list without positions is read up to there, until `esc`."""
        if self._source is None or self._pages.complete:
            super().action_last()
            return
        self._to_end = True
        self.tell_needs()

    def action_failure(self, by: int) -> None:
        """Go to the next row that failed, or the one before, page after page, until `esc`."""
        if self._source is not None:
            self._seeking = (self.cursor + by, by)
            self._seek()

    def _seek(self) -> None:
        assert self._seeking is not None
        index, by = self._seeking
        while 0 <= index < self.height:
            row = self.row(index)
            if row is None:
                self._seeking = (index, by)
                last = index + PAGE * WALK if by > 0 else index
                wanted = self._pages.wanted(max(0, index if by > 0 else index - PAGE * WALK), last)
                if wanted is not None:
                    self._request(wanted)
                    return
            elif self.failed(row):
                self._seeking = None
                self.move_to(index)
                return
            index += by
        self._seeking = None
        self.notify("No more failures below." if by > 0 else "No more failures above.", timeout=2)

    def stop(self) -> bool:
        """Stop going to a far row; return whether it was on its way."""
        going = self._to_end or self._seeking is not None
        self._to_end, self._seeking = False, None
        return going

    def mark_between(self, first: int, last: int) -> None:
        """Mark rows, both ends included; those that were not read yet are read first."""
        if last - first >= MOST_MARKED:
            self.notify(f"A range has at most {MOST_MARKED:,} rows. Filter, and mark all that match with a.")
            return
        missing = [index for index in range(first, last + 1) if self.row(index) is None]
        super().mark_between(first, last)
        if not missing or self._source is None:
            return
        wanted = self._pages.wanted(missing[0], missing[-1])
        if wanted is not None:
            question = partial(fetch, source=self._source, wanted=wanted)
            self.ask("range", question, partial(self._mark_rest, self._pages, first, last))

    def _mark_rest(self, pages: Pages[Row], first: int, last: int, fetched: Fetched[Row]) -> None:
        if pages is self._pages:
            pages.put(fetched)
            self.mark_between(first, last)
