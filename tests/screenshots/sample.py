"""A database with runs of the examples: the same bytes of time and ids wherever it is made."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from examples import billing, crawl, words
from exodsl import Fatal, Store, inject
from exodsl.testing import FakeClock, run_inline, step_inline
from exodsl.testing.stepping import Stepper

BEGIN = "2026-03-02T08:55:00Z"
PAGES, WORKERS = 48, 12
MONTH = "2026-02"
EXCHANGES = 12
"""How far the crawl has come when it is looked at."""
GONE, BUSY = (5, 29), (8, 17, 33)
"""Pages that are not there, and that answer only when they are asked again."""


@dataclass(frozen=True)
class Sample:
    """A database to look at.

    :param going: a crawl that is under way: pages that are gone, others to be tried again.
    :param failed: bills that could not be written.
    """

    database: Path
    now_ms: int
    going: str
    failed: str


@contextmanager
def sample(folder: Path) -> Iterator[Sample]:
    """Run examples, one of them only half way."""
    database = folder / "prod.db"
    clock = FakeClock(BEGIN)
    ids = itertools.count(0x51F3A)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("NO_COLOR", raising=False)
        patch.setattr("exodsl.manager.ids.randbits", lambda bits: next(ids) * 0x9E3779B97F4A7C15 % 2**bits)
        patch.setattr(billing, "LEDGER", {MONTH: ledger()})
        patch.setattr(crawl, "SITE", {f"https://site/{page}": f"<p>Page {page}</p>" for page in range(PAGES)})
        _count_words(database, clock)
        clock.advance(70)
        failed = _bill(database, clock)
        clock.advance(45)
        step = _crawl(database, clock)
        with step:
            for _ in range(EXCHANGES):
                step.next()
            yield Sample(database, clock(), step.run.run_id, failed)


def ledger() -> dict[str, dict[str, int]]:
    """Return invoices of nine customers; some of two customers have no amount."""
    return {
        f"c{customer}": {
            f"i{customer}{number}": 0 if customer in (3, 7) and number % 2 else 100 * customer + number
            for number in range(1, 9)
        }
        for customer in range(1, 10)
    }


def _count_words(database: Path, clock: FakeClock) -> None:
    def count_words(text: str) -> int:
        clock.advance(0.4 + len(text) / 100)
        return len(text.split())

    text = "\n\n".join("a paragraph of some words" * (number % 3 + 1) for number in range(30))
    run_inline(words.graph, document=text, clock=clock, db=database, fake={words.count_words: count_words})


def _bill(database: Path, clock: FakeClock) -> str:
    def tax(amount: int) -> int:
        clock.advance(0.12)
        if not amount:
            raise Fatal("an invoice without an amount")
        return amount * 119 // 100

    return run_inline(billing.graph, month=MONTH, clock=clock, db=database, fake={billing.tax: tax}).run_id


def _crawl(database: Path, clock: FakeClock) -> Stepper:
    busy = {f"https://site/{page}" for page in BUSY}
    gone = {f"https://site/{page}" for page in GONE}

    def fetch(url: str, store: Store[crawl.CrawlStore] = inject()) -> crawl.Page:
        clock.advance(0.2 + len(url) % 7 / 10)
        if url in gone:
            raise Fatal(f"404 for {url}")
        if url in busy:
            raise TimeoutError(f"{url} does not answer")
        store.add("seen", 1)
        return crawl.Page(url=url, html=crawl.SITE[url])

    def clean(text: str) -> str:
        clock.advance(0.05)
        return text.strip()

    fakes = {crawl.fetch: fetch, crawl.clean_body: clean, crawl.clean_title: clean}
    return step_inline(crawl.graph, clock=clock, db=database, workers=WORKERS, fake=fakes)
