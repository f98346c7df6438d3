"""Sealing secrets with a key that is never stored: AES-GCM, and keys that can be changed (semantics 8)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import shlex
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pydantic import SecretStr
from pydantic_core import to_json

from exodsl.database.secrets import Place, Sealed
from exodsl.errors import ExtraMissing, SecretUnavailable

KEY_VARIABLE = "SECRETS_ENCRYPTION_KEY"
_KEY_BYTES = 32
_NONCE_BYTES = 12


def set_command(place: Place) -> str:
    """Return the command that stores a value."""
    where = () if place.namespace == "default" else ("--namespace", place.namespace)
    return shlex.join(["exodsl", "secrets", "set", place.graph, place.name, *where])


def new_key() -> str:
    """Return a new random key, as it stands in the environment variable."""
    return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode()


def keyring() -> Keyring:
    """Return the keys that `SECRETS_ENCRYPTION_KEY` names.

    :raises SecretUnavailable: when it is not set, or one of them is no key.
    :raises ExtraMissing: when the library that seals is not installed.
    """
    text = os.environ.get(KEY_VARIABLE, "").strip()
    if not text:
        raise SecretUnavailable(
            f"Stored secrets are encrypted, and {KEY_VARIABLE} is not set. Set it to the key of this database, for the"
            " server where one serves it; `exodsl secrets key` makes one for a new database."
        )
    return _keyring(text)


@lru_cache(1)
def _keyring(text: str) -> Keyring:
    return Keyring(_keys(text))


class Keyring:
    """Keys of which the first seals, and all open.

    :param keys: 32 bytes each.
    :raises ExtraMissing: when the library that seals is not installed.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError as error:
            raise ExtraMissing("Stored secrets", "secrets") from error
        self._ciphers: dict[str, Any] = {_key_id(key): AESGCM(key) for key in keys}
        self.first = _key_id(keys[0])
        """The name of the key that seals."""

    def seal(self, place: Place, value: SecretStr) -> Sealed:
        """Return a value sealed with the first key; it opens at its own place only."""
        nonce = os.urandom(_NONCE_BYTES)
        text = value.get_secret_value().encode("utf-8", "surrogatepass")
        return Sealed(self.first, nonce + self._ciphers[self.first].encrypt(nonce, text, _bound_to(place)))

    def open(self, place: Place, sealed: Sealed) -> SecretStr:
        """Return what was sealed; :raises SecretUnavailable: when no key opens it."""
        from cryptography.exceptions import InvalidTag

        cipher = self._ciphers.get(sealed.key_id)
        if cipher is None:
            raise SecretUnavailable(
                f'The secret "{place.name}" of graph "{place.graph}" was sealed with key {sealed.key_id}, and'
                f" {KEY_VARIABLE} has {', '.join(self._ciphers)}. Add that key behind a comma, or store the value anew."
            )
        try:
            text = cipher.decrypt(sealed.body[:_NONCE_BYTES], sealed.body[_NONCE_BYTES:], _bound_to(place))
        except (InvalidTag, ValueError) as error:
            raise SecretUnavailable(
                f'The secret "{place.name}" of graph "{place.graph}" was changed since it was sealed. Store it anew:'
                f" {set_command(place)}"
            ) from error
        return SecretStr(text.decode("utf-8", "surrogatepass"))

    def holds(self, place: Place, sealed: Sealed | None, value: SecretStr) -> bool:
        """Say whether a value is sealed already, with the first key."""
        if sealed is None or sealed.key_id != self.first:
            return False
        try:
            return self.open(place, sealed) == value
        except SecretUnavailable:
            return False


def _key_id(key: bytes) -> str:
    """Return the name of a key; nobody finds the key by it."""
    return hashlib.sha256(b"exodsl secrets key\0" + key).hexdigest()[:8]


def _bound_to(place: Place) -> bytes:
    return to_json(place)


def _keys(text: str) -> list[bytes]:
    parts = [part.strip() for part in text.split(",")]
    return [_key(part, number, len(parts)) for number, part in enumerate(parts, 1)]


def _key(text: str, number: int, count: int) -> bytes:
    which = f"Key {number} in {KEY_VARIABLE}" if count > 1 else KEY_VARIABLE
    plain = text.replace("-", "+").replace("_", "/")
    try:
        key = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SecretUnavailable(f"{which} is not base64. `exodsl secrets key` makes a key.") from error
    if len(key) != _KEY_BYTES:
        raise SecretUnavailable(
            f"{which} has {len(key)} bytes instead of {_KEY_BYTES}. `exodsl secrets key` makes a key."
        )
    return key
