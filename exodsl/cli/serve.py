"""`exodsl serve`: the state manager over HTTP, for runtimes that do not see the database."""

from __future__ import annotations

import importlib.util
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exodsl.cli.durations import milliseconds
from exodsl.cli.exits import say
from exodsl.cli.options import Database
from exodsl.cli.storage import in_memory, spelled
from exodsl.errors import ExtraMissing

if TYPE_CHECKING:
    from exodsl.manager.embedded import EmbeddedManager

Host = Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen; others than this machine need a key.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, metavar="N", help="On which port; 0 takes any that is free.")]
Lease = Annotated[
    str,
    typer.Option(metavar="TIME", help="How long a runtime may keep a state that it was given: 10m, 2h."),
]
Keys = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Keys that are limited to namespaces: a TOML file.", show_default=False),
]
BodyLimit = Annotated[int, typer.Option(min=1, max=1024, metavar="MIB", help="The largest body of a request.")]
_LIBRARIES = ("cryptography", "fastapi", "prometheus_client", "uvicorn")


def serve(
    db: Database = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    keys: Keys = None,
    lease: Lease = "10m",
    body_limit: BodyLimit = 32,
) -> None:
    """Serve the state manager over HTTP, as Exosphere's SDK knows it.

    The key is in the variable STATE_MANAGER_SECRET; --keys names a file of keys that are limited to namespaces. Ctrl-C
    and SIGTERM stop it: requests that are under way are answered, and the exit code is 0.

    Examples:

      exodsl serve
      STATE_MANAGER_SECRET=... exodsl serve --host 0.0.0.0 --db runs.db
      exodsl serve --keys keys.toml
      exodsl serve --lease 2h
    """
    if any(importlib.util.find_spec(name) is None for name in _LIBRARIES):
        raise ExtraMissing("The server's libraries", "server")
    from exodsl.manager.opening import open_embedded
    from exodsl.server.serving import serve as serve_http
    from exodsl.server.settings import KEY_VARIABLE, listen, settings_from

    lease_ms = milliseconds("--lease", lease)
    settings = settings_from(lease_ms=lease_ms, body_bytes=body_limit * 1024 * 1024, keys=keys)
    with listen(host, port, settings) as listening, closing(open_embedded(db)) as manager:
        address = f"http://{_shown(host)}:{listening.getsockname()[1]}"
        places = [*([KEY_VARIABLE] if settings.key else ()), *([str(keys)] if settings.keys else ())]
        who = _whom(len(settings.all_keys), places)
        looking = None if in_memory(db) else partial(_opened_to_look, db)
        serve_http(manager, listening, settings, lambda: say(f"serving {spelled(db)} on {address} {who}"), looking)


def _opened_to_look(db: str | None, seconds: float) -> EmbeddedManager:
    from exodsl.manager.opening import open_embedded

    return open_embedded(db, read_only=True, look_seconds=seconds)


def _whom(count: int, places: list[str]) -> str:
    if not places:
        return "without a key, to this machine only"
    return f"with the key{'s'[: count > 1]} in {' and '.join(places)}"


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
