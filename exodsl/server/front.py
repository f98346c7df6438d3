"""What every request passes before it reaches an endpoint: its id, the key, the limit of its size, and faults."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from uuid import UUID, uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exodsl.server.keys import ANYBODY, Key, scope_of

REQUEST_ID = "x-exosphere-request-id"
KEY_HEADER = "x-api-key"
OPEN_PATHS = frozenset({"/health", "/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"})
"""What is shown to everybody."""
METRICS = "/metrics"

log = logging.getLogger("exodsl.server")


class RequestIds:
    """Lets every answer carry the id of its request, which is made where none was given."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _uuid(Headers(scope=scope).get(REQUEST_ID))

        async def signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        await self._app(scope, receive, signed)


class KeyCheck:
    """Turns away who shows no key, before anything of the request is read; `request.state.scope` is what it is for.

    :param keys: those that are known; without any, everybody may touch everything.
    """

    def __init__(self, app: ASGIApp, keys: Sequence[Key]) -> None:
        self._app, self._keys = app, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        touchable = scope_of(self._keys, _shown(scope)) if self._keys else ANYBODY
        if touchable is None:
            refused = JSONResponse({"detail": "Invalid API key"}, HTTPStatus.UNAUTHORIZED)
            await refused(scope, receive, send)
            return
        scope.setdefault("state", {})["scope"] = touchable
        await self._app(scope, receive, send)


def _shown(scope: Scope) -> bytes:
    headers = Headers(scope=scope)
    given = headers.get(KEY_HEADER, "")
    if not given and scope["path"] == METRICS:  # what scrapes metrics knows this header only
        given = headers.get("authorization", "").removeprefix("Bearer ")
    return given.encode("latin-1")


class BodyLimit:
    """Reads the whole body of a request, unless it is too large."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await self._body(Headers(scope=scope), receive)
        if body is None:
            detail = f"The body is larger than {self._most} bytes"
            refused = JSONResponse({"detail": detail}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"connection": "close"})
            await refused(scope, receive, send)
            return
        first = True

        async def again() -> Message:
            nonlocal first
            if first:
                first = False
                return {"type": "http.request", "body": body, "more_body": False}
            return await receive()

        await self._app(scope, again, send)

    async def _body(self, headers: Headers, receive: Receive) -> bytes | None:
        announced = headers.get("content-length", "0")
        if announced.isdecimal() and int(announced) > self._most:
            return None
        body = bytearray()
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._most:
                return None
        return bytes(body)


class Faults:
    """Answers what nobody foresaw, in JSON; the log has the rest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:  # whatever it is, the caller parses JSON
            log.exception("%s %s failed", scope.get("method"), scope.get("path"))
            if begun or scope["type"] != "http":
                raise
            detail = {"success": False, "detail": "The server failed; its log says why."}
            await JSONResponse(detail, HTTPStatus.INTERNAL_SERVER_ERROR)(scope, receive, send)


def _uuid(given: str | None) -> str:
    try:
        return str(UUID(given or ""))
    except ValueError:
        return str(uuid4())
