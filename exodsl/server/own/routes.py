"""The endpoints of exodsl's own protocol, made from the table of its calls."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import cache
from http import HTTPStatus
from inspect import Parameter, Signature
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.routing import BaseRoute

from exodsl.errors import ExodslError
from exodsl.manager.remote.calls import Call, calls
from exodsl.manager.remote.faults import Fault, told
from exodsl.manager.remote.messages import PREFIX, Hello
from exodsl.server.faults import status_of
from exodsl.server.front import log
from exodsl.server.own import streams
from exodsl.server.own.desk import desk_of, scope_of
from exodsl.server.parts import KEY_SHOWN, Server, StrictRoute

Looking = Annotated[bool, Query(description="Take no more than two seconds, and hold nobody up.")]
_NAMED = Parameter.KEYWORD_ONLY


class Misfit(BaseModel):
    """One thing of a request that does not fit, and where it stands; what was given is not repeated."""

    loc: list[str | int]
    msg: str
    type: str


class Misfits(BaseModel):
    """An answer that says what of a request does not fit."""

    detail: list[Misfit]


_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": model, "description": text}
    for status, model, text in (
        (400, Fault, "It cannot be done."),
        (401, Fault, "The key is missing or wrong."),
        (403, Fault, "The key is not for this namespace."),
        (404, Fault, "There is no such thing."),
        (413, Fault, "The body is too large."),
        (422, Misfits, "The parameters are others."),
        (503, Fault, "The database cannot be used now."),
    )
}


class OwnRoute(StrictRoute):
    """A route that tells errors so that the other side can raise them; what was given is not repeated."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        handle = super().get_route_handler()

        async def told_of(request: Request) -> Response:
            try:
                return await handle(request)
            except ExodslError as error:
                return _answer(error)
            except RequestValidationError as error:
                return JSONResponse(_misfits(error).model_dump(), HTTPStatus.UNPROCESSABLE_ENTITY)

        return told_of


@cache
def own_routes() -> Sequence[BaseRoute]:
    """Return the endpoints of all calls; made once, as that takes a while, and good for any number of apps."""
    router = APIRouter(route_class=OwnRoute, tags=["exodsl"], responses=_PROBLEMS, dependencies=[KEY_SHOWN])
    router.add_api_route(PREFIX, _hello, summary="Hello")
    for call in calls().values():
        router.add_api_route(
            call.path,
            _endpoint(call),
            methods=["POST"],
            summary=call.says,
            operation_id=call.name,
            responses={200: {"model": call.answers}},
            response_class=Response,
        )
    streams.add(router)
    return router.routes


def _hello(server: Server) -> Hello:
    """Say what this server is."""
    return Hello(body_bytes=server.settings.body_bytes)


def _endpoint(call: Call) -> Callable[..., Coroutine[Any, Any, Response]]:
    async def answer(request: Request, asked: Any, looking: bool = False) -> Response:
        arguments = {name: getattr(asked, name) for name in call.asks.model_fields}
        body = await desk_of(request).answer(scope_of(request), call, arguments, looking=looking)
        return Response(body, media_type="application/json")

    parameters = [Parameter("request", _NAMED, annotation=Request), Parameter("asked", _NAMED, annotation=call.asks)]
    if call.reads:
        parameters.append(Parameter("looking", _NAMED, annotation=Looking, default=False))
    answer.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return answer


def _answer(error: ExodslError) -> Response:
    status = status_of(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s", error)
    return Response(told(error).model_dump_json(), status, media_type="application/json")


def _misfits(error: RequestValidationError) -> Misfits:
    return Misfits(detail=[Misfit(loc=list(one["loc"]), msg=one["msg"], type=one["type"]) for one in error.errors()])
