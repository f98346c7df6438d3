"""Answers that are no JSON document at once: those who wait for work, and a run as a file."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.background import BackgroundTask

from exodsl.manager.remote.messages import BREATH_SECONDS, EXPORT, STATES_HEADER, WAIT, Called, Export, Waits
from exodsl.server.own.desk import Desk, desk_of, scope_of

_FILE = "application/vnd.sqlite3"


def add(router: APIRouter) -> None:
    """Add the endpoints to a router."""
    file = {"content": {_FILE: {"schema": {"type": "string", "format": "binary"}}}}
    for path, endpoint, answered in ((WAIT, wait, {"model": Called}), (EXPORT, export_run, file)):
        router.add_api_route(
            path,
            endpoint,
            methods=["POST"],
            operation_id=endpoint.__name__,
            response_class=Response,
            responses={200: answered},
        )


async def wait(request: Request, asked: Waits) -> Response:
    """Be answered when there is work; the answer begins at once, and ends when there is some or the time is over."""
    desk = desk_of(request)
    await desk.admitted(scope_of(request), "wait", {"sessions": asked.sessions})
    return StreamingResponse(_waited(desk, request, asked), media_type="application/json")


async def export_run(request: Request, asked: Export) -> Response:
    """Return one run as a database file, values included, secrets not."""
    desk = desk_of(request)
    arguments = await desk.admitted(scope_of(request), "export_run", asked.model_dump())
    folder = tempfile.TemporaryDirectory(prefix="exodsl-")
    path = Path(folder.name) / "run.db"
    try:
        states = await desk.export(arguments["run_id"], str(path))
    except BaseException:
        folder.cleanup()
        raise
    headers = {STATES_HEADER: str(states)}
    return FileResponse(path, headers=headers, media_type=_FILE, background=BackgroundTask(folder.cleanup))


async def _waited(desk: Desk, request: Request, asked: Waits) -> AsyncGenerator[bytes]:
    called = asyncio.ensure_future(desk.waiting.wait(asked))
    gone = asyncio.ensure_future(_gone(request))
    try:
        while not await _first_of(called, gone):
            yield b" "  # which JSON allows before what it says
        if called.done():
            yield called.result().model_dump_json().encode()
    finally:
        for task in (called, gone):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _first_of(*futures: asyncio.Future[Any]) -> set[asyncio.Future[Any]]:
    """Return what is done, as soon as something is; nothing when it is time to breathe."""
    done, _ = await asyncio.wait(futures, timeout=BREATH_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    return done


async def _gone(request: Request) -> None:
    """Return when the caller has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
