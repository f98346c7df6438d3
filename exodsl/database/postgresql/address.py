"""Where a PostgreSQL database is, from its URI: everything that libpq understands, and the schema of the tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from exodsl.database.postgresql.naming import without_password
from exodsl.errors import DatabaseUnusable

SCHEMA = "exodsl"
"""The schema that holds the tables, unless the URI says `schema=` something else."""
_DEFAULTS: dict[str, Any] = {
    "connect_timeout": 10,
    "fallback_application_name": "exodsl",
    # A server that vanishes without a word is noticed within half a minute.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}


@dataclass(frozen=True, slots=True)
class Address:
    """How to reach a database.

    :param uri: for libpq.
    :param options: what the URI leaves open, and is not libpq's default.
    :param schema: holds the tables.
    :param name: as messages call it.
    """

    uri: str = field(repr=False)
    options: dict[str, Any]
    schema: str
    name: str


def parse(uri: str) -> Address:
    """Return what a `postgresql://` URI means; :raises DatabaseUnusable: when nobody can know."""
    name = without_password(uri)
    try:
        parts = urlsplit(uri)
        given = parse_qsl(parts.query, keep_blank_values=True)
        rest = urlencode([pair for pair in given if pair[0] != "schema"], quote_via=quote)
        plain = urlunsplit(("postgresql", parts.netloc, parts.path, rest, ""))
        known = conninfo_to_dict(plain)
    except (psycopg.Error, ValueError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise DatabaseUnusable(
            f'"{name}" is no address of a PostgreSQL database: {reason}.'
            " Write postgresql://user:password@host:port/database."
        ) from error
    options = {key: value for key, value in _DEFAULTS.items() if key not in known}
    return Address(plain, options, dict(given).get("schema") or SCHEMA, name)
