"""What a key that is limited to namespaces may ask of a state manager, call by call (semantics 10).

Every call of exodsl's own protocol passes `admit` before, and `sift` behind. What stands in no table is refused. Single
things of other namespaces are not there; lists, and ids that are given in part, leave them out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from exodsl.engine.notes import Notes
from exodsl.errors import NamespaceRefused, SessionUnknown
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.protocol import Exchange, Serves, Trigger
from exodsl.manager.sessions import ANY_GRAPH
from exodsl.manager.views import Cleaned, ScheduleView, SecretView
from exodsl.server.keys import Scope
from exodsl.template.models import GraphTemplate

Arguments = Mapping[str, Any]
"""Those of a call, by the names of its parameters; what has its default may be missing."""


@dataclass(frozen=True, slots=True)
class _Guard:
    """A state manager, and the namespaces that are all of it for a key."""

    manager: EmbeddedManager
    scope: Scope
    namespaces: frozenset[str]

    # Calls about one thing

    def anything(self, arguments: Arguments) -> Arguments:
        """Let a call pass that is about no namespace."""
        return arguments

    def nothing(self, _: Arguments) -> Arguments:
        """Refuse a call that is about all of them."""
        raise NamespaceRefused

    def run(self, arguments: Arguments) -> Arguments:
        """Name the run by its whole id, found among those of the key."""
        return {**arguments, "run_id": self.manager.run_in(self.namespaces, arguments["run_id"]).run_id}

    def run_anew(self, arguments: Arguments) -> Arguments:
        """Let states of a run be made anew, where all its nodes are at home in the key's namespaces.

        States of other runs are none of it, which the state manager says itself.
        """
        place = self.manager.run_in(self.namespaces, arguments["run_id"])
        self.scope.check(*place.homes)
        return {**arguments, "run_id": place.run_id}

    def state(self, arguments: Arguments) -> Arguments:
        """Let a state be looked at that is of a run of the key's."""
        self.manager.state_in(self.namespaces, arguments["state_id"])
        return arguments

    def schedule(self, arguments: Arguments) -> Arguments:
        """Let a schedule be changed that is of a graph of the key's."""
        self.manager.expect_schedule_in(self.namespaces, arguments["schedule_id"])
        return arguments

    def graph(self, arguments: Arguments) -> Arguments:
        """Let a graph be asked of, by its name."""
        self.scope.check(arguments["namespace"])
        return arguments

    # Calls that hand out work

    def template(self, arguments: Arguments) -> Arguments:
        """Let a template be stored whose nodes, too, are at home in the key's namespaces."""
        template: GraphTemplate = arguments["template"]
        self.scope.check(template.namespace, *template.homes)
        return arguments

    def triggers(self, arguments: Arguments) -> Arguments:
        """Let runs be started of such graphs."""
        triggers: Iterable[Trigger] = arguments["triggers"]
        for namespace, graph, version in dict.fromkeys((one.namespace, one.graph, one.version) for one in triggers):
            self.scope.check(namespace)
            self.scope.check(*self.manager.homes(namespace, graph, version))
        return arguments

    def begun(self, arguments: Arguments) -> Arguments:
        """Let one run be started of such a graph."""
        self.scope.check(arguments["namespace"])
        self.scope.check(*self.manager.homes(arguments["namespace"], arguments["graph"]))
        return arguments

    # Calls of runtimes

    def serves(self, arguments: Arguments) -> Arguments:
        """Let a runtime be announced for nodes of the key's namespaces, and for at least one."""
        serves: Serves = arguments["serves"]
        if not serves.node_names:
            raise NamespaceRefused
        for (namespace, graph), names in serves.node_names.items():
            self.scope.check(namespace)
            if graph != ANY_GRAPH:
                self.scope.check(*self.manager.served_homes(namespace, graph, names))
        if serves.run_id is None:
            return arguments
        return {**arguments, "serves": replace(serves, run_id=self.run({"run_id": serves.run_id})["run_id"])}

    def session(self, arguments: Arguments) -> Arguments:
        """Let a session be used that serves the key's namespaces, and no others.

        Its number may have been guessed, so nothing is said of those. One that is not there is refused here, as it may
        be there, and another's, a moment later.
        """
        session = arguments["session"]
        if not self._is_own(session):
            raise SessionUnknown(session)
        return arguments

    def leaving(self, arguments: Arguments) -> Arguments:
        """Let leave be taken, and once more, too."""
        self._is_own(arguments["session"])
        return arguments

    def sessions(self, arguments: Arguments) -> Arguments:
        """Let some be waited for together; of those that are not there, an exchange will say so."""
        for session in arguments["sessions"]:
            self._is_own(session)
        return arguments

    def _is_own(self, session: int) -> bool:
        """Say whether a session is there; :raises NamespaceRefused: when it is another's, or serves nothing."""
        served = self.manager.session_namespaces(session)
        if served is not None and not (served and served <= self.namespaces):
            raise NamespaceRefused
        return served is not None

    def exchange(self, arguments: Arguments) -> Arguments:
        """Do the same; notes are kept by their lease alone, so those under a lease of another session are left out."""
        session, notes = arguments["session"], arguments.get("notes") or ()
        own: list[Notes] = [one for one in notes if one.lease >> 32 == session]
        return {**self.session(arguments), "notes": own}

    # Lists

    def listed(self, arguments: Arguments) -> Arguments:
        """Let a list have what is of the key's namespaces."""
        return {**self.sifted(arguments), "namespaces": self.namespaces}

    def sifted(self, arguments: Arguments) -> Arguments:
        """Let a list be asked for that `sift` narrows."""
        namespace = arguments.get("namespace")
        if namespace is not None:
            self.scope.check(namespace)
        return arguments

    # What comes back

    def own(self, found: Iterable[SecretView | ScheduleView]) -> tuple[SecretView | ScheduleView, ...]:
        """Leave out what is of other namespaces."""
        return tuple(one for one in found if self.scope.has(one.namespace))

    def exchanged(self, exchange: Exchange) -> Exchange:
        """Leave out other namespaces' runs: whoever lets a schedule tick may end any run by that."""
        own = self.manager.runs_in(self.namespaces, exchange.ended_runs)
        return replace(exchange, ended_runs={run: how for run, how in exchange.ended_runs.items() if run in own})

    def cleaned(self, cleaned: Cleaned) -> Cleaned:
        """Leave out the size of the database: others fill it, too."""
        return replace(cleaned, file_bytes=0, free_bytes=0)


