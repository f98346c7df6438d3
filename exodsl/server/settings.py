"""How a server is set up: its keys, how long it lends states, what it lets in."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from exodsl.errors import SettingInvalid
from exodsl.server.keys import Key, Scope, key_of, read_keys, scope_of

KEY_VARIABLE = "STATE_MANAGER_SECRET"
ORIGINS_VARIABLE = "CORS_ORIGINS"
LOCAL_ORIGINS = tuple(f"http://{host}:{port}" for host in ("localhost", "127.0.0.1") for port in (3000, 3001))
LEASE_MS = 600_000
"""Ten minutes: a state waits in its runtime's own queue before its body runs, and both count."""
BODY_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """What a server is told.

    :param key: what callers show who may touch everything.
    :param keys: those that are limited to namespaces. Where there is no key of either kind, everybody is let in.
    :param lease_ms: how long a state that was handed out stays its runtime's.
    :param body_bytes: the largest body of a request.
    :param origins: web pages of these origins may call it.
    """

    key: SecretStr | None = None
    keys: tuple[Key, ...] = ()
    lease_ms: int = LEASE_MS
    body_bytes: int = BODY_BYTES
    origins: tuple[str, ...] = LOCAL_ORIGINS

    @property
    def all_keys(self) -> tuple[Key, ...]:
        """The keys of both kinds."""
        if self.key is None:
            return self.keys
        return (key_of(self.key.get_secret_value(), Scope(KEY_VARIABLE)), *self.keys)


def settings_from(
    environment: Mapping[str, str] = os.environ, *, lease_ms: int, body_bytes: int, keys: Path | None = None
) -> Settings:
    """Return the settings of a server; the key without limits and origins come from the environment.

    :param keys: the file of those that are limited to namespaces.
    :raises SettingInvalid: for a lease of no time, or such a file that cannot be meant.
    """
    if lease_ms < 1:
        raise SettingInvalid("A lease of no time holds nothing: give one that is longer than the longest body.")
    key = environment.get(KEY_VARIABLE)
    listed = (origin.strip() for origin in environment.get(ORIGINS_VARIABLE, "").split(","))
    origins = tuple(origin for origin in listed if origin) or LOCAL_ORIGINS
    limited = () if keys is None else read_keys(keys)
    twin = scope_of(limited, key.encode()) if key else None
    if twin is not None:
        raise SettingInvalid(f'Key "{twin.name}" in {keys} is the one in {KEY_VARIABLE}, without limits. Make another.')
    return Settings(SecretStr(key) if key else None, limited, lease_ms, body_bytes, origins)


def listen(host: str, port: int, settings: Settings) -> socket.socket:
    """Return a socket that listens.

    :raises SettingInvalid: when others than this machine could reach a server without a key, or it cannot be bound.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise SettingInvalid(f'The host "{host}" is unknown here: {error}. Give an address of this machine.') from error
    family, kind, protocol, _, address = found[0]
    if not settings.all_keys and not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback:
        raise SettingInvalid(
            f'Everybody could reach "{host}", and there is no key. Set {KEY_VARIABLE}, name keys with --keys, or serve'
            " on 127.0.0.1."
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
