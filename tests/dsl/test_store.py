"""A body reads committed values and its own writes; what it writes is data."""

import asyncio
import math

import pytest
from pydantic import BaseModel

from exodsl import Store
from exodsl.dsl import StoreSession
from exodsl.errors import DefinitionError, OutputInvalid


class Page(BaseModel):
    url: str


class CrawlStore(BaseModel):
    cursor: int = 0
    seen: float = 0
    pages: list[Page] = []


@pytest.fixture
def session() -> StoreSession:
    """A session over a committed store of an earlier body, with one key of somebody else."""
    return StoreSession(lambda: {"cursor": 3, "other": "x"})


@pytest.fixture
def store(session: StoreSession) -> Store[CrawlStore]:
    """The store over that session."""
    return Store.over(session, CrawlStore)


def test_reading_overlays_the_own_writes(store: Store[CrawlStore], session: StoreSession) -> None:
    session.set("pages", [{"url": "a"}])
    store.add("cursor", 2)
    store.add("seen", 1)

    assert store.read() == CrawlStore(cursor=5, seen=1, pages=[Page(url="a")])
    assert session.writes == (("set", "pages", [{"url": "a"}]), ("add", "cursor", 2), ("add", "seen", 1))


def test_an_edit_sets_what_differs(store: Store[CrawlStore], session: StoreSession) -> None:
    with store.edit() as edited:
        edited.pages.append(Page(url="b"))
        edited.cursor = 3

    assert session.writes == (("set", "pages", [{"url": "b"}]),)


def test_an_edit_that_fails_writes_nothing(store: Store[CrawlStore], session: StoreSession) -> None:
    with pytest.raises(KeyError), store.edit() as edited:
        edited.cursor = 9
        raise KeyError

    assert session.writes == ()


def test_an_edit_may_be_async(store: Store[CrawlStore], session: StoreSession) -> None:
    async def edit() -> None:
        async with store.edit() as edited:
            edited.cursor = 9

    asyncio.run(edit())

    assert session.writes == (("set", "cursor", 9),)


def test_a_store_made_by_hand_works_on_its_value() -> None:
    store = Store(CrawlStore(cursor=1))

    store.add("cursor", 1)

    assert store.read().cursor == 2


def test_an_unknown_key_is_refused_with_the_nearest(store: Store[CrawlStore]) -> None:
    with pytest.raises(DefinitionError, match=r'E131 the store has no key "curser".*Did you mean "cursor"'):
        store.add("curser", 1)


def test_a_number_that_json_does_not_have_is_refused(store: Store[CrawlStore]) -> None:
    with pytest.raises(OutputInvalid, match=r'store key "seen" cannot hold nan'):
        store.add("seen", math.nan)
    with pytest.raises(OutputInvalid, match=r'store key "seen" cannot hold inf'), store.edit() as edited:
        edited.seen = math.inf
