"""Links: they are read back as they were spelled, and what leads nowhere is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exodsl.errors import InputInvalid
from exodsl_tui.links import (
    HOME_TABS,
    RUN_TABS,
    STATE_TABS,
    GateLink,
    HomeLink,
    Link,
    RunLink,
    StateLink,
    is_link,
    parse,
    spell,
)

RUNS = st.text("0123456789abcdef-", min_size=1, max_size=36).filter(lambda text: text.strip() == text)
FILTERS = st.text(max_size=20).map(str.strip)
NODES = st.text(st.characters(exclude_characters=".{}", exclude_categories=["Z", "C"]), min_size=1, max_size=12)
LINKS: st.SearchStrategy[Link] = st.one_of(
    st.builds(HomeLink, st.sampled_from(HOME_TABS), FILTERS),
    st.builds(RunLink, RUNS, st.sampled_from(RUN_TABS), FILTERS),
    st.builds(StateLink, RUNS, st.integers(0, 10**9), st.sampled_from((None, *STATE_TABS))),
    st.builds(GateLink, RUNS, NODES, st.none() | st.lists(st.integers(0, 999), max_size=3).map(tuple)),
)


@given(LINKS)
def test_a_link_is_read_back_as_it_was_spelled(link: Link) -> None:
    assert parse(spell(link)) == link
    assert is_link(spell(link))


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("runs", HomeLink("runs")),
        ("runs?status:failed", HomeLink("runs", "status:failed")),
        ("run/7f3", RunLink("7f3")),
        ("run/7f3/states?status:errored node:fetch", RunLink("7f3", "states", "status:errored node:fetch")),
        ("run/7f3/state/412/error", StateLink("7f3", 412, "error")),
        ("run/7f3/gate/collect", GateLink("7f3", "collect")),
        ("run/7f3/gate/collect/-", GateLink("7f3", "collect", ())),
        ("run/7f3/gate/collect/0.3", GateLink("7f3", "collect", (0, 3))),
    ],
)
def test_links_are_short_to_type(text: str, link: Link) -> None:
    assert parse(text) == link
    assert spell(link) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rums", 'no "rums". There is: runs'),
        ("run/7f3/stats", 'Did you mean "states"'),
        ("run/7f3/state/x", 'no "state"'),
        ("run/7f3/state/4/eror", 'Did you mean "error"'),
        ("run/7f3/gate/collect/a.b", "should be numbers such as 0.3"),
        ("runs/7f3", "leads nowhere"),
        ("run/", "leads nowhere"),
    ],
)
def test_what_leads_nowhere_is_told(text: str, said: str) -> None:
    with pytest.raises(InputInvalid) as caught:
        parse(text)

    assert said in str(caught.value)


def test_words_that_are_no_links_are_not_taken_for_some() -> None:
    assert not any(map(is_link, ("prod.db", "7f3a", "run", "run/", "/tmp/runs.db", "sqlite:///x.db")))
