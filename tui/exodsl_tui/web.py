"""The inspector in a browser: textual-serve shows it, one process for each visitor; this says who may visit.

A page of somebody else must not reach it through the visitor's browser: the host that is asked for has to be this
machine's, or the visitor has to know the token, and a websocket is opened only by a page that came from here.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import ipaddress
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from exodsl.errors import ExtraMissing, SettingInvalid

if TYPE_CHECKING:
    from aiohttp import web

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TOKEN_VARIABLE = "EXODSL_TUI_TOKEN"
LEAST_TOKEN = 16
"""Characters that a token has at least."""
_COOKIE = "exodsl-tui"
_LIBRARIES = ("aiohttp", "textual_serve")
_HEADERS = {
    "Content-Security-Policy": "style-src 'self' 'unsafe-inline'; font-src 'self' data:; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def serve(words: Sequence[str], host: str, port: int, token: str | None, say: Callable[[str], object]) -> None:
    """Serve the inspector to browsers until Ctrl-C.

    :param words: what each visitor's `exodsl tui` is given.
    :param port: 0 takes any that is free.
    :param say: is told where it is served.
    :raises ExtraMissing: when the extra `web` is not installed.
    :raises SettingInvalid: when others than this machine could come without a token, or nothing can listen there.
    """
    if any(importlib.util.find_spec(name) is None for name in _LIBRARIES):
        raise ExtraMissing("Pages in a browser", "web")
    from aiohttp import web

    with listen(host, port, token) as listening:
        shown = f"[{host}]" if ":" in host else host
        who = f"/?token=... with the token in {TOKEN_VARIABLE} or --token" if token else " to this machine only"
        say(f"serving the inspector on http://{shown}:{listening.getsockname()[1]}{who}; Ctrl-C ends it")
        web.run_app(application(command(words), token), sock=listening, print=None, access_log=None)


def command(words: Sequence[str]) -> str:
    """Return the command line of one visitor's inspector, as a shell takes it."""
    whole = [sys.executable, "-P", "-c", "from exodsl.cli import main; main()", "tui", *words]
    return shlex.join(whole) if os.name == "posix" else subprocess.list2cmdline(whole)


def listen(host: str, port: int, token: str | None) -> socket.socket:
    """Return a socket that listens. :raises SettingInvalid: when it cannot, or everybody could come."""
    if token is not None and len(token) < LEAST_TOKEN:
        raise SettingInvalid(f"A token has at least {LEAST_TOKEN} characters; {len(token)} can be guessed.")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        if token is None and not is_loopback(str(address[0])):
            raise SettingInvalid(
                f'Everybody could reach "{host}", and there is no token. Set {TOKEN_VARIABLE}, or serve on 127.0.0.1.'
            )
        return socket.create_server(address[:2], family=family)
    except (OSError, UnicodeError) as error:
        raise SettingInvalid(f"{host} port {port} cannot be served: {error}. Choose another address.") from error


def is_loopback(host: str) -> bool:
    """Say whether an address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


async def application(command: str, token: str | None) -> web.Application:
    """Return the web application that shows what a command draws to those who may see it."""
    from textual_serve.server import Server

    class Pages(Server):
        async def handle_index(self, request: web.Request) -> Any:
            """Give the page, with addresses as this visitor knows them."""
            known = copy(self)
            known.public_url = f"{request.scheme}://{request.host}"
            return await Server.handle_index(known, request)

        async def on_startup(self, app: web.Application) -> None:
            """Say nothing; `serve` has."""

    made: web.Application = await Pages(command, title="exodsl")._make_app()
    made.middlewares.append(_guard(token))
    made.on_response_prepare.append(_add_headers)
    return made


def _guard(token: str | None) -> Any:
    from aiohttp import web

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/ws" and not _is_ours(request.headers.get("Origin"), request.host):
            raise web.HTTPForbidden(text="This page is not the inspector's.\n")
        if token is None:
            if not is_loopback(urlsplit(f"//{request.host}").hostname or ""):
                raise web.HTTPForbidden(text="The inspector is served to this machine only.\n")
        elif (given := request.query.get("token")) is not None and request.path == "/":
            _check(given, token)
            entered = web.HTTPFound("/")
            entered.set_cookie(_COOKIE, _ticket(token), httponly=True, samesite="Strict", secure=request.secure)
            raise entered
        else:
            _check(request.cookies.get(_COOKIE, ""), _ticket(token))
        return await handler(request)

    return guard


def _ticket(token: str) -> str:
    """Return what a visitor's browser keeps in place of the token, as other servers of this host see it, too."""
    return hashlib.sha256(f"exodsl tui {token}".encode()).hexdigest()


def _check(given: str, wanted: str) -> None:
    """Let nobody pass without the token; how long this takes tells nothing about it."""
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        from aiohttp import web

        raise web.HTTPUnauthorized(text="Open this page with its token: /?token=...\n")


def _is_ours(origin: str | None, host: str) -> bool:
    """Say whether a page came from this server; what is no browser names no origin."""
    return origin is None or urlsplit(origin).netloc == host


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Let the page load nothing from elsewhere, and nobody frame it."""
    response.headers.update(_HEADERS)
