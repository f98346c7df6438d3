"""Keys that are limited to namespaces: the file that names them, and who shows one."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from exodsl.errors import SettingInvalid
from exodsl.server.keys import Key, Scope, key_of, read_keys
from exodsl.server.settings import KEY_VARIABLE, Settings, listen, settings_from
from tests.server.conftest import KEY, Client, Serve, digest

GOOD = f'sha256 = "{digest("k")}"\nnamespaces = ["billing"]'


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The file of the keys."""
    return tmp_path / "keys.toml"


@pytest.fixture
def client(serve: Serve, keys: Path) -> Client:
    """A caller of a server with two limited keys."""
    tables = {"first": "billing", "second": "reports"}
    keys.write_text("".join(f'[{k}]\nsha256 = "{digest(k)}"\nnamespaces = ["{n}"]\n' for k, n in tables.items()))
    return serve(keys=read_keys(keys))


def statuses(client: Client, *shown: str) -> list[int]:
    """Return what some keys get for a look into the namespace "billing"."""
    url = "/v0/namespace/billing/graphs/"
    return [client.get(url, headers={"x-api-key": key.encode()}).status_code for key in shown]


def test_a_file_has_a_table_for_each_key(keys: Path) -> None:
    more = f'sha256 = "{digest("ключ").upper()}"\nnamespaces = ["a b", "reports", "billing"]'
    keys.write_text(f"[billing]\n{GOOD}\n\n['of two']\n{more}\n", "utf-8")

    assert read_keys(keys) == (
        key_of("k", Scope("billing", frozenset({"billing"}))),
        key_of("ключ", Scope("of two", frozenset({"billing", "reports", "a b"}))),
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "has no keys. Write a table for each"),
        ("[a", "is no TOML file"),
        ("\ud800", "is no TOML file"),
        ("a = 1", 'Key "a" in FILE is no table: write [a]'),
        ("[a]", 'Key "a" in FILE has no digest'),
        ('[a]\nsha256 = "abc"', 'Key "a" in FILE has no digest: sha256 must be'),
        (f'[a]\nsha256 = "{digest("k")[:-1]}x"', "64 hexadecimal digits"),
        ("[a]\nsha256 = 1", "has no digest"),
        (f'[a]\nsha256 = "{digest("")}"', "the digest of an empty text"),
        (f'[a]\nsha256 = "{digest("k")}"', 'Key "a" in FILE is for no namespace: write namespaces = ["billing"]'),
        (GOOD.replace('["billing"]', "[]").join(["[a]\n", ""]), "is for no namespace"),
        (GOOD.replace('["billing"]', '"billing"').join(["[a]\n", ""]), "is for no namespace"),
        (GOOD.replace('"billing"', "1").join(["[a]\n", ""]), "cannot be for namespace 1"),
        (GOOD.replace('"billing"', '" billing"').join(["[a]\n", ""]), "without blanks around them"),
        (GOOD.replace("billing", "bill*").join(["[a]\n", ""]), "there are no patterns"),
        (
            f'[a]\n{GOOD}\nnamespace = "b"',
            'has an unknown field "namespace": write sha256 and namespaces. Did you mean',
        ),
        (f"[a]\n{GOOD}\n[b]\n{GOOD}", 'Keys "a" and "b" in FILE are one key'),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(keys: Path, text: str, complaint: str) -> None:
    keys.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(SettingInvalid) as refused:
        read_keys(keys)

    assert complaint.replace("FILE", str(keys)) in str(refused.value)
    assert str(keys) in str(refused.value)


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingInvalid, match=r"cannot be read: .* Name a file with --keys"):
        read_keys(tmp_path / name)


def test_a_limited_key_is_another_than_the_one_without_limits(keys: Path) -> None:
    keys.write_text(f"[billing]\n{GOOD}")
    with pytest.raises(SettingInvalid, match=r'Key "billing" in .* is the one in STATE_MANAGER_SECRET'):
        settings_from({KEY_VARIABLE: "k"}, lease_ms=1, body_bytes=1, keys=keys)

    scopes = [
        key.scope.name for key in settings_from({KEY_VARIABLE: "another"}, lease_ms=1, body_bytes=1, keys=keys).all_keys
    ]
    assert scopes == [KEY_VARIABLE, "billing"]


def test_each_key_opens_what_it_is_for(client: Client) -> None:
    """Wherever it stands in the file; what only begins like one opens nothing."""
    assert statuses(client, KEY, "first", "second", "third", "firs", "first ", "") == [
        200,
        200,
        403,
        401,
        401,
        401,
        401,
    ]


def test_a_digest_is_no_key(client: Client) -> None:
    assert statuses(client, digest("first"), digest(KEY)) == [401, 401]


def test_limited_keys_alone_leave_nothing_open(serve: Serve) -> None:
    client = serve(key=None, keys=(key_of("k", Scope("billing", frozenset({"billing"}))),))

    assert statuses(client, "k", "", KEY) == [200, 401, 401]
    assert client.get("/health", headers={"x-api-key": ""}).status_code == 200


@pytest.mark.parametrize(
    "settings",
    [Settings(SecretStr("k")), Settings(keys=(Key(b"", Scope("a", frozenset({"a"}))),))],
    ids=["all", "limited"],
)
def test_a_key_of_either_kind_lets_others_than_this_machine_call(settings: Settings) -> None:
    with listen("0.0.0.0", 0, settings) as listening:
        assert listening.getsockname()[1] > 0
