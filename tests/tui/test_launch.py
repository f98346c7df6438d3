"""What a command line means: a database, a run, a link, and how the terminal is."""

from __future__ import annotations

from pathlib import Path

import pytest

from exodsl.errors import InputInvalid, SettingInvalid
from exodsl_tui.launch import name_of, theme_for, what_is_meant
from exodsl_tui.links import HomeLink, Link, RunLink, StateLink


@pytest.mark.parametrize(
    ("what", "db", "meant"),
    [
        (None, None, (None, None)),
        (None, "x.db", ("x.db", None)),
        ("x.db", None, ("x.db", None)),
        ("sqlite:///x", None, ("sqlite:///x", None)),
        ("7f3", "x.db", ("x.db", RunLink("7f3"))),
        ("runs?status:failed", None, (None, HomeLink("runs", "status:failed"))),
        ("run/7f3/state/4", None, (None, StateLink("7f3", 4))),
    ],
)
def test_words_are_told_apart(what: str | None, db: str | None, meant: tuple[str | None, Link | None]) -> None:
    assert what_is_meant(what, db) == meant


def test_a_file_that_is_there_is_a_database_whatever_it_is_called(tmp_path: Path) -> None:
    file = tmp_path / "7f3"
    file.touch()

    assert what_is_meant(str(file), None) == (str(file), None)


@pytest.mark.parametrize(("what", "db"), [("words.py", None), ("x.db", "y.db"), ("run/7f3/nowhere", None)])
def test_what_cannot_be_meant_is_refused(what: str, db: str | None) -> None:
    with pytest.raises(InputInvalid):
        what_is_meant(what, db)


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("postgresql://me:hidden@db.example.org:5433/flows?schema=etl", "db.example.org/flows"),
        ("postgresql://postgres@/flows?host=/run/pg&password=hidden", "local/flows"),
    ],
)
def test_a_database_of_a_server_is_called_by_its_host_and_name(uri: str, name: str) -> None:
    """A password in its URI is shown to nobody."""
    assert name_of(uri) == name


def test_a_database_is_called_by_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EXOSPHERE_STATE_MANAGER_URI", raising=False)

    assert (name_of(None), name_of("some/prod.db")) == ("exodsl.db", "prod.db")


def test_the_theme_follows_the_terminal() -> None:
    assert theme_for({}) == "exodsl-dark"
    assert theme_for({"COLORFGBG": "0;15"}) == "exodsl-light"
    assert theme_for({"COLORFGBG": "15;0"}) == "exodsl-dark"
    assert theme_for({"TEXTUAL_THEME": "ansi-dark"}) == "ansi-dark"
    with pytest.raises(SettingInvalid, match="is no theme"):
        theme_for({"TEXTUAL_THEME": "mauve"})
