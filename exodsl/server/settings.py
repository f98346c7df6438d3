"""How a server is set up: its key, how long it lends states, what it lets in."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from exodsl.errors import SettingInvalid

KEY_VARIABLE = "STATE_MANAGER_SECRET"
ORIGINS_VARIABLE = "CORS_ORIGINS"
LOCAL_ORIGINS = tuple(f"http://{host}:{port}" for host in ("localhost", "127.0.0.1") for port in (3000, 3001))
LEASE_MS = 600_000
"""Ten minutes: a state waits in its runtime's own queue before its body runs, and both count."""
BODY_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """What a server is told.

    :param key: what callers have to show; `None` lets everybody in.
    :param lease_ms: how long a state that was handed out stays its runtime's.
    :param body_bytes: the largest body of a request.
    :param origins: web pages of these origins may call it.
    """

    key: SecretStr | None = None
    lease_ms: int = LEASE_MS
    body_bytes: int = BODY_BYTES
    origins: tuple[str, ...] = LOCAL_ORIGINS


def settings_from(environment: Mapping[str, str] = os.environ, *, lease_ms: int, body_bytes: int) -> Settings:
    """Return the settings of a server; key and origins come from the environment.

    :raises SettingInvalid: for a lease of no time.
    """
    if lease_ms < 1:
        raise SettingInvalid("A lease of no time holds nothing: give one that is longer than the longest body.")
    key = environment.get(KEY_VARIABLE)
    listed = (origin.strip() for origin in environment.get(ORIGINS_VARIABLE, "").split(","))
    origins = tuple(origin for origin in listed if origin) or LOCAL_ORIGINS
    return Settings(SecretStr(key) if key else None, lease_ms, body_bytes, origins)


def listen(host: str, port: int, settings: Settings) -> socket.socket:
    """Return a socket that listens.

    :raises SettingInvalid: when others than this machine could reach a server without a key, or it cannot be bound.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise SettingInvalid(f'The host "{host}" is unknown here: {error}. Give an address of this machine.') from error
    family, kind, protocol, _, address = found[0]
    if settings.key is None and not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback:
        raise SettingInvalid(
            f'Everybody could reach "{host}", and there is no key. Set {KEY_VARIABLE}, or serve on 127.0.0.1.'
        )
    listening = socket.socket(family, kind, protocol)  # asyncio sends at once only where it reads that this is TCP
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise SettingInvalid(
            f"{host} port {port} cannot be served: {error.strerror}. Choose another with --host and --port."
        ) from error
    return listening
