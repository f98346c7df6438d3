"""Keys: what is one, and what each of them seals and opens (semantics 8)."""

from __future__ import annotations

import base64
import sys

import pytest
from pydantic import SecretStr

from exodsl.database.secrets import Place, Sealed
from exodsl.errors import ExtraMissing, SecretUnavailable
from exodsl.manager.sealing import KEY_VARIABLE, Keyring, keyring, new_key

HERE = Place("default", "research", "llm_key")
VALUE = SecretStr("hunter2 – ß\n")
BYTES = bytes(range(224, 256))
"""A key whose base64 has every letter in which the two alphabets differ."""


def test_what_is_sealed_opens_again_and_shows_nothing() -> None:
    keys = Keyring([BYTES])

    sealed = keys.seal(HERE, VALUE)

    assert keys.open(HERE, sealed) == VALUE
    assert b"hunter2" not in sealed.body


def test_one_value_is_sealed_differently_each_time() -> None:
    keys = Keyring([BYTES])

    assert keys.seal(HERE, VALUE).body != keys.seal(HERE, VALUE).body


@pytest.mark.parametrize(
    "place", [HERE._replace(namespace="other"), HERE._replace(graph="other"), HERE._replace(name="other")]
)
def test_what_is_sealed_opens_at_its_own_place_only(place: Place) -> None:
    keys = Keyring([BYTES])

    with pytest.raises(SecretUnavailable, match="was changed since it was sealed"):
        keys.open(place, keys.seal(HERE, VALUE))


@pytest.mark.parametrize("body", [b"", b"short", bytes(60)])
def test_what_was_damaged_does_not_open(body: bytes) -> None:
    keys = Keyring([BYTES])

    with pytest.raises(SecretUnavailable, match="exodsl secrets set research llm_key"):
        keys.open(HERE, Sealed(keys.first, body))


def test_every_key_opens_and_the_first_one_seals() -> None:
    old, new = Keyring([BYTES]), Keyring([bytes(32), BYTES])

    assert new.open(HERE, old.seal(HERE, VALUE)) == VALUE
    assert new.seal(HERE, VALUE).key_id == new.first != old.first


def test_a_key_that_is_not_there_is_named() -> None:
    old, new = Keyring([BYTES]), Keyring([bytes(32)])

    with pytest.raises(SecretUnavailable, match=f"sealed with key {old.first}, and {KEY_VARIABLE} has {new.first}"):
        new.open(HERE, old.seal(HERE, VALUE))


@pytest.mark.parametrize("encode", [base64.urlsafe_b64encode, base64.standard_b64encode])
@pytest.mark.parametrize("dressed", ["{}", " {} ", "{} ,{}"])
def test_both_alphabets_of_base64_are_read(monkeypatch: pytest.MonkeyPatch, encode: object, dressed: str) -> None:
    text = encode(BYTES).decode()  # type: ignore[operator]
    monkeypatch.setenv(KEY_VARIABLE, dressed.format(text, text.rstrip("=")))

    assert keyring().first == Keyring([BYTES]).first


def test_every_new_key_is_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    found: set[str] = set()
    for _ in range(3):
        monkeypatch.setenv(KEY_VARIABLE, new_key())
        found.add(keyring().first)

    assert len(found) == 3


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "is not set"),
        (" ", "is not set"),
        ("exosphere@123", "is not base64"),
        ("hunter2hunter2é", "is not base64"),
        ("A" * 42, "has 31 bytes instead of 32"),
        ("A" * 44, "has 33 bytes instead of 32"),
        (f"{'A' * 43},", "Key 2 in .* has 0 bytes"),
        (f"{'A' * 43},?", "Key 2 in .* is not base64"),
    ],
)
def test_what_is_no_key_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch, text: str, wrong: str) -> None:
    monkeypatch.setenv(KEY_VARIABLE, text)

    with pytest.raises(SecretUnavailable, match=wrong) as caught:
        keyring()

    assert "exodsl secrets key" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    monkeypatch.setenv(KEY_VARIABLE, new_key())

    with pytest.raises(ExtraMissing, match=r'pip install "exodsl\[secrets\]"'):
        keyring()
