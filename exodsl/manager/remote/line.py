"""Requests to one server: answered, repeated while the server is away, or refused with one clear error."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import httpx
from pydantic import SecretStr, ValidationError
from pydantic_core import from_json

from exodsl.database.postgresql.naming import without_password
from exodsl.errors import DatabaseUnusable, ExodslError, InputInvalid, KeyRefused, RequestTooLarge
from exodsl.manager.remote.faults import heard
from exodsl.manager.remote.messages import PREFIX, Hello

PATIENCE_SECONDS, LOOKING_SECONDS = 30.0, 5.0
"""How long a server may stay away before what was asked of it fails; and who only looks is told so soon."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
"""Seconds between two tries to reach it."""
CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 120.0
"""How long it may take to connect, and until the next part of an answer comes."""
LEAST_SECONDS = 1.0
"""How long the parts of an answer are waited for at least, however much somebody hurries."""
KEPT_SECONDS = 20.0
"""How long an idle connection is kept; less than servers keep theirs."""
KEY_HEADER = "x-api-key"
Limit = Callable[[], float]
"""Says until when something is worth waiting for, by the monotonic clock."""
_AWAY = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
_PLAIN_HTTP = "WRONG_VERSION_NUMBER"
"""What OpenSSL finds in an answer without TLS."""
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def no_limit() -> float:
    """Say that nobody hurries."""
    return math.inf


class _Lost(Exception):
    """There was no answer, because of `why`; `sent` says whether the server may have got the request."""

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.sent = sent


