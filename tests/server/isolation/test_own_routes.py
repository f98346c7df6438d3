"""exodsl's own protocol over HTTP, with a key that is limited to one namespace: each of its routes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from pydantic_core import to_json

from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.remote.calls import calls as described
from exodsl.manager.remote.messages import EXPORT, PREFIX, WAIT
from tests.server.conftest import Client
from tests.server.isolation import test_calls as cases
from tests.server.isolation.conftest import OURS, THEIRS, Space, dump

STANDS_FOR = {name: call for name, call in cases.IN_STEAD.items() if name in described()} | {"wait": "wake_on_work"}
ABOUT_ONE = sorted(
    {*described(), "wait", "export_run"} - cases.LISTS.keys() - set(cases.OF_NOTHING) - {"rotate_secrets"}
)
MORE: dict[str, dict[str, Any]] = {
    "host_session": {"host": "far"},
    "exchange_hosted": {"number": 1, "holding": {}},
}


def ask(client: Client, name: str, arguments: dict[str, Any]) -> Response:
    """Return the answer to a call with the key of our namespace."""
    call = described().get(name)
    body = to_json(arguments) if call is None else call.asks(**arguments).model_dump_json(exclude_unset=True).encode()
    headers = {"x-api-key": OURS, "content-type": "application/json"}
    return client.post(f"{PREFIX}/{name}", content=body, headers=headers)


def arguments(name: str, space: Space, session: int, folder: Path) -> dict[str, Any]:
    """Return what a route is asked of a namespace."""
    given = cases.calls(space, session, folder)[STANDS_FOR.get(name, name)] | MORE.get(name, {})
    return {"run_id": given["run_id"]} if name == "export_run" else given


def test_every_route_has_a_case(client: Client) -> None:
    routes = {path for path in client.app.openapi()["paths"] if path.startswith(f"{PREFIX}/")}
    named = {*ABOUT_ONE, *cases.LISTS, "rotate_secrets"} | (set(cases.OF_NOTHING) & set(described()))

    assert routes == {f"{PREFIX}/{name}" for name in named} >= {WAIT, EXPORT}


@pytest.mark.parametrize("name", ABOUT_ONE)
def test_what_is_of_another_namespace_is_neither_seen_nor_changed(
    client: Client, manager: EmbeddedManager, file: Path, theirs: Space, tmp_path: Path, name: str
) -> None:
    session = manager.host_session("theirs", theirs.serves, "far")
    before = dump(file)
    answer = ask(client, name, arguments(name, theirs, session, tmp_path))

    assert answer.status_code in (403, 404)
    assert "2 runs" not in answer.text  # no more than what was asked for is named
    assert dump(file) == before


@pytest.mark.parametrize("name", ABOUT_ONE)
def test_what_is_of_ones_own_is_answered(
    client: Client, manager: EmbeddedManager, ours: Space, theirs: Space, tmp_path: Path, name: str
) -> None:
    session = manager.host_session("ours", ours.serves, "far")
    more = {"seconds": 0.01} if name == "wait" else {}
    answer = ask(client, name, arguments(name, ours, session, tmp_path) | more)

    assert answer.status_code == 200, answer.text
    assert name == "export_run" or THEIRS not in answer.text


@pytest.mark.parametrize("name", sorted(cases.LISTS))
def test_lists_have_only_what_is_of_the_key(client: Client, ours: Space, theirs: Space, name: str) -> None:
    answer = ask(client, name, cases.LISTS[name])

    assert answer.status_code == 200
    assert THEIRS not in answer.text


def test_what_is_about_all_namespaces_wants_the_key_without_limits(client: Client, file: Path) -> None:
    before = dump(file)

    assert ask(client, "rotate_secrets", {}).status_code == 403
    assert dump(file) == before
