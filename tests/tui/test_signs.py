"""Signs have one width everywhere, stay apart without colours, and can be plain ASCII."""

import unicodedata

import pytest

from exodsl.engine.status import Gate, Run, State
from exodsl_tui.signs import GATES, RUNS, STATES, TICKS, Sign, Signs, word
from exodsl_tui.themes import THEMES, styles

EVERY = (STATES, RUNS, GATES, TICKS)


@pytest.mark.parametrize("signs", EVERY)
def test_signs_of_one_kind_stay_apart_without_colours(signs: dict[str, Sign]) -> None:
    assert len({sign.symbol for sign in signs.values()}) == len(signs)
    assert len({sign.letter for sign in signs.values()}) == len(signs)
    assert len({sign.word for sign in signs.values()}) == len(signs)


@pytest.mark.parametrize("signs", EVERY)
def test_no_sign_has_another_width_on_another_terminal(signs: dict[str, Sign]) -> None:
    assert {unicodedata.east_asian_width(sign.symbol) for sign in signs.values()} <= {"N", "Na"}
    assert all(sign.letter.isascii() for sign in signs.values())


def test_every_status_has_a_sign() -> None:
    assert set(STATES) == set(State.__members__)
    assert set(RUNS) == set(Run.__members__)
    assert set(GATES) == set(Gate.__members__)


def test_a_status_of_a_later_version_is_shown_as_it_is() -> None:
    assert Signs().state("DREAMT") == ("?", "strong")
    assert word(STATES, "DREAMT") == "DREAMT"


def test_plain_terminals_get_plain_characters() -> None:
    names = ("done", "failed", "moving", "ahead", "cut", "marked", "folded", "unfolded", "rule")

    assert all(getattr(Signs(ascii=True), name).isascii() for name in names)
    assert Signs(ascii=True).state("ERRORED") == ("E", "bad")


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_each_theme_colours_the_families_apart(theme: object) -> None:
    looks = styles(theme.variables)  # type: ignore[attr-defined]
    families = [looks[tone].color for tone in ("wait", "active", "ok", "bad", "retry")]

    assert None not in families
    assert len(set(families)) == 5
