"""The calls of exodsl's own protocol, read off the signatures of the state manager: both sides use this table.

A call is `POST PREFIX/NAME` with a JSON object of its parameters; the answer is its result as JSON.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cache, cached_property
from typing import Any, Protocol, get_type_hints

from pydantic import BaseModel, Field, RootModel, create_model

from exodsl.engine.notes import Notes
from exodsl.engine.reports import Report
from exodsl.manager.inspection import Inspection
from exodsl.manager.protocol import Exchange, Serves, StateManager
from exodsl.manager.remote.messages import PREFIX
from exodsl.manager.remote.wire import CONFIG, travelling
from exodsl.manager.views import Cleaned

ROUND_SECONDS = 2.0
"""How long a cleaning goes on before it is answered with what is left, at most."""


class Elsewhere(Protocol):
    """What only somebody elsewhere asks: sessions that a server holds, and what would take too long in one request."""

    def host_session(self, name: str, serves: Serves, host: str) -> int:
        """Announce a runtime that is elsewhere, on a machine of this name; return the number of its session."""
        ...

    def exchange_hosted(
        self,
        session: int,
        number: int,
        reports: Sequence[Report],
        capacity: int,
        notes: Sequence[Notes] = (),
        holding: Mapping[int, int] | None = None,
    ) -> Exchange:
        """Record reports, create what follows, and claim up to `capacity` states: one transaction.

        :param number: counts the exchanges of a session from 1; the same number again gets the same answer again.
        :param holding: the leases of all states that the runtime has, by their ids: for an exchange that is repeated.
        """
        ...

    def close_hosted(self, session: int) -> None:
        """Take leave; what the session still holds is CREATED again."""
        ...

    def clean_some(
        self,
        older_than: timedelta,
        *,
        statuses: Sequence[str] | None = None,
        namespace: str | None = None,
        graph: str | None = None,
        dry_run: bool = False,
        seconds: float = ROUND_SECONDS,
    ) -> Cleaned:
        """Remove runs that ended at least so long ago, for about so many seconds; the answer says if some are left."""
        ...


NOT_CALLS = frozenset(
    {"clean", "close", "close_session", "exchange", "export_run", "hurry", "open_session", "wake_on_work"}
)
"""What the state manager has that is no plain question and answer."""
_READING = frozenset(
    ("template", "secrets", "schedules", "read_store", "read_secrets", "run", "runs", "states", "state", "notes")
) | {"gates", "graph_record", "progress"}
_ONCE = frozenset(("begin", "cancel", "pause", "resume", "retry", "rerun", "pause_schedule", "resume_schedule"))


class Call:
    """One call, as both sides know it.

    :param signed: the method that it stands for.
    """

    def __init__(self, name: str, signed: Callable[..., Any]) -> None:
        self.name, self.signed = name, signed
        self.reads = name in _READING or hasattr(Inspection, name)
        """It changes nothing."""

    @property
    def path(self) -> str:
        """Where it is asked."""
        return f"{PREFIX}/{self.name}"

    @property
    def says(self) -> str:
        """What it does, in one line."""
        return inspect.getdoc(self.signed).partition("\n")[0]  # type: ignore[union-attr]

    def repeats(self, arguments: Mapping[str, Any]) -> bool:
        """Say whether asking twice does no more than asking once."""
        return self.name not in _ONCE or bool(arguments.get("dry_run"))

    def arguments(self, *given: Any, **named: Any) -> dict[str, Any]:
        """Return parameters by name; :raises TypeError: as the method would."""
        bound = self._signature.bind(None, *given, **named)
        return {name: value for name, value in bound.arguments.items() if name != "self"}

    @cached_property
    def asks(self) -> type[BaseModel]:
        """The parameters."""
        fields: dict[str, Any] = {}
        for parameter in list(self._signature.parameters.values())[1:]:
            default = ... if parameter.default is parameter.empty else parameter.default
            fields[parameter.name] = (travelling(self._hints[parameter.name]), Field(default))
        return create_model(f"{self._title}Asked", __config__=CONFIG, __doc__=self.says, **fields)

    @cached_property
    def answers(self) -> type[RootModel[Any]]:
        """The result."""
        root: Any = RootModel.__class_getitem__(travelling(self._hints["return"]))
        config = {name: value for name, value in CONFIG.items() if name != "extra"}  # a newer server may say more
        made: type[RootModel[Any]] = type(
            f"{self._title}Answered", (root,), {"model_config": config, "__module__": __name__}
        )
        return made

    @cached_property
    def _signature(self) -> inspect.Signature:
        return inspect.signature(self.signed)

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.signed)

    @property
    def _title(self) -> str:
        return "".join(word.capitalize() for word in self.name.split("_"))


@cache
def calls() -> Mapping[str, Call]:
    """Return all calls by name."""
    found: dict[str, Call] = {}
    for protocol in (StateManager, Elsewhere):
        for name, member in inspect.getmembers(protocol, inspect.isfunction):
            if not name.startswith("_") and name not in NOT_CALLS:
                found[name] = Call(name, member)
    return found
