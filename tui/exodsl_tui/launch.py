"""From a command line to the first screen: which database, which link, and what the terminal can show."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from textual.binding import BindingsMap
from textual.dom import DOMNode
from textual.theme import BUILTIN_THEMES

import exodsl_tui
from exodsl.errors import DatabaseUnusable, InputInvalid, SettingInvalid
from exodsl.manager.opening import FILE, existing_database, http_uri, server_uri
from exodsl_tui.app import Inspector
from exodsl_tui.keys import VARIABLE, parse_keymap
from exodsl_tui.links import Link, RunLink, is_link, parse
from exodsl_tui.places import Place
from exodsl_tui.themes import DARK, LIGHT

THEME_VARIABLE = "TEXTUAL_THEME"
DRIVER_VARIABLE = "TEXTUAL_DRIVER"
"""Set where something else than a terminal shows the screen, such as a browser."""
_RUN = re.compile(r"[0-9a-f-]{3,36}", re.ASCII)
_LIGHT_BACKGROUNDS = frozenset({"7", "15"})


def launch(what: str | None, db: str | None, *, read_only: bool, ascii: bool) -> None:
    """Run the inspector on this terminal until it is left.

    :param what: a database, the id of a run, or a link; `None` for all runs of the default database.
    :param db: the database, where `what` does not name it.
    :raises InputInvalid: when that cannot be understood, or there is no terminal.
    """
    uri, link = what_is_meant(what, db)
    in_browser = DRIVER_VARIABLE in os.environ
    if not (in_browser or (sys.stdin.isatty() and sys.stdout.isatty())):
        raise InputInvalid("`exodsl tui` needs a terminal. `exodsl runs` and `exodsl states` list the same as text.")
    other_keys = os.environ.get(VARIABLE, "")
    app = Inspector(
        Place(name_of(uri), uri, read_only),
        link=link,
        ascii=ascii or not (in_browser or _knows_signs(sys.stdout.encoding)),
        theme=theme_for(os.environ),
        keymap=parse_keymap(other_keys, known_ids()) if other_keys else {},
    )
    app.run()


def what_is_meant(what: str | None, db: str | None) -> tuple[str | None, Link | None]:
    """Return the database and the link that a command line names; `None` for the default database, and all runs.

    :raises InputInvalid: when the word is none of both, or both name a database.
    """
    if what is None:
        return db, None
    if names_database(what):
        if db is not None:
            raise InputInvalid(f'Both "{what}" and --db "{db}" name a database. Leave one of them out.')
        return what, None
    if is_link(what):
        return db, parse(what)
    if _RUN.fullmatch(what):
        return db, RunLink(what)
    raise InputInvalid(
        f'"{what}" is no database file, no id of a run, and no link. A run is named by at least three digits of its id;'
        " `exodsl runs` lists them."
    )


def names_database(what: str) -> bool:
    """Say whether a word is meant as a database: a URL, a file that is there, or the name of one."""
    return "://" in what or Path(what).is_file() or Path(what).suffix in (".db", ".sqlite", ".sqlite3")


def name_of(uri: str | None) -> str:
    """Return what the crumbs call a database: the name of its file; of a server the host, port or name, no password."""
    try:
        found = existing_database(uri)
    except DatabaseUnusable:
        found = FILE if uri is None else uri
    parts = urlsplit(found)
    if http_uri(found) is not None:
        return f"{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")
    if server_uri(found) is None:
        return Path(found).name
    return f"{parts.hostname or 'local'}{parts.path}".rstrip("/")


def theme_for(environment: Mapping[str, str]) -> str:
    """Return the theme for a terminal: what `TEXTUAL_THEME` names, else dark or light by what the terminal says.

    :raises SettingInvalid: for a theme that there is not.
    """
    wanted = environment.get(THEME_VARIABLE)
    if wanted:
        known = (DARK.name, LIGHT.name, *BUILTIN_THEMES)
        if wanted not in known:
            raise SettingInvalid(f'{THEME_VARIABLE} "{wanted}" is no theme. There is: {", ".join(known)}.')
        return wanted
    background = environment.get("COLORFGBG", "").rpartition(";")[2]
    return (LIGHT if background in _LIGHT_BACKGROUNDS else DARK).name


def known_ids() -> frozenset[str]:
    """Return the ids of everything that has a key; loads all screens, so it is asked only where keys are changed."""
    for module in pkgutil.walk_packages(exodsl_tui.__path__, "exodsl_tui."):
        importlib.import_module(module.name)
    found: set[str] = set()
    classes: list[type[DOMNode]] = [DOMNode]
    while classes:
        cls = classes.pop()
        classes += cls.__subclasses__()
        if cls.__module__.startswith("exodsl_tui."):
            bindings = BindingsMap(cls.__dict__.get("BINDINGS", ()))
            found |= {binding.id for _, binding in bindings if binding.id is not None}
    return frozenset(found)


def _knows_signs(encoding: str | None) -> bool:
    try:
        "✗▰".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
