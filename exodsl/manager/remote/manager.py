"""The state manager of a server elsewhere: every call of the protocol is a request to it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from pydantic import SecretStr, ValidationError
from pydantic_core import PydanticSerializationError

from exodsl.database.copying import new_file
from exodsl.engine.notes import Notes
from exodsl.engine.reports import Report
from exodsl.errors import DatabaseUnusable, InputInvalid, ReadOnly, RequestTooLarge, TransitionRefused
from exodsl.manager.protocol import Exchange, Serves, StateManager, Trigger
from exodsl.manager.remote.calls import ROUND_SECONDS, Call, Elsewhere, calls
from exodsl.manager.remote.line import LOOKING_SECONDS, PATIENCE_SECONDS, Limit, Line, no_limit
from exodsl.manager.remote.messages import EXPORT, STATES_HEADER, Export
from exodsl.manager.remote.session import RemoteSession
from exodsl.manager.remote.waiting import Waiting
from exodsl.manager.starting import as_json
from exodsl.manager.views import Cleaned, RunStatus

LOOKING = "?looking=true"
"""Asks for a look that may not take long, and holds nobody up."""


def open_remote(uri: str, key: str | None = None, *, read_only: bool = False) -> StateManager:
    """Open the state manager of the server at an address.

    :param key: what the server wants to be shown.
    :param read_only: only look; what would change something is refused here.
    :raises DatabaseUnusable: when there is no such server.
    :raises KeyRefused: when it does not take the key.
    """
    line = Line(uri, SecretStr(key) if key else None, LOOKING_SECONDS if read_only else PATIENCE_SECONDS)
    try:
        return cast("StateManager", RemoteManager(line, line.hello().body_bytes, read_only=read_only))
    except BaseException:
        line.close()
        raise


class RemoteManager:
    """A state manager over HTTP; its plain calls are made from the table that server and client share.

    :param limit: the largest body of a request, in bytes.
    """

    hears_others = True
    snapshot = False

    def __init__(self, line: Line, limit: int, *, read_only: bool) -> None:
        self._line, self._limit, self.read_only = line, limit, read_only
        self._sessions: dict[int, RemoteSession] = {}
        self._waiting = Waiting(line, lambda: tuple(self._sessions.values()))

    def __repr__(self) -> str:
        return f"<state manager of {self._line.name}>"

    def trigger(self, triggers: Sequence[Trigger]) -> list[str]:
        """Start runs; see `StateManager.trigger`. Each gets a key, so that none starts twice when an answer is lost."""
        for trigger in triggers:
            as_json(dict(trigger.inputs), "inputs", trigger.graph)
            as_json(dict(trigger.store), "store values", trigger.graph)
        keyed = [
            one if one.idempotency_key is not None else replace(one, idempotency_key=uuid4().hex) for one in triggers
        ]
        started: list[str] = self._ask("trigger", {"triggers": keyed})
        return started

    # Runtimes

    def open_session(self, name: str, serves: Serves) -> int:
        """Announce a runtime; see `StateManager.open_session`."""
        session = RemoteSession(self._ask, name, serves, socket.gethostname(), lambda: self._waiting.listens)
        self._sessions[session.key] = session
        return session.key

    def hurry(self, session: int, seconds: float) -> None:
        """Wait for the server no longer than this for a runtime; see `StateManager.hurry`."""
        found = self._sessions.get(session)
        if found is not None:
            found.hurry(seconds)

    def close_session(self, session: int) -> None:
        """Take leave; see `StateManager.close_session`."""
        found = self._sessions.pop(session, None)
        if found is not None and not found.close():
            raise DatabaseUnusable(
                f'The server "{self._line.name}" is still to answer an exchange, so no leave can be taken: what is held'
                " is put back when its lease is over."
            )

    def exchange(self, session: int, reports: Sequence[Report], capacity: int, notes: Sequence[Notes] = ()) -> Exchange:
        """Record reports and claim states; see `StateManager.exchange`."""
        found = self._sessions.get(session)
        if found is None:
            raise TransitionRefused(f"Session {session}", "closed", "open one before an exchange")
        answer = found.exchange(reports, capacity, notes)
        self._waiting.stir()
        return answer

    def wake_on_work(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` when new work appears; see `StateManager.wake_on_work`."""
        return self._waiting.listen(wake)

    # What takes long

    def clean(
        self,
        older_than: timedelta,
        *,
        statuses: Sequence[RunStatus] | None = None,
        namespace: str | None = None,
        graph: str | None = None,
        dry_run: bool = False,
        stop: Callable[[], bool] | None = None,
    ) -> Cleaned:
        """Remove runs that ended long ago; see `StateManager.clean`. The server is asked until nothing is left."""
        asked = {
            "older_than": older_than,
            "statuses": statuses,
            "namespace": namespace,
            "graph": graph,
            "dry_run": dry_run,
            "seconds": ROUND_SECONDS if stop is None else 0,
        }
        if stop is not None and not dry_run and stop():
            return replace(self._cleaned({**asked, "dry_run": True}), runs=0, states=0, versions=0, left=True)
        cleaned = self._cleaned(asked)
        while cleaned.left and not dry_run and not (stop is not None and stop()):
            more = self._cleaned(asked)
            cleaned = replace(
                more,
                runs=cleaned.runs + more.runs,
                states=cleaned.states + more.states,
                versions=cleaned.versions + more.versions,
            )
        return cleaned

    def _cleaned(self, asked: dict[str, Any]) -> Cleaned:
        cleaned: Cleaned = self._ask("clean_some", asked)
        return cleaned

    def export_run(self, run_id: str, path: str | os.PathLike[str]) -> int:
        """Write one run into a new database file; see `Inspection.export_run`."""
        with new_file(Path(path)) as draft:
            body = Export(run_id=run_id).model_dump_json().encode()
            with self._line.streamed(EXPORT, body) as response, draft.open("wb") as file:
                for part in response.iter_bytes():
                    file.write(part)
                return int(response.headers[STATES_HEADER])

    def close(self) -> None:
        """Take leave for every session, without waiting for a server that is away, and close the connections."""
        self._waiting.close()
        try:
            for session in tuple(self._sessions):
                self.hurry(session, 0)
                self.close_session(session)
        finally:
            self._line.close()

    # Asking

    def _ask(
        self, name: str, asked: Mapping[str, Any], again: Mapping[str, Any] | None = None, limit: Limit = no_limit
    ) -> Any:
        """Return the answer to a call.

        :param again: its parameters when an answer was lost.
        :param limit: says until when the server is waited for at most.
        """
        call = calls()[name]
        if self.read_only and not call.reads:
            raise ReadOnly(self._line.name)
        path = f"{call.path}{LOOKING}" if self.read_only else call.path
        body = self._body(call, asked)
        repeated = None if again is None else (lambda: self._body(call, again))
        answer = self._line.ask(path, body, repeats=call.repeats(asked), again=repeated, limit=limit)
        try:
            return call.answers.model_validate_json(answer).root
        except ValidationError as error:
            raise DatabaseUnusable(
                f'What the server "{self._line.name}" answers to "{name}" is not understood: use the same version of'
                " exodsl here and there."
            ) from error

    def _body(self, call: Call, asked: Mapping[str, Any]) -> bytes:
        try:
            body = call.asks(**asked).model_dump_json().encode()
        except (ValidationError, PydanticSerializationError) as error:
            raise InputInvalid(f'"{call.name}" cannot be asked for like this: {_first(error)}') from error
        if len(body) > self._limit:
            raise RequestTooLarge(len(body), self._limit)
        return body


def _first(error: ValidationError | PydanticSerializationError) -> str:
    if isinstance(error, PydanticSerializationError):
        return str(error).partition("\n")[0]
    one = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, one['loc']))}: {one['msg']}"


def _method(call: Call) -> Callable[..., Any]:
    """Return the method that makes a call."""

    @wraps(call.signed)
    def method(self: RemoteManager, *given: Any, **named: Any) -> Any:
        return self._ask(call.name, call.arguments(*given, **named))

    return method


for _name, _call in calls().items():
    if not hasattr(Elsewhere, _name) and not hasattr(RemoteManager, _name):
        setattr(RemoteManager, _name, _method(_call))
