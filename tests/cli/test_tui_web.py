"""`exodsl tui --web`: the inspector in a browser, for those who may see it."""

import asyncio
import importlib.util
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import aiohttp
import httpx
import pytest

from tests.cli.conftest import ROOT, Call

WAIT = 30.0
TOKEN = "correct-horse-battery"
Start = Callable[..., "subprocess.Popen[str]"]
Serve = Callable[..., AbstractContextManager[str]]


@pytest.fixture
def serve(cli: Call, start: Start, environment: dict[str, str], folder: Path) -> Serve:
    """Serves the inspector of a database with one run; gives its address."""
    cli("run", "words.py", "--input", "document=One. Two.")
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "tui")])

    @contextmanager
    def serve(*words: str, token: str = "") -> Iterator[str]:
        environment["EXODSL_TUI_TOKEN"] = token
        with start("tui", "--web", "--port", "0", *words) as process:
            assert process.stderr is not None
            said = process.stderr.readline()
            found = re.search(r"http://[0-9.]+:\d+", said)
            assert found is not None, said + process.stderr.read()
            yield found[0]
            process.terminate()
            assert process.wait(WAIT) == 0

    return serve


async def first_screen(address: str, *, origin: str | None = None, cookie: str | None = None, text: bytes) -> bytes:
    """Open the websocket as the page does, and read until a text is drawn."""
    headers = {"Origin": origin or address} | ({"Cookie": cookie} if cookie else {})
    seen = b""
    async with (
        asyncio.timeout(WAIT),
        aiohttp.ClientSession() as visitor,
        visitor.ws_connect(f"{address}/ws?width=100&height=30", headers=headers) as socket,
    ):
        while text not in seen:
            message = await socket.receive()
            assert message.type is aiohttp.WSMsgType.BINARY, message
            seen += message.data
    return seen


def test_a_browser_on_this_machine_sees_the_runs(serve: Serve) -> None:
    with serve("--read-only") as address:
        page = httpx.get(address)
        assert f'data-session-websocket-url="{address.replace("http", "ws")}/ws"' in page.text
        assert "font-src 'self'" in page.headers["Content-Security-Policy"]

        seen = asyncio.run(first_screen(address, text=b"word-count"))
        assert b"read-only" in seen

        foreign = httpx.get(address, headers={"Host": "evil.example"})
        assert foreign.status_code == 403
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            asyncio.run(first_screen(address, origin="http://evil.example", text=b"word-count"))
        assert refused.value.status == 403


def test_others_need_the_token(serve: Serve) -> None:
    with serve("--host", "0.0.0.0", token=TOKEN) as served:
        address = served.replace("0.0.0.0", "127.0.0.1")
        for wrong in ("/", "/?token=wrong", "/ws", "/static/js/textual.js"):
            assert httpx.get(address + wrong).status_code == 401

        entered = httpx.get(f"{address}/?token={TOKEN}")
        assert (entered.status_code, entered.headers["Location"]) == (302, "/")
        cookie = entered.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert TOKEN not in cookie

        cookie = cookie.partition(";")[0]
        assert httpx.get(address, headers={"Cookie": cookie}).status_code == 200
        asyncio.run(first_screen(address, cookie=cookie, text=b"word-count"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--web", "--host", "0.0.0.0"], "there is no token"),
        (["--web", "--token", "short"], "at least 16 characters"),
        (["--web", "nowhere?x"], "is no database file"),
        (["--web", "--host", "nowhere.invalid"], "cannot be served"),
        (["--port", "8080"], "--port is for browsers"),
        (["--token", TOKEN], "--token is for browsers"),
    ],
)
def test_what_cannot_be_served_is_refused_in_one_message(cli: Call, words: list[str], said: str) -> None:
    answer = cli("tui", *words)

    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1


def test_without_the_extra_it_says_how_to_get_it(cli: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "textual_serve" else found(name))

    answer = cli("tui", "--web")

    assert answer.code == 3
    assert 'pip install "exodsl[web]"' in answer.err
