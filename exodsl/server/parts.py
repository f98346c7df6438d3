"""What the endpoints share: the state manager, names in paths, and ids of states."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader
from pydantic_core import from_json

from exodsl.errors import StateNotFound
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.exosphere.lending import StateRef
from exodsl.server.front import KEY_HEADER
from exodsl.server.keys import Scope
from exodsl.server.metrics import Metrics
from exodsl.server.refs import parsed
from exodsl.server.settings import Settings

KEY_SHOWN: Any = Security(APIKeyHeader(name=KEY_HEADER, auto_error=False, description="The server's key."))
"""Describes what every path but the open ones wants; it is checked before."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a server is made of."""

    manager: EmbeddedManager
    settings: Settings
    metrics: Metrics


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


def _not_blank(what: str, name: str) -> str:
    stripped = name.strip()
    if not stripped:
        raise HTTPException(400, f"{what} must not be blank")
    return stripped


def _scope(request: Request) -> Scope:
    scope: Scope = request.state.scope
    return scope


Granted = Annotated[Scope, Depends(_scope)]


def _namespace(namespace: str, scope: Granted) -> str:
    name = _not_blank("The namespace", namespace)
    scope.check(name)
    return name


def _graph(graph: str) -> str:
    return _not_blank("The name of the graph", graph)


def _ref(state_id: str) -> StateRef:
    ref = parsed(state_id)
    if ref is None:
        raise StateNotFound(state_id)
    return ref


Server = Annotated[Parts, Depends(_parts)]
Namespace = Annotated[str, Depends(_namespace)]
GraphName = Annotated[str, Depends(_graph)]
Ref = Annotated[StateRef, Depends(_ref)]


class _StrictRequest(Request):
    """Reads JSON as the standard has it: without NaN, and without halves of characters."""

    async def json(self) -> Any:
        body = await self.body()
        try:
            return from_json(body, allow_inf_nan=False)
        except ValueError as error:
            raise json.JSONDecodeError(str(error), "", 0) from error


class StrictRoute(APIRoute):
    """A route whose requests are read strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return strictly
