"""Which database is meant (semantics 10)."""

from __future__ import annotations

from pathlib import Path

import pytest

from exodsl.errors import DatabaseUnusable
from exodsl.manager.opening import URI_VARIABLE, database_path, open_manager


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with no state manager named by the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(URI_VARIABLE, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        (":memory:", ":memory:"),
        ("sqlite://", ":memory:"),
        ("sqlite:///", ":memory:"),
        ("sqlite:///:memory:", ":memory:"),
        ("sqlite:///near.db", "near.db"),
        ("sqlite:///down/near.db", "down/near.db"),
        ("sqlite:////far/away.db", "/far/away.db"),
        ("near.db", "near.db"),
        ("/far/away.db", "/far/away.db"),
    ],
)
def test_a_uri_names_a_file(uri: str, path: str) -> None:
    assert database_path(uri) == path


@pytest.mark.parametrize("uri", ["mysql://x/y", "sqlite3:///x.db", "://x"])
def test_an_unknown_scheme_is_refused_with_one_that_works(uri: str) -> None:
    with pytest.raises(DatabaseUnusable, match="sqlite:///"):
        database_path(uri)


def test_the_environment_names_it_where_nobody_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URI_VARIABLE, "sqlite:///named.db")

    assert (database_path(), database_path("other.db")) == ("named.db", "other.db")


def test_without_a_name_a_folder_is_made_that_git_ignores(here: Path) -> None:
    open_manager().close()

    assert (here / ".exodsl" / "exodsl.db").is_file()
    assert (here / ".exodsl" / ".gitignore").read_text() == "*\n"


def test_the_nearest_folder_upwards_is_taken(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / ".exodsl").mkdir()
    (here / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(here / "a" / "b")

    assert database_path() == str(here / ".exodsl" / "exodsl.db")
    assert not (here / "a" / "b" / ".exodsl").exists()


def test_a_file_in_place_of_the_folder_is_refused(here: Path) -> None:
    (here / ".exodsl").touch()

    with pytest.raises(DatabaseUnusable, match="--db"):
        database_path()
