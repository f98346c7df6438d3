"""Who calls: the key without limits, and keys that are limited to namespaces (semantics 10)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Any

from exodsl.errors import NamespaceRefused, SettingInvalid, did_you_mean

_FIELDS = ("sha256", "namespaces")
_DIGEST = re.compile("[0-9a-fA-F]{64}")
_NO_KEY = sha256(b"").digest()


@dataclass(frozen=True, slots=True)
class Scope:
    """What a caller may touch.

    :param name: what the key is called; logs show it.
    :param namespaces: all that it is for; `None` for a key without limits.
    """

    name: str
    namespaces: frozenset[str] | None = None

    def has(self, namespace: str) -> bool:
        """Say whether a namespace may be touched."""
        return self.namespaces is None or namespace in self.namespaces

    def check(self, *namespaces: str) -> None:
        """:raises NamespaceRefused: naming the first, by name, of these namespaces that may not be touched."""
        for namespace in sorted(namespaces):
            if not self.has(namespace):
                raise NamespaceRefused(namespace)

    def check_unlimited(self) -> None:
        """:raises NamespaceRefused: unless everything may be touched."""
        if self.namespaces is not None:
            raise NamespaceRefused


ANYBODY = Scope("none")
"""What may be touched where no key is asked for."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as a server knows it: the SHA-256 digest of what callers show, and what they may touch then."""

    digest: bytes
    scope: Scope


def key_of(secret: str, scope: Scope) -> Key:
    """Return a key from what callers show."""
    return Key(sha256(secret.encode()).digest(), scope)


def scope_of(keys: Sequence[Key], shown: bytes) -> Scope | None:
    """Return what a caller may touch who shows this; `None` for no key of these.

    Digests are compared, and always all of them: how long it takes says nothing of any key.
    """
    digest = sha256(shown).digest()
    found: Scope | None = None
    for key in keys:
        if compare_digest(digest, key.digest):
            found = key.scope
    return found


def read_keys(path: Path) -> tuple[Key, ...]:
    """Return the keys of a TOML file, which has a table for each: `sha256` and `namespaces`.

    :raises SettingInvalid: naming the file, the table and the cure.
    """
    keys: dict[bytes, Key] = {}
    for name, table in _tables(path).items():
        key = _read(f'Key "{name}" in {path}', name, table)
        other = keys.setdefault(key.digest, key)
        if other is not key:
            raise SettingInvalid(
                f'Keys "{other.scope.name}" and "{name}" in {path} are one key: their digests are equal. Make another.'
            )
    return tuple(keys.values())


def _tables(path: Path) -> Mapping[str, Any]:
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingInvalid(
            f"The keys in {path} cannot be read: {error.strerror}. Name a file with --keys."
        ) from error
    except ValueError as error:  # no TOML, or no UTF-8
        raise SettingInvalid(
            f"{path} is no TOML file: {error}. Write a table for each key, such as [billing]."
        ) from error
    if not tables:
        raise SettingInvalid(f"{path} has no keys. Write a table for each, such as [billing], or leave out --keys.")
    return tables


def _read(what: str, name: str, table: Any) -> Key:
    """:param what: names the key in messages."""
    if not isinstance(table, dict):
        raise SettingInvalid(f"{what} is no table: write [{name}], and below it sha256 and namespaces.")
    for field in table:
        if field not in _FIELDS:
            raise SettingInvalid(
                f'{what} has an unknown field "{field}": write sha256 and namespaces.{did_you_mean(field, _FIELDS)}'
            )
    return Key(_digest(what, table.get("sha256")), Scope(name, _namespaces(what, table.get("namespaces"))))


def _digest(what: str, given: Any) -> bytes:
    if not isinstance(given, str) or not _DIGEST.fullmatch(given):
        raise SettingInvalid(f"{what} has no digest: sha256 must be the key's SHA-256 in 64 hexadecimal digits.")
    digest = bytes.fromhex(given)
    if digest == _NO_KEY:
        raise SettingInvalid(f"{what} has the digest of an empty text: take that of the key.")
    return digest


def _namespaces(what: str, given: Any) -> frozenset[str]:
    if not isinstance(given, list) or not given:
        raise SettingInvalid(f'{what} is for no namespace: write namespaces = ["billing"], or any number of them.')
    for name in given:
        if not isinstance(name, str) or not name or name != name.strip():
            raise SettingInvalid(f"{what} cannot be for namespace {name!r}: write names, without blanks around them.")
        if "*" in name:
            raise SettingInvalid(f'{what} cannot be for namespace "{name}": there are no patterns, so write each name.')
    return frozenset(given)
