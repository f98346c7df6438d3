"""Which answer an error becomes: what the caller can mend is 4xx, and says how (semantics 12)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic_core import to_jsonable_python

from exodsl.errors import (
    DatabaseUnusable,
    ExodslError,
    GraphInvalid,
    GraphNotReady,
    NamespaceRefused,
    NotFound,
    RetryRepeated,
    StateNotFound,
)
from exodsl.server.front import log

_STATUS: tuple[tuple[type[ExodslError], HTTPStatus], ...] = (
    (NotFound, HTTPStatus.NOT_FOUND),
    (RetryRepeated, HTTPStatus.CONFLICT),
    (NamespaceRefused, HTTPStatus.FORBIDDEN),
    (DatabaseUnusable, HTTPStatus.SERVICE_UNAVAILABLE),
)
_WORDS: dict[type[ExodslError], str] = {
    StateNotFound: "State not found",
    RetryRepeated: "Duplicate retry state detected",
    GraphNotReady: "Graph template is not valid",
}


def answer_faults(app: FastAPI) -> None:
    """Let an app answer errors in Exosphere's shapes."""
    app.add_exception_handler(ExodslError, _answer)
    app.add_exception_handler(RequestValidationError, _answer_misshapen)


def status_of(error: ExodslError) -> HTTPStatus:
    """Return the status of the answer that tells an error."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), HTTPStatus.BAD_REQUEST)


def _answer(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ExodslError)
    status = status_of(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s", error)
        return JSONResponse({"success": False, "detail": str(error)}, status)
    if status == HTTPStatus.FORBIDDEN:
        log.warning('Key "%s" was refused at %s %s', request.state.scope.name, request.method, request.url.path)
    return JSONResponse({"detail": _detail(error)}, status)


def _detail(error: ExodslError) -> str:
    if isinstance(error, GraphInvalid):
        return f"Error validating graph template: {' '.join(map(str, error.findings))}"
    return _WORDS.get(type(error), str(error))


def _answer_misshapen(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return JSONResponse({"detail": [_plain(one) for one in error.errors()]}, HTTPStatus.UNPROCESSABLE_ENTITY)


def _plain(one: dict[str, Any]) -> Any:
    """Return one thing that does not fit; of what was given there no more than a word, which is no secret."""
    given = one.get("input")
    shown = type(given)() if isinstance(given, dict | list) else given
    return to_jsonable_python(
        {
            "type": one["type"],
            "loc": list(one["loc"]),
            "msg": one["msg"],
            "input": None if "secrets" in one["loc"] else shown,
            "ctx": {name: str(value) for name, value in one.get("ctx", {}).items()},
        },
        fallback=str,
        bytes_mode="base64",
    )