class Line:
    """The way to one server; any thread may ask.

    :param uri: `http://host:port`, maybe with a path before exodsl's own.
    :param key: what it wants to be shown, if it wants something.
    :param patience: how many seconds it is waited for when it is away.
    """

    def __init__(self, uri: str, key: SecretStr | None, patience: float = PATIENCE_SECONDS) -> None:
        self.name = without_password(uri)
        self._patience = patience
        self._shows_key = key is not None
        self._given_up = False
        self._closed = threading.Event()
        headers = {"content-type": "application/json", "accept": "application/json"}
        if key is not None:
            headers[KEY_HEADER] = self._sendable(key)
        try:
            url = httpx.URL(uri.rstrip("/"))
            if not url.host:
                raise ValueError("it names no host")
            login = (url.username, url.password) if url.userinfo else None
            self._http = httpx.Client(
                base_url=url.copy_with(userinfo=b""),  # httpx logs whole addresses
                auth=login,
                headers=headers,
                verify=uri.startswith("https:"),  # certificates take a while to load
                limits=httpx.Limits(max_connections=None, keepalive_expiry=KEPT_SECONDS),
            )
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise DatabaseUnusable(
                f'"{self.name}" is no address of a server: {error}. Write http://host:port.'
            ) from error

    def _sendable(self, key: SecretStr) -> str:
        """Return the key; :raises KeyRefused: when no header can hold it, without saying what is in it."""
        text = key.get_secret_value()
        if not (text.isascii() and text.isprintable()):
            raise KeyRefused(self.name)
        return text

    def hello(self) -> Hello:
        """Ask the server what it is, once; what does not say it within the patience is not taken for one.

        :raises KeyRefused: when it does not take the key.
        :raises DatabaseUnusable: when it is not there, or is none of exodsl's.
        """
        try:
            return Hello.model_validate_json(self._asked("GET", PREFIX, b"", self._patience))
        except _Lost as lost:
            raise self._unreachable(lost) from lost.__cause__
        except ValidationError as error:
            raise self._something_else() from error

    def ask(
        self,
        path: str,
        body: bytes,
        *,
        repeats: bool,
        again: Callable[[], bytes] | None = None,
        limit: Limit = no_limit,
    ) -> bytes:
        """Return the answer to a call.

        :param repeats: asking twice does no more than asking once.
        :param again: gives what is asked instead when an answer was lost.
        :param limit: asked again and again until when the server is waited for at most.
        :raises ExodslError: what the server raised.
        :raises RequestTooLarge: when the server takes less at once.
        :raises DatabaseUnusable: when the server stays away, or nobody can tell whether it has heard.
        """
        until, pause = time.monotonic() + (0 if self._given_up else self._patience), FIRST_PAUSE
        while True:
            try:
                answer = self._asked("POST", path, body, limit() - time.monotonic())
            except _Lost as lost:
                if lost.sent and not repeats:
                    raise self._undecided(path, lost) from lost.__cause__
                if time.monotonic() + pause > min(until, limit()) or self._closed.wait(pause * random.uniform(0.5, 1)):
                    self._given_up = True
                    raise self._unreachable(lost) from lost.__cause__
                pause = min(2 * pause, LONGEST_PAUSE)
                body = again() if again is not None and lost.sent else body
            else:
                self._given_up = False
                return answer

    @contextmanager
    def streamed(self, path: str, body: bytes, silence: float = ANSWER_SECONDS) -> Generator[httpx.Response]:
        """Give an answer as soon as it begins.

        :param silence: after how many seconds without any part of it the line is taken for dead.
        :raises ExodslError: what the server raised.
        :raises DatabaseUnusable: when the server is away, or the answer breaks off.
        """
        with self._open():
            try:
                with self._http.stream("POST", path, content=body, timeout=_timeout(silence)) as response:
                    if response.status_code != HTTPStatus.OK:
                        self._checked(response, response.read())
                    yield response
            except httpx.TransportError as error:
                raise self._unreachable(_Lost(_reason(error), sent=True)) from error
            except _Lost as lost:
                raise self._unreachable(lost) from lost

    def close(self) -> None:
        """Close the connections; what is under way fails."""
        self._closed.set()
        self._http.close()

    def _asked(self, method: str, path: str, body: bytes, seconds: float = math.inf) -> bytes:
        try:
            with self._open():
                response = self._http.request(method, path, content=body, timeout=_timeout(seconds))
        except _NEVER_SENT as error:
            raise _Lost(_reason(error), sent=False) from error
        except httpx.TransportError as error:
            raise _Lost(_reason(error), sent=True) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._something_else() from error
        return self._checked(response, response.content)

    @contextmanager
    def _open(self) -> Generator[None]:
        """Refuse what is asked after the end, or at the same moment."""
        closed = f'The connection to the server "{self.name}" was closed. Open it again.'
        if self._closed.is_set():
            raise DatabaseUnusable(closed)
        try:
            yield
        except RuntimeError as error:
            if self._closed.is_set() and not isinstance(error, ExodslError):
                raise DatabaseUnusable(closed) from error
            raise

    def _checked(self, response: httpx.Response, body: bytes) -> bytes:
        """Return the body of an answer; :raises ExodslError: when it says that something could not be done."""
        status = response.status_code
        if status == HTTPStatus.OK:
            return body
        error = heard(body)
        if error is not None:
            raise error
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise KeyRefused(self.name, shown=self._shows_key)
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise RequestTooLarge(len(response.request.content))
        if status in _AWAY:
            raise _Lost(f"a gateway before it says {status}", sent=True)
        if status == HTTPStatus.UNPROCESSABLE_ENTITY:
            raise InputInvalid(f'The server "{self.name}" does not take this: {_detail(body)}')
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise DatabaseUnusable(f'The server "{self.name}" failed: {_detail(body)}')
        raise self._something_else()

    def _something_else(self) -> DatabaseUnusable:
        return DatabaseUnusable(
            f'What answers at "{self.name}" does not speak this version of exodsl\'s protocol. Give the address of'
            " `exodsl serve`, of a version as new as this one."
        )

    def _unreachable(self, lost: _Lost) -> DatabaseUnusable:
        return DatabaseUnusable(
            f'The server "{self.name}" cannot be reached: {lost}. See that `exodsl serve` runs there and can be reached'
            " from here, then go on: nothing that was recorded is lost."
        )

    def _undecided(self, path: str, lost: _Lost) -> DatabaseUnusable:
        call = path.rpartition("/")[2]
        return DatabaseUnusable(
            f'The connection to the server "{self.name}" was lost during "{call}": {lost}. It may have been done, or'
            " not: look at what is recorded (`exodsl runs`, `exodsl states RUN`), and go on from there."
        )


def _timeout(seconds: float) -> httpx.Timeout:
    """Return how long each part of a request may take, where it has so many seconds."""
    seconds = max(LEAST_SECONDS, min(seconds, ANSWER_SECONDS))
    return httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))


def _reason(error: Exception) -> str:
    """Return why there was no answer, without the numbers that systems give."""
    text = str(error).strip().rstrip(".")
    if _PLAIN_HTTP in text:
        return "it does not speak TLS. Write http://, or put TLS in front of it"
    return text.partition("] ")[2] or text or type(error).__name__


def _detail(body: bytes) -> str:
    """Return what an answer says is wrong."""
    try:
        said: Any = from_json(body)
    except ValueError:
        return "it does not say why."
    detail = said.get("detail", "it does not say why.") if isinstance(said, dict) else "it does not say why."
    if not isinstance(detail, list):
        return str(detail)
    return "; ".join(f"{'.'.join(map(str, one.get('loc', ())))}: {one.get('msg')}" for one in detail)