ADMITS: Mapping[str, Callable[[_Guard, Arguments], Arguments]] = {
    **dict.fromkeys(("read_only", "snapshot", "hears_others", "mark"), _Guard.anything),
    **dict.fromkeys(("rotate_secrets", "close"), _Guard.nothing),
    **dict.fromkeys(("run", "states", "gates", "progress", "read_store", "cancel", "pause", "resume"), _Guard.run),
    **dict.fromkeys(("find_states", "cursor_at", "activity", "gate", "clusters", "cluster_states"), _Guard.run),
    **dict.fromkeys(("contrast", "history", "slowest", "export_run"), _Guard.run),
    **dict.fromkeys(("retry", "rerun"), _Guard.run_anew),
    **dict.fromkeys(("state", "notes", "relatives"), _Guard.state),
    **dict.fromkeys(("pause_schedule", "resume_schedule"), _Guard.schedule),
    **dict.fromkeys(("template", "read_secrets", "set_secret", "graph_record", "register_nodes"), _Guard.graph),
    **dict.fromkeys(("close_session", "close_hosted", "hurry"), _Guard.leaving),
    **dict.fromkeys(("wake_on_work", "wait"), _Guard.sessions),
    **dict.fromkeys(("runs", "find_runs", "graphs", "runtimes", "clean", "clean_some"), _Guard.listed),
    **dict.fromkeys(("secrets", "schedules"), _Guard.sifted),
    **dict.fromkeys(("upsert", "accept"), _Guard.template),
    "begin": _Guard.begun,
    "trigger": _Guard.triggers,
    **dict.fromkeys(("open_session", "host_session"), _Guard.serves),
    **dict.fromkeys(("exchange", "exchange_hosted"), _Guard.exchange),
}
"""What each call of the protocol passes before it is made with a limited key; and what stands for it over HTTP."""
_SIFTS: Mapping[str, Callable[[_Guard, Any], Any]] = {
    **dict.fromkeys(("clean", "clean_some"), _Guard.cleaned),
    **dict.fromkeys(("exchange", "exchange_hosted"), _Guard.exchanged),
    **dict.fromkeys(("secrets", "schedules"), _Guard.own),
}


def admit(manager: EmbeddedManager, scope: Scope, call: str, arguments: Arguments) -> Arguments:
    """Return the arguments with which a call may be made; lists get those that leave out other namespaces.

    :raises NamespaceRefused: when it is about a namespace that the key is not for, or is none that this knows.
    :raises NotFound: when it is about a single thing of another namespace.
    """
    if scope.namespaces is None:
        return arguments
    if call not in ADMITS:
        raise NamespaceRefused
    return ADMITS[call](_Guard(manager, scope, scope.namespaces), arguments)


def sift(manager: EmbeddedManager, scope: Scope, call: str, result: Any) -> Any:
    """Return what of a result may be shown."""
    if scope.namespaces is None or call not in _SIFTS:
        return result
    return _SIFTS[call](_Guard(manager, scope, scope.namespaces), result)
