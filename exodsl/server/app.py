"""The application: its endpoints, and what stands before them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from typing import Any

from fastapi import FastAPI, Response
from fastapi.middleware.cors import CORSMiddleware

from exodsl.manager.embedded import EmbeddedManager
from exodsl.server import answers, graph_routes, node_routes, run_routes, state_routes
from exodsl.server.faults import answer_faults
from exodsl.server.front import METRICS, REQUEST_ID, BodyLimit, Faults, KeyCheck, RequestIds
from exodsl.server.keeping import keeping
from exodsl.server.metrics import CONTENT_TYPE, Metering, Metrics
from exodsl.server.own.desk import Desk, Looking
from exodsl.server.own.routes import own_routes
from exodsl.server.parts import KEY_SHOWN, Granted, Parts, Server
from exodsl.server.settings import Settings

_DESCRIPTION = "Exosphere's v0 API of a state manager, and exodsl's own. Every path but `/health` wants a key."
_ALLOWED_METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
_ALLOWED_HEADERS = (
    "Accept",
    "Accept-Language",
    "Content-Language",
    "Content-Type",
    "X-API-Key",
    "Authorization",
    "X-Requested-With",
    "X-Exosphere-Request-ID",
)
_PROBLEMS = {
    400: "It cannot be done.",
    401: "The key is missing or wrong.",
    403: "The key is not for this namespace.",
    404: "There is no such thing.",
    413: "The body is too large.",
}


def make_app(
    manager: EmbeddedManager,
    settings: Settings,
    started: Callable[[], None] | None = None,
    looking: Looking | None = None,
) -> FastAPI:
    """Return the app that serves a state manager.

    :param started: called when it serves.
    :param looking: opens another one on the same database, for those who only look.
    """
    metrics = Metrics()
    desk = Desk(manager, metrics, looking)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncGenerator[None]:
        manager.spare_hosted()
        with closing(desk), keeping(manager):
            if started is not None:
                started()
            yield

    problems: dict[int | str, dict[str, Any]] = {
        status: {"description": text, "model": answers.Problem} for status, text in _PROBLEMS.items()
    }
    app = FastAPI(title="exodsl", description=_DESCRIPTION, lifespan=life, redirect_slashes=False)
    app.state.parts = Parts(manager, settings, metrics)
    app.state.desk = desk
    for part in (node_routes, graph_routes, state_routes, run_routes):
        app.include_router(part.router, dependencies=[KEY_SHOWN], responses=problems)
    app.router.routes.extend(own_routes())
    app.add_api_route("/health", _health, tags=["server"])
    app.add_api_route(METRICS, _metrics, tags=["server"], dependencies=[KEY_SHOWN], response_class=Response)
    answer_faults(app)
    _stand_before(app, app.state.parts)
    return app


def _stand_before(app: FastAPI, parts: Parts) -> None:
    """Put what every request passes before an app; what is added last is passed first."""
    settings = parts.settings
    app.add_middleware(Faults)
    app.add_middleware(BodyLimit, most=settings.body_bytes)
    app.add_middleware(KeyCheck, keys=settings.all_keys)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.origins,
        allow_credentials=True,
        allow_methods=_ALLOWED_METHODS,
        allow_headers=_ALLOWED_HEADERS,
        expose_headers=[REQUEST_ID],
    )
    app.add_middleware(Metering, metrics=parts.metrics)
    app.add_middleware(RequestIds)


def _health() -> answers.Health:
    """Say that the server is there."""
    return answers.Health()


def _metrics(server: Server, scope: Granted) -> Response:
    """Return counters in Prometheus's text format; they are of all namespaces."""
    scope.check_unlimited()
    return Response(server.metrics.text(), media_type=CONTENT_TYPE)
